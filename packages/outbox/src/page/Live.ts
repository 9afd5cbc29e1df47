/** What becomes of tickets, as server-sent events, for as long as somebody looks and the server goes on. */
import { Effect, Predicate, Schedule, Stream } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import type { Change } from "../Ticket.ts"

/** Several changes are told at once where there are many; and there is a sign of life now and then, for proxies. */
export const events = (changes: Stream.Stream<Change>) =>
  Effect.map(HttpServerRequest.HttpServerRequest, (request) =>
    HttpServerResponse.stream(
      changes.pipe(
        Stream.groupedWithin(256, "100 millis"),
        Stream.map(
          (some) => `data: ${JSON.stringify(some.map(({ id, provider, state }) => ({ id, provider, state })))}\n\n`
        ),
        Stream.merge(Stream.concat(Stream.make("retry: 2000\n\n"), signsOfLife)),
        Stream.interruptWhen(closing(request.source)),
        Stream.encodeText
      ),
      // A connection that is kept alive would hold the end of the server up once more.
      { contentType: "text/event-stream", headers: { connection: "close", "x-accel-buffering": "no" } }
    )
  )

const signsOfLife = Stream.map(Stream.fromSchedule(Schedule.spaced("15 seconds")), () => ":\n\n")

/**
 * When Node's server has stopped listening: it waits for what is under way, which this would be for ever. Other servers end
 * what streams by themselves.
 */
const closing = (source: object) =>
  Effect.suspend(() => {
    const server = Predicate.hasProperty(source, "socket") ? serverOf(source.socket) : undefined
    return server === undefined
      ? Effect.never
      : Effect.asVoid(
          Effect.repeat(
            Effect.delay(
              Effect.sync(() => server.listening),
              "250 millis"
            ),
            { while: (isListening) => isListening === true }
          )
        )
  })

/** Node has it on the socket, and tells nobody. */
const serverOf = (socket: unknown): { readonly listening: unknown } | undefined =>
  Predicate.hasProperty(socket, "server") && Predicate.hasProperty(socket.server, "listening")
    ? socket.server
    : undefined
