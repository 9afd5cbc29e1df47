/** Many customers' Attio keys in one process: each has a client and a quota of its own. */
import { Attio } from "@sluice/providers/attio"
import { Context, Data, Effect, Layer, LayerMap } from "effect"

// #region accounts
/** We have no key of this customer's. */
export class UnknownCustomer extends Data.TaggedError("UnknownCustomer")<{ readonly customer: string }> {
  override get message() {
    return `no key of ${this.customer} is known`
  }
}

/** Wherever the keys are kept: a vault, a table. They are `Redacted`, so that no log shows them. */
export class Accounts extends Context.Service<
  Accounts,
  { readonly get: (customer: string) => Effect.Effect<Pick<Attio.Options, "apiKey">, UnknownCustomer> }
>()("many-customers/Accounts") {}
// #endregion

// #region customers
/**
 * A client for each customer, made at the first call and let go when idle. Its quota is the limiter's, under the customer's
 * name, and outlives it.
 */
export class Customers extends LayerMap.Service<Customers>()("many-customers/Customers", {
  lookup: (customer: string) =>
    Layer.unwrap(
      Effect.map(
        Accounts.use((accounts) => accounts.get(customer)),
        (account) => Attio.layer({ ...account, partition: customer })
      )
    ),
  idleTimeToLive: "10 minutes"
}) {}

/** Runs with the customer's client. After a failure the account is looked up anew, as its key may be another by then. */
export const forCustomer =
  (customer: string) =>
  <A, E, R>(self: Effect.Effect<A, E, R>) =>
    self.pipe(
      Effect.provide(Customers.get(customer)),
      Effect.tapError(() => Customers.invalidate(customer))
    )
// #endregion
