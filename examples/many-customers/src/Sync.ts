/** What is done for each customer: reads the newest people, one by one. */
import { Attio } from "@sluice/providers/attio"
import { Effect, Schema, Stream } from "effect"
import { HttpClientResponse } from "effect/http"
import { forCustomer } from "./Customers.ts"

const Person = Schema.Struct({ id: Schema.Struct({ record_id: Schema.String }) })

const read = Effect.fnUntraced(function* (id: string) {
  const attio = yield* Attio.Client
  yield* Effect.flatMap(attio.get(`/v2/objects/people/records/${id}`), HttpClientResponse.filterStatusOk)
})

// #region sync
/** Asks for everything at once: whatever one customer's quota makes wait holds back nobody else. */
export const sync = (customer: string, people: number) =>
  Attio.pages("/v2/objects/people/records/query", { item: Person }).pipe(
    Stream.take(people),
    Stream.mapEffect(({ id }) => read(id.record_id), { concurrency: "unbounded" }),
    Stream.runCount,
    forCustomer(customer)
  )
// #endregion
