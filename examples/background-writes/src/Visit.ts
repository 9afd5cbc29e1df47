/** People who save, and who look later. */
import { Console, DateTime, Duration, Effect, Option, Schema } from "effect"
import { HttpBody, HttpClient, HttpClientResponse, HttpServer } from "effect/http"

const Saved = Schema.Struct({ ticket: Schema.String, said: Schema.String })
const Delay = Schema.Struct({
  waiting: Schema.Int,
  until: Schema.OptionFromNullOr(Schema.DateTimeUtcFromString)
})

const here = Effect.map(HttpServer.HttpServer, ({ address }) => HttpServer.formatAddress(address))

const read =
  <S extends Schema.ConstraintDecoder<unknown>>(schema: S) =>
  <E, R>(response: Effect.Effect<HttpClientResponse.HttpClientResponse, E, R>) =>
    response.pipe(
      Effect.flatMap(HttpClientResponse.filterStatusOk),
      Effect.flatMap(HttpClientResponse.schemaBodyJson(schema))
    )

const tellPage = Effect.flatMap(here, (url) =>
  Console.log(`what waits is shown at ${url}/outbox, and its limits at ${url}/limits`)
)

const look = Effect.flatMap(here, (url) => read(Delay)(HttpClient.get(`${url}/delay`)))

const show = Effect.gen(function* () {
  const { until, waiting } = yield* look
  const now = yield* DateTime.now
  const inSeconds = Option.map(until, (at) => Duration.toSeconds(DateTime.distance(now, at)).toFixed(0))
  yield* Console.log(
    `${waiting} wait${Option.match(inSeconds, { onNone: () => "", onSome: (s) => `, the last for about ${s} s` })}`
  )
})

/** Somebody changes a contact five times, and thirty people write: Productlane takes twenty in ten seconds. */
export const rush = Effect.gen(function* () {
  yield* tellPage
  const url = yield* here
  const http = yield* HttpClient.HttpClient
  const save = (method: "put" | "post", path: string, body: unknown) =>
    read(Saved)(http[method](`${url}${path}`, { body: HttpBody.jsonUnsafe(body) }))
  const [took] = yield* Effect.timed(
    Effect.all(
      [
        Effect.forEach(["A", "Ad", "Ada", "Ada L", "Ada Lovelace"], (name) => save("put", "/contacts/c-1", { name })),
        Effect.forEach(
          Array.from({ length: 30 }, (_, i) => i),
          (i) => save("post", "/threads", { text: "<p>An idea</p>", contact_email: `person-${i}@example.com` }),
          { concurrency: "unbounded" }
        )
      ],
      { concurrency: "unbounded" }
    )
  )
  yield* Console.log(`35 changes saved in ${Duration.toSeconds(took).toFixed(1)} s`)
  yield* Effect.sleep("1 second")
  yield* show
  yield* Console.log("the service is started anew")
})

/** Looks until nothing waits any more. */
export const wait = Effect.gen(function* () {
  yield* tellPage
  yield* show
  while ((yield* look).waiting > 0) yield* Effect.sleep("500 millis")
  yield* show
})
