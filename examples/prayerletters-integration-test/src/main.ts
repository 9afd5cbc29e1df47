/** `npm start`, or `npm start -- --live` for your own account; `npm start -- --help` says the rest. */
import { NodeHttpClient, NodeRuntime, NodeServices } from "@effect/platform-node"
import { RateLimiter } from "@sluice/core"
import { Effect } from "effect"
import { CliError, Command, Flag } from "effect/cli"
import * as IntegrationTest from "./IntegrationTest.ts"
import * as Live from "./Live.ts"
import * as Simulated from "./Simulated.ts"

const command = Command.make(
  "prayerletters-integration-test",
  { live: Flag.Boolean("live").pipe(Flag.withDescription("your own account; only reads"), Flag.withDefault(false)) },
  ({ live }) =>
    // Nobody waits a real hour for a turn in the queue.
    IntegrationTest.run(live ? "2 seconds" : "10 seconds").pipe(
      Effect.provide(live ? Live.layer : Simulated.layer),
      Effect.provide([NodeHttpClient.layerUndici, RateLimiter.layer]),
      Effect.mapError((cause) => {
        const userMessage =
          cause._tag === "ConfigError" ? "--live needs your token in PRAYERLETTERS_TOKEN." : cause.message
        return new CliError.UserError({ cause, userMessage })
      })
    )
)

command.pipe(Command.run({ version: "1.0.0" }), Effect.provide(NodeServices.layer), NodeRuntime.runMain)
