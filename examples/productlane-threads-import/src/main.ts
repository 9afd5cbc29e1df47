/** `npm start`, or `npm start -- --live` for what it would do in your own workspace; `npm start -- --help` says the rest. */
import { NodeHttpClient, NodeRuntime, NodeServices } from "@effect/platform-node"
import { RateLimiter } from "@sluice/core"
import { Effect } from "effect"
import { CliError, Command, Flag } from "effect/cli"
import * as Live from "./Live.ts"
import * as Simulated from "./Simulated.ts"
import * as ThreadsImport from "./ThreadsImport.ts"

const command = Command.make(
  "productlane-threads-import",
  {
    file: Flag.String("file").pipe(Flag.withDescription("a thread a line"), Flag.withDefault("threads.jsonl")),
    live: Flag.Boolean("live").pipe(Flag.withDescription("your own workspace; only reads"), Flag.withDefault(false))
  },
  ({ file, live }) =>
    (live
      ? Effect.provide(ThreadsImport.preview({ file, journal: `${file}.journal` }), Live.layer)
      : Effect.provide(ThreadsImport.run({ file, journal: `${file}.simulated` }), Simulated.layer)
    ).pipe(
      Effect.provide([NodeHttpClient.layerUndici, RateLimiter.layer]),
      Effect.mapError((cause) => {
        const userMessage =
          cause._tag === "ConfigError" ? "--live needs your key in PRODUCTLANE_API_KEY." : cause.message
        return new CliError.UserError({ cause, userMessage })
      })
    )
)

command.pipe(Command.run({ version: "1.0.0" }), Effect.provide(NodeServices.layer), NodeRuntime.runMain)
