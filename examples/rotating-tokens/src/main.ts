/** `npm start`, or `npm start -- --live` for your own app, by `ATTIO_CLIENT_ID`, `ATTIO_CLIENT_SECRET`, `ATTIO_REFRESH_TOKEN`; only reads. */
import { NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { RateLimiter } from "@sluice/core"
import { Config, Effect, Layer } from "effect"
import * as AttioApp from "./AttioApp.ts"
import * as People from "./People.ts"
import * as Simulated from "./Simulated.ts"
import { Tokens } from "./Tokens.ts"

const credentials = Config.all({
  url: Config.succeed("https://app.attio.com/oauth/token"),
  clientId: Config.String("ATTIO_CLIENT_ID"),
  clientSecret: Config.Redacted("ATTIO_CLIENT_SECRET"),
  refreshToken: Config.Redacted("ATTIO_REFRESH_TOKEN")
})

const Live = AttioApp.layer("acme").pipe(Layer.provide(Layer.unwrap(Effect.map(credentials, Tokens.layer))))

People.read(500).pipe(
  Effect.provide(process.argv.includes("--live") ? Live : Simulated.layer),
  Effect.provide([NodeHttpClient.layerUndici, RateLimiter.layer]),
  NodeRuntime.runMain
)
