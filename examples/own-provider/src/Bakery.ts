/** The orders API of a bakery: what it promises, how it refuses, and a client that keeps to both. */
import { Claim, Pipeline, type Provider, Quota, RateLimited, Signal } from "@sluice/core"
import { Context, Layer, Schema } from "effect"

// #region quotas
const docs: Quota.Source = { url: "https://docs.bakery.example/limits", readOn: "2026-11-22" }
export const quotas = {
  /** "120 requests per minute and key". */
  requests: Quota.rolling(120, "1 minute", { name: "requests", source: docs }),
  /** "No more than 5 orders per second". */
  orders: Quota.rolling(5, "1 second", { name: "orders", source: docs })
}
// #endregion

// #region provider
/** The body of a 429: `{ "error": "Too many orders.", "limit": "orders" }`; any part of it may be missing. */
const Body = Schema.Struct({
  error: RateLimited.field(Schema.String),
  limit: RateLimited.field(Schema.Literals(["requests", "orders"]))
})
const read = RateLimited.reader(Body)

/** The bakery refused a request, which it has not processed. */
export class BakeryRateLimited extends Schema.TaggedError<BakeryRateLimited>()("BakeryRateLimited", {
  ...RateLimited.fields,
  serverMessage: Schema.Option(Schema.String)
}) {
  override get message() {
    return RateLimited.sentence("The bakery", this, this.serverMessage)
  }
}

export const provider: Provider.Provider<BakeryRateLimited, typeof quotas> = {
  id: "bakery",
  docs,
  baseUrl: "https://api.bakery.example",
  authorization: "Bearer",
  quotas,
  classify: ({ method }, { orders, requests }) =>
    method === "POST" ? [Claim.need(requests), Claim.need(orders)] : [Claim.need(requests)],
  decode: (wire) => {
    const said = Signal.fromHeaders(wire.headers)
    if (wire.status !== 429) return { signal: said }
    const { error: serverMessage, limit: quota } = read(wire.body)
    const { common, signal } = RateLimited.refused("bakery", wire, said, { quota })
    return { signal, refusal: new BakeryRateLimited({ ...common, serverMessage }) }
  },
  reads: "errors",
  repeatsRefused: () => true
}
// #endregion

// #region client
export class Client extends Context.Service<Client, Pipeline.Client<BakeryRateLimited>>()("Bakery/Client") {}
export type Options = Pipeline.Options<typeof quotas>
export const make = (options: Options) => Pipeline.make(provider, options)
export const layer = (options: Options) => Layer.effect(Client, make(options))
export const layerConfig = (options: Pipeline.Configured<Options>) => Pipeline.layerConfig(layer, options)
// #endregion
