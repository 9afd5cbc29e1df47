/** `npm start`, or `npm start -- --live` for the bakery itself, with its key in `BAKERY_KEY`. */
import { NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { RateLimiter } from "@sluice/core"
import { Config, Effect } from "effect"
import * as Bakery from "./Bakery.ts"
import { breakfast } from "./Breakfast.ts"
import * as Simulated from "./Simulated.ts"

const Live = Bakery.layerConfig({ apiKey: Config.Redacted("BAKERY_KEY") })

breakfast(40).pipe(
  Effect.provide(process.argv.includes("--live") ? Live : Simulated.layer),
  Effect.provide([NodeHttpClient.layerUndici, RateLimiter.layer]),
  NodeRuntime.runMain
)
