/** `npm start`, or `npm start -- --live` for your own workspace; `npm start -- --help` says the rest. */
import { NodeHttpClient, NodeRuntime, NodeServices } from "@effect/platform-node"
import { RateLimiter } from "@sluice/core"
import { Effect } from "effect"
import { CliError, Command, Flag } from "effect/cli"
import * as Live from "./Live.ts"
import * as PeopleExport from "./PeopleExport.ts"
import * as Simulated from "./Simulated.ts"

const command = Command.make(
  "attio-people-export",
  {
    file: Flag.String("file").pipe(Flag.withDescription("where to write to"), Flag.withDefault("people.jsonl")),
    live: Flag.Boolean("live").pipe(Flag.withDescription("your own workspace; only reads"), Flag.withDefault(false))
  },
  ({ file, live }) =>
    // Attio gives 500 people a page. The simulated one has 1200, which in small pages are enough to meet its limit.
    PeopleExport.run({ file, pageSize: live ? 500 : 5 }).pipe(
      Effect.provide(live ? Live.layer : Simulated.layer),
      Effect.provide([NodeHttpClient.layerUndici, RateLimiter.layer]),
      Effect.mapError((cause) => {
        const userMessage = cause._tag === "ConfigError" ? "--live needs your key in ATTIO_API_KEY." : cause.message
        return new CliError.UserError({ cause, userMessage })
      })
    )
)

command.pipe(Command.run({ version: "1.0.0" }), Effect.provide(NodeServices.layer), NodeRuntime.runMain)
