/** What happens, as server-sent events, for as long as somebody looks and the server goes on. */
import { Effect, Predicate, Schedule, Stream } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"

/** One event: a value as JSON, by the name that the page listens to. */
export const event = (data: unknown, name?: string): string =>
  `${name === undefined ? "" : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`

/** Answers with events as they come; there is a sign of life now and then, for proxies. */
export const response = <R>(
  events: Stream.Stream<string, never, R>
): Effect.Effect<HttpServerResponse.HttpServerResponse, never, R | HttpServerRequest.HttpServerRequest> =>
  Effect.gen(function* () {
    const { source } = yield* HttpServerRequest.HttpServerRequest
    const context = yield* Effect.context<R>()
    return HttpServerResponse.stream(
      events.pipe(
        Stream.merge(Stream.concat(Stream.make("retry: 2000\n\n"), signsOfLife)),
        Stream.interruptWhen(closing(source)),
        Stream.encodeText,
        Stream.provideContext(context)
      ),
      // A connection that is kept alive would hold the end of the server up once more.
      { contentType: "text/event-stream", headers: { connection: "close", "x-accel-buffering": "no" } }
    )
  })

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
