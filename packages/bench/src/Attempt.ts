/** A single request without any limiter, and what somebody without one does about a refusal. */
import type { Call } from "@sluice/cli/Naive"
import * as Naive from "@sluice/cli/Naive"
import { Clock, Duration, Effect, Result } from "effect"
import { Headers, HttpClient, HttpClientRequest } from "effect/http"
import { CallFailed, type Perform, type Setup } from "./Peer.ts"

export interface Answer {
  readonly status: number
  /** What a refusal tells to wait, in the provider's time. */
  readonly retryAfterMillis: number | undefined
}

/** 503 is what nginx says that was not told another status. */
export const isRefusal = ({ status }: Pick<Answer, "status">): boolean => status === 429 || status === 503

export const requestOf = ({ baseUrl, loaded }: Setup, call: Call): HttpClientRequest.HttpClientRequest =>
  HttpClientRequest.setHeader(Naive.requestOf(call, baseUrl), "authorization", loaded.authorization)

/** Sends once, and reads the answer to its end. */
export const send = Effect.fnUntraced(function* (
  setup: Setup,
  call: Call
): Effect.fn.Return<Answer, CallFailed, HttpClient.HttpClient> {
  return yield* through(yield* HttpClient.HttpClient, setup, call)
})

/** The same through a client that may have ideas of its own. */
export const through = Effect.fnUntraced(function* <E extends { readonly message: string }, R>(
  client: HttpClient.HttpClient.With<E, R>,
  setup: Setup,
  call: Call
): Effect.fn.Return<Answer, CallFailed, R> {
  const response = yield* Effect.mapError(client.execute(requestOf(setup, call)), failed)
  yield* Effect.mapError(response.text, failed)
  const now = yield* Clock.currentTimeMillis
  const told = Headers.parseRetryAfter(response.headers["retry-after"] ?? "")
  const retryAfterMillis = Result.isSuccess(told)
    ? Duration.toMillis(Headers.retryAfterDelay(told.success, now))
    : undefined
  return { status: response.status, retryAfterMillis }
})

/** As long as told, or else exponential backoff from a second, in the provider's time; `refusals` counts this one too. */
export const waitMillis = ({ retryAfterMillis }: Answer, refusals: number): number =>
  retryAfterMillis ?? 1000 * 2 ** (refusals - 1)

/** Until it is no longer refused: each attempt is made anew, and so passes through whatever limits it. */
export const retrying =
  (attempt: (call: Call) => Effect.Effect<Answer, CallFailed, HttpClient.HttpClient>): Perform =>
  (call) =>
    Effect.gen(function* () {
      for (let refusals = 1; ; refusals++) {
        const answer = yield* attempt(call)
        if (!isRefusal(answer)) return yield* checked(answer, call)
        yield* Effect.sleep(waitMillis(answer, refusals))
      }
    })

export const checked = ({ status }: Answer, call: Call): Effect.Effect<void, CallFailed> =>
  status < 400
    ? Effect.void
    : Effect.fail(new CallFailed({ message: `${call.method} ${call.path} was answered ${status}` }))

export const failed = ({ message }: { readonly message: string }) => new CallFailed({ message })
