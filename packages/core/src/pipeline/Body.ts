/** Reads as much of a response's body as telling a refusal takes, and leaves it readable. */
import { Cause, type Clock, Effect, Exit, Option, Pull, Scope, Stream } from "effect"
import { HttpClientError, type HttpClientRequest, HttpClientResponse } from "effect/http"
import type { Provider, Quotas, Wire } from "../Provider.ts"
import type { RateLimited } from "../RateLimited.ts"

type Response = HttpClientResponse.HttpClientResponse

const maxBytes = 65_536

/** Goes on with what `decode` may see of the response, and with the response as if nobody had looked. */
export const read = <E extends RateLimited, Q extends Quotas, A, E2>(
  provider: Provider<E, Q>,
  request: HttpClientRequest.HttpClientRequest,
  response: Response,
  clock: Clock.Clock,
  next: (wire: Wire, response: Response) => Effect.Effect<A, E2>
): Effect.Effect<A, E2> => {
  const receivedAtMillis = clock.currentTimeMillisUnsafe()
  const isRead =
    response.status >= 400 || (provider.reads === "json" && /json/i.test(response.headers["content-type"] ?? ""))
  if (!isRead) return next(wireOf(request, response, "", receivedAtMillis), response)
  return Effect.flatMap(peek(response), ({ bytes, restored }) =>
    next(wireOf(request, response, new TextDecoder().decode(bytes), receivedAtMillis), restored)
  )
}

/** Whether a body follows at all: without one there is nothing whose end could be waited for. */
export const isExpected = (request: HttpClientRequest.HttpClientRequest, response: Response): boolean =>
  request.method !== "HEAD" &&
  response.status !== 204 &&
  response.status !== 304 &&
  response.headers["content-length"] !== "0"

/** Ends what nobody can read any more. */
const unread = "FinalizationRegistry" in globalThis ? new FinalizationRegistry<() => void>((end) => end()) : undefined

/** The same response, which says when its body has been read to its end, or was cut off, or dropped without a look. */
export const releasing = (response: Response, release: (end: "read" | "cut") => void): Response => {
  const token = {}
  const onExit = (exit: Exit.Exit<unknown, unknown>) =>
    Effect.sync(() => release(Exit.isSuccess(exit) ? "read" : "cut"))
  const reader = <A>(read: () => A) => ({
    get: () => {
      unread?.unregister(token)
      return read()
    }
  })
  const readers = ["arrayBuffer", "text", "json", "formData", "urlParamsBody"] as const
  const watched: Response = Object.create(response, {
    ...Object.fromEntries(
      readers.map((key) => [
        key,
        reader(() => Effect.onExit(response[key] as Effect.Effect<unknown, HttpClientError.HttpClientError>, onExit))
      ])
    ),
    stream: reader(() => Stream.onExit(response.stream, onExit))
  })
  unread?.register(watched, () => release("cut"), token)
  return watched
}

/** A path that parsing would leave as it is, as most are. */
const plainPath = /^https?:\/\/[\w.:-]+((?:\/[\w~-]+)+)$/

const wireOf = (
  request: HttpClientRequest.HttpClientRequest,
  response: Response,
  body: string,
  receivedAtMillis: number
): Wire => ({
  request: {
    method: request.method,
    path: plainPath.exec(request.url)?.[1] ?? URL.parse(request.url)?.pathname ?? request.url,
    headers: request.headers
  },
  status: response.status,
  headers: response.headers,
  body,
  receivedAtMillis
})

/** Pulls up to 64 KiB. A body that goes on is stitched together again; one that breaks off breaks off for its reader too. */
const peek = (response: Response): Effect.Effect<{ readonly bytes: Uint8Array; readonly restored: Response }> => {
  const scope = Scope.makeUnsafe()
  const close = Scope.close(scope, Exit.void)
  return Effect.gen(function* () {
    const pull = yield* Scope.provide(Stream.toPull(response.stream), scope)
    const chunks: Array<Uint8Array> = []
    let size = 0
    let end: Cause.Cause<HttpClientError.HttpClientError | Cause.Done> | undefined
    while (end === undefined && size < maxBytes) {
      const exit = yield* Effect.exit(pull)
      if (Exit.isFailure(exit)) end = exit.cause
      else for (const chunk of exit.value) size += chunks.push(chunk) && chunk.byteLength
    }
    const bytes = concat(chunks, size)
    if (end !== undefined) yield* close
    if (end !== undefined && (Pull.isDoneCause(end) || isEmpty(end))) {
      return { bytes: bytes.subarray(0, maxBytes), restored: withBody(response, bytes) }
    }
    const rest = end === undefined ? pull : Effect.failCause(end)
    const body = Stream.toReadableStream(
      Stream.concat(Stream.make(bytes), Stream.fromPull(Effect.succeed(rest))).pipe(Stream.ensuring(close))
    )
    unread?.register(body, () => Effect.runFork(close))
    return { bytes: bytes.subarray(0, maxBytes), restored: withBody(response, body) }
  }).pipe(Effect.onInterrupt(() => close))
}

/** A body that is none: a 404 to a HEAD, say. */
const isEmpty = (cause: Cause.Cause<HttpClientError.HttpClientError | Cause.Done>): boolean =>
  Option.exists(
    Cause.findErrorOption(cause),
    (error) => HttpClientError.isHttpClientError(error) && error.reason._tag === "EmptyBodyError"
  )

const withBody = (response: Response, body: Uint8Array<ArrayBuffer> | ReadableStream): Response => {
  const { headers, status } = response
  const web = new globalThis.Response(body instanceof Uint8Array && body.byteLength === 0 ? null : body, {
    status,
    headers
  })
  return Object.create(HttpClientResponse.fromWeb(response.request, web), {
    cookies: { value: response.cookies },
    url: { value: response.url }
  })
}

const concat = (chunks: ReadonlyArray<Uint8Array>, size: number): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.byteLength
  }
  return bytes
}
