/** Bread from the bakery itself, or from a simulated one if there is no `BAKERY_KEY` in the environment. */
import { NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { RateLimiter } from "@sluice/core"
import { Config, Effect, Layer } from "effect"
import * as Bakery from "./Bakery.ts"
import { breakfast } from "./Breakfast.ts"
import * as Simulated from "./Simulated.ts"

const Live = Bakery.layerConfig({ apiKey: Config.Redacted("BAKERY_KEY") })

breakfast(40).pipe(
  Effect.provide(Layer.catchTag(Live, "ConfigError", () => Simulated.layer)),
  Effect.provide([NodeHttpClient.layerUndici, RateLimiter.layer]),
  NodeRuntime.runMain
)
