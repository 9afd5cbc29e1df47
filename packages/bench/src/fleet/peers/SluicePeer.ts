/** Sluice with its books in Redis, as `RateLimiterStoreRedis` shows it. */
import { NodeRedis } from "@effect/platform-node"
import * as Claim from "@sluice/core/Claim"
import * as Quota from "@sluice/core/Quota"
import * as RateLimiter from "@sluice/core/RateLimiter"
import * as RateLimiterStoreRedis from "@sluice/core/RateLimiterStoreRedis"
import * as Signal from "@sluice/core/Signal"
import { Effect, Exit, Layer } from "effect"
import * as Attempt from "../../Attempt.ts"
import { CallFailed } from "../../Peer.ts"
import type { Peer } from "../Peer.ts"

export const sluice: Peer = {
  id: "sluice",
  title: "Sluice",
  setup:
    "RateLimiter.layerStore over RateLimiterStoreRedis.layer, their defaults; one rolling quota; withPermit, whose decode tells of refusals",
  make: Effect.fnUntraced(function* ({ limit, name, redisUrl, windowMillis }) {
    const layer = RateLimiter.layerStore().pipe(
      Layer.provide(RateLimiterStoreRedis.layer({ prefix: name })),
      Layer.provide(NodeRedis.layer({ url: redisUrl }))
    )
    const context = yield* Effect.mapError(Layer.build(layer), Attempt.failed)
    const claim = Claim.of(Quota.rolling(limit, windowMillis, { name: "requests" }))
    return (send) =>
      RateLimiter.withPermit(send, claim, { decode }).pipe(
        Effect.provide(context),
        Effect.mapError((error) => new CallFailed({ message: error.message }))
      )
  })
}

const decode = (exit: Exit.Exit<Attempt.Answer, unknown>): Signal.Signal => {
  if (!Exit.isSuccess(exit) || !Attempt.isRefusal(exit.value)) return Signal.none
  const retry = Signal.retryAfterMillis(exit.value.retryAfterMillis)
  return { ...Signal.none, isRefusal: true, ...(retry && { retry }) }
}
