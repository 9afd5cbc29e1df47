/** Looks at the inbox once a second, and then four hundred times at once. */
import { Console, Effect, Schedule, Schema } from "effect"
import { HttpClient, HttpClientResponse, HttpServer } from "effect/http"

const Inbox = Schema.Struct({
  messages: Schema.Array(Schema.Struct({ email: Schema.String, person: Schema.NullOr(Schema.String) }))
})

export const visit = Effect.gen(function* () {
  const { address } = yield* HttpServer.HttpServer
  const http = yield* HttpClient.HttpClient
  const look = http.get(`${HttpServer.formatAddress(address)}/inbox`)

  const show = look.pipe(
    Effect.flatMap(HttpClientResponse.filterStatusOk),
    Effect.flatMap(HttpClientResponse.schemaBodyJson(Inbox)),
    Effect.flatMap(({ messages }) => Console.log(messages.map(({ email, person }) => person ?? email).join(", ")))
  )
  yield* Effect.repeat(show, Schedule.spaced("1 second").pipe(Schedule.upTo({ times: 5 })))

  const responses = yield* Effect.replicateEffect(look, 400, { concurrency: "unbounded" })
  const turnedAway = responses.filter(({ status }) => status === 503)
  yield* Console.log(
    `${responses.length} at once: ${responses.length - turnedAway.length} answered, ${turnedAway.length} of status 503 ` +
      `with Retry-After: ${turnedAway[0]?.headers["retry-after"]}`
  )
})
