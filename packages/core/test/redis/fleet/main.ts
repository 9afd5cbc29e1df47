/** `npm run faults`: every fault with real processes and a Redis of one's own, and what each of them costs. */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Duration, Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { program } from "../RedisServer.ts"
import * as Fault from "./Fault.ts"
import { faults } from "./Faults.ts"
import * as Table from "./Table.ts"

const command = Command.make(
  "faults",
  {
    only: Flag.String("only").pipe(Flag.withDescription("faults whose name has this in it"), Flag.optional),
    isBrief: Flag.Boolean("brief").pipe(
      Flag.withDescription("looks no longer than the tests do"),
      Flag.withDefault(false)
    ),
    isJson: Flag.Boolean("json").pipe(
      Flag.withDescription("one JSON document at the end, and nothing else"),
      Flag.withDefault(false)
    )
  },
  Effect.fnUntraced(function* ({ isBrief, isJson, only }) {
    const chosen = faults.filter(({ name }) => name.includes(Option.getOrElse(only, () => "")))
    if (program === undefined) {
      yield* Console.error("There is no redis-server or valkey-server on PATH: install one of them, and try again.")
      return yield* Effect.sync(() => (process.exitCode = 1))
    }
    const say = (line: string) => (isJson ? Effect.void : Console.log(line))
    yield* say(Table.head)
    const [took, rows] = yield* Effect.timed(
      Effect.forEach(chosen, (fault) =>
        Effect.tap(Fault.run(fault, isBrief ? 0 : "3 seconds"), (row) => say(Table.line(row)))
      )
    )
    const failures = [
      ...Table.failures(rows),
      ...(chosen.length === 0 ? [`Nothing is called ${JSON.stringify(Option.getOrElse(only, () => ""))}.`] : [])
    ]
    const seconds = Duration.toSeconds(took)
    if (isJson) yield* Console.log(JSON.stringify({ seconds, rows, failures }))
    yield* say(`\n${rows.length} faults, ${seconds.toFixed(0)} s, ${failures.length} failures`)
    for (const failure of failures) yield* say(failure)
    if (failures.length > 0) yield* Effect.sync(() => (process.exitCode = 1))
  })
).pipe(Command.withDescription("Kills workers and their Redis, and shows what that costs."))

command.pipe(Command.run({ version: "0.1.0" }), Effect.provide(NodeServices.layer), NodeRuntime.runMain)
