/** `sluice`: simulated providers to try any client against, the demo, plans, what a response says about limits, and what waits in an outbox. */
import { readFileSync } from "node:fs"
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Duration, Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import * as Demo from "./Demo.ts"
import { exitCode, inspect } from "./InspectCommand.ts"
import * as LiveTable from "./LiveTable.ts"
import * as OpenPage from "./OpenPage.ts"
import { outbox } from "./OutboxCommand.ts"
import { plan, withWork } from "./PlanCommand.ts"
import * as Simulate from "./Simulate.ts"

// The same file from `src` and from `dist`.
const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string }

const providers = Argument.String("provider").pipe(
  Argument.withDescription("such as attio; all of them if none is named"),
  Argument.variadic()
)

const json = (description: string) =>
  Flag.Boolean("json").pipe(Flag.withDescription(description), Flag.withDefault(false))

const seed = Flag.Int("seed").pipe(Flag.withDescription("every random choice follows from it"), Flag.withDefault(1))

const latency = (name: string, description: string) =>
  Flag.String(name).pipe(
    Flag.withDescription(`${description}, such as 20ms or 5ms..50ms`),
    Flag.withDefault("0ms"),
    Flag.filterMap(
      Simulate.latencyFromText,
      (text) => `${JSON.stringify(text)} is not a latency such as 20ms or 5ms..50ms`
    )
  )

const simulate = Command.make(
  "simulate",
  {
    providers,
    port: Flag.Int("port").pipe(
      Flag.withDescription("on 127.0.0.1; 0 for any that is free"),
      Flag.withDefault(8080),
      Flag.filter(
        (port) => port >= 0 && port <= 65_535,
        (port) => `${port} is not a port from 0 to 65535`
      )
    ),
    speed: Flag.Finite("speed").pipe(
      Flag.withDescription("how many times faster than life windows and latencies pass"),
      Flag.withDefault(1)
    ),
    seed,
    before: latency("latency-before", "the way to the server"),
    after: latency("latency-after", "the way back"),
    isJson: json("print the addresses as one JSON document")
  },
  Simulate.run
).pipe(Command.withDescription("Serves simulated providers over HTTP on 127.0.0.1 until Ctrl-C."))

const demo = Command.make(
  "demo",
  {
    providers,
    calls: Flag.Int("calls").pipe(
      Flag.withDescription("for each provider; some hundreds by default"),
      Flag.filter(
        (calls) => calls >= 1 && calls <= 100_000,
        (calls) => `${calls} is not a number of calls from 1 to 100000`
      ),
      Flag.optional
    ),
    seed,
    budget: Flag.Int("budget").pipe(
      Flag.withDescription("seconds after which the pages' samples are stopped"),
      Flag.withDefault(35),
      Flag.filter(
        (budget) => budget >= 1,
        (budget) => `${budget} is not a number of seconds, 1 or more`
      )
    ),
    report: Flag.String("report").pipe(
      Flag.withDescription("where to write the page of plots"),
      Flag.withDefault("sluice-report.html")
    ),
    isJson: json("print one JSON document at the end, and nothing else"),
    dashboard: Flag.Boolean("dashboard").pipe(
      Flag.withDescription(
        "show the limits while they work, on a page of this machine; opened in a browser from a terminal"
      ),
      Flag.withDefault(false)
    ),
    open: Flag.Boolean("open").pipe(
      Flag.withDescription("open the report in a browser at the end"),
      Flag.withDefault(false)
    )
  },
  Effect.fnUntraced(function* ({ budget, calls, open, ...options }) {
    const style = LiveTable.styleOf(process.env, process.stdout.isTTY === true, options.isJson)
    const run = Demo.run({
      ...options,
      calls: Option.getOrUndefined(calls),
      budget: Duration.seconds(budget),
      style
    })
    return yield* open ? Effect.ensuring(run, OpenPage.open(options.report)) : run
  })
).pipe(Command.withDescription("Does the same work through Sluice and as each provider's page shows it, and compares."))

const sluice = Command.make("sluice").pipe(
  Command.withDescription("SaaS rate limits as Effect services."),
  Command.withSubcommands([simulate, demo, inspect, plan, outbox])
)

Command.runWith(sluice, { version })(withWork(process.argv.slice(2))).pipe(
  Effect.mapError(exitCode),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
