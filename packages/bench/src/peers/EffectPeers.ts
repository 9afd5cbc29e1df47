/** Effect 4.1's own: `HttpClient.withRateLimiter`, and `RateLimiter` of `effect/persistence`. */
import { Context, Duration, Effect, Layer, type Scope } from "effect"
import { HttpClient, type HttpClientError, type HttpClientResponse } from "effect/http"
import { RateLimiter } from "effect/persistence"
import * as Attempt from "../Attempt.ts"
import type { Peer, Perform, Setup } from "../Peer.ts"
import type { Limit } from "../Policy.ts"

type Algorithm = "fixed-window" | "token-bucket"

const store = RateLimiter.layer.pipe(Layer.provide(RateLimiter.layerStoreMemory))

const withRateLimiter = (algorithm: Algorithm) =>
  Effect.fnUntraced(function* (setup: Setup): Effect.fn.Return<Perform, never, HttpClient.HttpClient | Scope.Scope> {
    const limiter = Context.get(yield* Layer.build(store), RateLimiter.RateLimiter)
    // Headers tell of the longest window: there they are read, and there refusals are repeated, through all windows.
    const limited = (client: Limited, { limit, windowMillis }: Limit, index: number): Limited =>
      HttpClient.withRateLimiter(client, {
        limiter,
        algorithm,
        limit,
        key: String(index),
        window: Duration.millis(windowMillis),
        ...(index > 0 && { disableResponseInspection: true, times: 0 })
      })
    // The type of a client is that of its errors: it cannot be widened but by a step that changes nothing.
    const base = HttpClient.transformResponse(yield* HttpClient.HttpClient, (response: Response) => response)
    const client = setup.limits.reduceRight(limited, base)
    return (call) => Effect.flatMap(Attempt.through(client, setup, call), (answer) => Attempt.checked(answer, call))
  })

type Failure = HttpClientError.HttpClientError | RateLimiter.RateLimiterError
type Limited = HttpClient.HttpClient.With<Failure>
type Response = Effect.Effect<HttpClientResponse.HttpClientResponse, Failure>

export const fixedWindow: Peer = {
  id: "effect",
  title: "Effect withRateLimiter",
  setup:
    "its defaults: fixed-window, headers read, refusals repeated without bound; nested where there are two windows",
  make: withRateLimiter("fixed-window")
}

export const tokenBucket: Peer = {
  id: "effect-bucket",
  title: "Effect withRateLimiter, token bucket",
  setup: 'the same with algorithm: "token-bucket"',
  make: withRateLimiter("token-bucket")
}

export const limiter: Peer = {
  id: "effect-limiter",
  title: "Effect RateLimiter",
  setup: "makeWithRateLimiter, fixed-window, delay; refusals repeated by Retry-After, through it again",
  make: Effect.fnUntraced(function* (setup) {
    const withLimiter = yield* Effect.provide(RateLimiter.makeWithRateLimiter, yield* Layer.build(store))
    const limited = (attempt: ReturnType<typeof Attempt.send>, { limit, windowMillis }: Limit, index: number) =>
      attempt.pipe(
        withLimiter({
          limit,
          algorithm: "fixed-window",
          onExceeded: "delay",
          key: String(index),
          window: Duration.millis(windowMillis)
        }),
        Effect.mapError(Attempt.failed)
      )
    return Attempt.retrying((call) => setup.limits.reduceRight(limited, Attempt.send(setup, call)))
  })
}
