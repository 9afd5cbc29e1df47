/** A worker: `REDIS_URL=... SUITEOP_API_KEY=... node src/worker.ts one`, as many of them as you like, wherever they run. */
// One by one, as each worker loads them: all of the package takes a second.
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRedis from "@effect/platform-node/NodeRedis"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { RateLimiter } from "@sluice/core"
import * as RateLimiterStoreRedis from "@sluice/core/RateLimiterStoreRedis"
import { SuiteOp } from "@sluice/providers/suiteop"
import { Config, Console, Effect, Layer } from "effect"
import { work } from "./Job.ts"
import * as Orders from "./Orders.ts"

// #region layer
/**
 * The quota's books are in Redis. What a dead worker was granted counts as used until `lease` and `abandonment` have passed:
 * SuiteOp answers within a second, so that whatever it may still be doing is done by then.
 */
const Limiter = RateLimiter.layerStore({ drain: "2 seconds" }).pipe(
  Layer.provide(RateLimiterStoreRedis.layer({ lease: "1 second", abandonment: "2 seconds" }))
)

const Live = SuiteOp.layerConfig({
  apiKey: Config.Redacted("SUITEOP_API_KEY"),
  // Only a simulated SuiteOp lives elsewhere.
  baseUrl: Config.String("SUITEOP_URL").pipe(Config.withDefault(SuiteOp.provider.baseUrl))
}).pipe(
  Layer.provide(Limiter),
  Layer.merge(Layer.unwrap(Effect.map(Config.String("FLEET").pipe(Config.withDefault("fleet")), Orders.layer))),
  Layer.provide(NodeRedis.layerConfig({ url: Config.String("REDIS_URL") })),
  Layer.provide(NodeHttpClient.layerUndici)
)
// #endregion

const [worker = "alone"] = process.argv.slice(2)

Console.log("ready").pipe(Effect.andThen(work(worker)), Effect.provide(Live), NodeRuntime.runMain)
