/** Effect 4.1's own: `RateLimiter` of `effect/persistence` over `layerStoreRedis`. */
import { NodeRedis } from "@effect/platform-node"
import { Duration, Effect, Layer } from "effect"
import { RateLimiter } from "effect/persistence"
import * as Attempt from "../../Attempt.ts"
import type { Peer } from "../Peer.ts"

const make = (algorithm: "fixed-window" | "token-bucket"): Peer["make"] =>
  Effect.fnUntraced(function* ({ limit, name, redisUrl, windowMillis }) {
    const layer = RateLimiter.layer.pipe(
      Layer.provide(RateLimiter.layerStoreRedis({ prefix: `${name}:` })),
      Layer.provide(NodeRedis.layer({ url: redisUrl }))
    )
    const context = yield* Effect.mapError(Layer.build(layer), Attempt.failed)
    const withLimiter = yield* Effect.provide(RateLimiter.makeWithRateLimiter, context)
    const limited = withLimiter({
      algorithm,
      limit,
      key: "requests",
      onExceeded: "delay",
      window: Duration.millis(windowMillis)
    })
    return (send) => Effect.mapError(limited(send), Attempt.failed)
  })

export const fixedWindow: Peer = {
  id: "effect",
  title: "Effect RateLimiter",
  setup: "makeWithRateLimiter over layerStoreRedis, fixed-window (its default), delay",
  make: make("fixed-window")
}

export const tokenBucket: Peer = {
  id: "effect-bucket",
  title: "Effect RateLimiter, token bucket",
  setup: 'the same with algorithm: "token-bucket"',
  make: make("token-bucket")
}
