/** `npm start`, or `npm start -- --live` for your own workspace, with its key in `ATTIO_API_KEY`: it leaves notes there. */
import { NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { RateLimiter } from "@sluice/core"
import { Attio } from "@sluice/providers/attio"
import { Config, Console, Effect } from "effect"
import { AttioClient } from "./AttioApi.ts"
import * as Simulated from "./Simulated.ts"
import { nameOf, welcome } from "./Welcome.ts"

const Live = Attio.layerConfig({ apiKey: Config.Redacted("ATTIO_API_KEY") })

Effect.gen(function* () {
  const [first] = yield* welcome(120)
  if (first) yield* Console.log(yield* nameOf(first.id.record_id))
  yield* Console.log(yield* nameOf("00000000-0000-4000-8000-000000000000"))
}).pipe(
  Effect.provide(AttioClient.layer),
  Effect.provide(process.argv.includes("--live") ? Live : Simulated.layer),
  Effect.provide([NodeHttpClient.layerUndici, RateLimiter.layer]),
  NodeRuntime.runMain
)
