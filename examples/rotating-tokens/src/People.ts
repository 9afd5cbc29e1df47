/** What is done with the client, which knows nothing of tokens. */
import { Attio } from "@sluice/providers/attio"
import { Console, Effect, Schema, Stream } from "effect"
import { HttpClientResponse } from "effect/http"

const Person = Schema.Struct({ id: Schema.Struct({ record_id: Schema.String }) })

/** Reads so many people one by one, all at once. */
export const read = Effect.fn("read")(function* (people: number) {
  const attio = yield* Attio.Client
  const count = yield* Attio.pages("/v2/objects/people/records/query", { item: Person }).pipe(
    Stream.take(people),
    Stream.mapEffect(
      ({ id }) =>
        Effect.flatMap(attio.get(`/v2/objects/people/records/${id.record_id}`), HttpClientResponse.filterStatusOk),
      { concurrency: "unbounded" }
    ),
    Stream.runCount
  )
  yield* Console.log(`${count} people read`)
})
