/** rate-limiter-flexible 11: https://github.com/animir/node-rate-limiter-flexible/wiki/Redis and .../wiki/RateLimiterQueue */
import { Effect } from "effect"
import { Redis } from "ioredis"
import { RateLimiterQueue, RateLimiterRedis } from "rate-limiter-flexible"
import { callFailed } from "../../peers/Promises.ts"
import type { Peer } from "../Peer.ts"

export const flexible: Peer = {
  id: "flexible",
  title: "rate-limiter-flexible",
  setup:
    "RateLimiterRedis on ioredis, points and duration as published; a RateLimiterQueue in each process, which waits for msBeforeNext; no insurance, which would be a limit for each process",
  make: Effect.fnUntraced(function* ({ limit, name, redisUrl, windowMillis }) {
    const storeClient = yield* Effect.acquireRelease(
      Effect.sync(() => new Redis(redisUrl)),
      (client) => Effect.sync(() => client.disconnect())
    )
    const limiter = new RateLimiterRedis({
      storeClient,
      keyPrefix: name,
      points: limit,
      duration: windowMillis / 1000
    })
    const queue = new RateLimiterQueue(limiter)
    const admitted = Effect.tryPromise({ try: () => queue.removeTokens(1), catch: callFailed })
    return (send) => Effect.andThen(admitted, send)
  })
}
