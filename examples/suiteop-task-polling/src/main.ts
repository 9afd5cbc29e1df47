/** `npm start`, or `npm start -- --live` for the tasks of your own account; `npm start -- --help` says the rest. */
import { NodeHttpClient, NodeRuntime, NodeServices } from "@effect/platform-node"
import { RateLimiter } from "@sluice/core"
import { Console, Duration, Effect, Schema } from "effect"
import { CliError, Command, Flag } from "effect/cli"
import * as Live from "./Live.ts"
import * as Simulated from "./Simulated.ts"
import * as TaskPolling from "./TaskPolling.ts"

const orders: ReadonlyArray<TaskPolling.Order> = [
  ...Array.from({ length: 150 }, (_, unit) => ({
    key: `turnover-2026-11-22-unit-${unit}`,
    title: `Clean unit ${unit}`,
    propertyId: "prop_01"
  })),
  // The simulated SuiteOp has nobody there to do it.
  { key: "keys-2026-11-22", title: "Find the keys", propertyId: "prop_02" }
]

const command = Command.make(
  "suiteop-task-polling",
  {
    deadline: Flag.String("deadline").pipe(
      Flag.withDescription("how long to wait for the tasks"),
      Flag.withSchema(Schema.DurationFromString),
      Flag.withDefault(Duration.seconds(12))
    ),
    live: Flag.Boolean("live").pipe(Flag.withDescription("your own account; only reads"), Flag.withDefault(false))
  },
  ({ deadline, live }) =>
    (live ? TaskPolling.watch(deadline) : TaskPolling.run(orders, deadline)).pipe(
      Effect.flatMap((left) => Effect.forEach(left, ({ title }) => Console.log(`Not done in time: ${title}`))),
      Effect.provide(live ? Live.layer : Simulated.layer),
      Effect.provide([NodeHttpClient.layerUndici, RateLimiter.layer]),
      Effect.mapError((cause) => {
        const userMessage = cause._tag === "ConfigError" ? "--live needs your key in SUITEOP_API_KEY." : cause.message
        return new CliError.UserError({ cause, userMessage })
      })
    )
)

command.pipe(Command.run({ version: "1.0.0" }), Effect.provide(NodeServices.layer), NodeRuntime.runMain)
