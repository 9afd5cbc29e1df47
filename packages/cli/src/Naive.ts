/** A client as the provider's page shows it: sends, waits on a refusal as told, and sends again. */
import { Clock, Effect, Random } from "effect"
import { HttpClient, type HttpClientError, HttpClientRequest } from "effect/http"

/** One request of the demo, below the provider's base URL. */
export interface Call {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "HEAD"
  readonly path: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** A response as a page's sample looks at it. */
export interface Seen {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly nowMillis: number
  /** How often this call has been refused, this time included. */
  readonly refusals: number
  /** From 0 to 1, for samples that add jitter. */
  readonly random: number
}

/** What a page tells its readers to do, as waits in milliseconds. */
export interface Manners {
  /** In the page's words, for the report. */
  readonly says: string
  /** After a 429. */
  readonly onRefusal: (seen: Seen) => number
  /** After anything else; default not at all. */
  readonly afterAnswer?: (seen: Seen) => number
  /** The sample learns how long to wait from a second request, to which `onRefusal` is then applied. */
  readonly asksAgainBy?: Call["method"]
}

/** Whether the header is there and a number of seconds, in milliseconds. */
export const secondsOf = (value: string | undefined): number | undefined =>
  value === undefined || value === "" || !Number.isFinite(Number(value)) ? undefined : Number(value) * 1000

/** A request of this call to `baseUrl`, which may be empty for clients that know it. */
export const requestOf = (call: Call, baseUrl = ""): HttpClientRequest.HttpClientRequest => {
  const request = HttpClientRequest.make(call.method)(baseUrl + call.path, { headers: call.headers ?? {} })
  return call.body === undefined ? request : HttpClientRequest.bodyJsonUnsafe(request, call.body)
}

/** Does one call until it is no longer refused. */
export const perform = Effect.fnUntraced(function* (
  call: Call,
  manners: Manners,
  options: { readonly baseUrl: string; readonly authorization: string }
): Effect.fn.Return<number, HttpClientError.HttpClientError, HttpClient.HttpClient> {
  const client = yield* HttpClient.HttpClient
  const send = Effect.fnUntraced(function* (call: Call, refusals: number) {
    const request = HttpClientRequest.setHeader(
      requestOf(call, options.baseUrl),
      "authorization",
      options.authorization
    )
    const response = yield* client.execute(request)
    yield* response.text
    const seen = { nowMillis: yield* Clock.currentTimeMillis, random: yield* Random.next, refusals }
    return { ...seen, status: response.status, headers: response.headers } satisfies Seen
  })
  for (let refusals = 1; ; refusals++) {
    const seen = yield* send(call, refusals)
    if (seen.status !== 429) {
      yield* pause(manners.afterAnswer?.(seen) ?? 0)
      return seen.status
    }
    const told = manners.asksAgainBy ? yield* send({ method: manners.asksAgainBy, path: call.path }, refusals) : seen
    yield* pause(manners.onRefusal(told))
  }
})

const pause = (millis: number) => (millis > 0 ? Effect.sleep(millis) : Effect.void)
