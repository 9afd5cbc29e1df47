/** `npm start`, or `npm start -- --live` for your own account; `npm start -- --help` says the rest. */
import { NodeHttpClient, NodeRuntime, NodeServices } from "@effect/platform-node"
import { RateLimiter } from "@sluice/core"
import { Effect } from "effect"
import { CliError, Command, Flag } from "effect/cli"
import * as Live from "./Live.ts"
import * as ModelTypes from "./ModelTypes.ts"
import * as Simulated from "./Simulated.ts"

const command = Command.make(
  "clarifai-model-types",
  {
    onlyTrainable: Flag.Boolean("trainable").pipe(
      Flag.withDescription("only those that can be trained"),
      Flag.withDefault(false)
    ),
    live: Flag.Boolean("live").pipe(Flag.withDescription("your own account; only reads"), Flag.withDefault(false))
  },
  ({ live, onlyTrainable }) =>
    // The simulated Clarifai has twenty types, which one by one are enough to meet its limit.
    ModelTypes.run({ onlyTrainable, perPage: live ? 128 : 1 }).pipe(
      Effect.provide(live ? Live.layer : Simulated.layer),
      Effect.provide([NodeHttpClient.layerUndici, RateLimiter.layer]),
      Effect.mapError((cause) => {
        const userMessage = cause._tag === "ConfigError" ? "--live needs your token in CLARIFAI_PAT." : cause.message
        return new CliError.UserError({ cause, userMessage })
      })
    )
)

command.pipe(Command.run({ version: "1.0.0" }), Effect.provide(NodeServices.layer), NodeRuntime.runMain)
