/** What `docs/several-workers.md` shows. */
import { NodeRedis } from "@effect/platform-node"
import { RateLimiter } from "@sluice/core"
import * as RateLimiterStoreRedis from "@sluice/core/RateLimiterStoreRedis"
import { Config, Layer } from "effect"

// #region limiter
export const limiter = RateLimiter.layerStore().pipe(
  Layer.provide(RateLimiterStoreRedis.layer()),
  Layer.provide(NodeRedis.layerConfig({ url: Config.String("REDIS_URL") }))
)
// #endregion
