/** What is done with the client: breakfast for everybody. */
import { Console, Effect, Schema } from "effect"
import { HttpBody, HttpClientResponse } from "effect/http"
import * as Bakery from "./Bakery.ts"

const Menu = Schema.Struct({ loaves: Schema.NonEmptyArray(Schema.String) })

/** One loaf of bread for each guest, in turn. */
export const breakfast = Effect.fn("breakfast")(function* (guests: number) {
  const bakery = yield* Bakery.Client
  const { loaves } = yield* bakery
    .get("/loaves")
    .pipe(Effect.flatMap(HttpClientResponse.filterStatusOk), Effect.flatMap(HttpClientResponse.schemaBodyJson(Menu)))
  const order = (guest: number) =>
    bakery
      .post("/orders", { body: HttpBody.jsonUnsafe({ loaf: loaves[guest % loaves.length] }) })
      .pipe(Effect.flatMap(HttpClientResponse.filterStatusOk))
  yield* Effect.forEach(
    Array.from({ length: guests }, (_, guest) => guest),
    order,
    { concurrency: "unbounded" }
  )
  yield* Console.log(`${guests} loaves ordered, of ${loaves.length} kinds`)
})
