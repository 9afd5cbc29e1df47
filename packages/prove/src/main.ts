/** `npm run prove`: every server algorithm, latency and fault, over millions of virtual requests. */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { groups, trialsOf, weightOf } from "./Case.ts"
import * as Hidden from "./Hidden.ts"
import * as HiddenTable from "./HiddenTable.ts"
import * as Pool from "./Pool.ts"
import * as Table from "./Table.ts"

const cases = groups.reduce((sum, group) => sum + weightOf(group) * trialsOf(group).length, 0)

const prove = Command.make(
  "prove",
  {
    requests: Flag.Int("requests").pipe(Flag.withDescription("virtual requests in all"), Flag.withDefault(10_000_000)),
    each: Flag.Int("each").pipe(Flag.withDescription("virtual requests of each case, instead"), Flag.optional),
    seed: Flag.Int("seed").pipe(Flag.withDescription("every random choice follows from it"), Flag.withDefault(1)),
    only: Flag.String("only").pipe(
      Flag.withDescription("server, server/latency or server/latency/fault, as the table has them"),
      Flag.optional
    ),
    isUnknown: Flag.Boolean("unknown").pipe(
      Flag.withDescription("servers of which only 100 per 10 s is told, instead"),
      Flag.withDefault(false)
    ),
    windows: Flag.Int("windows").pipe(Flag.withDescription("of each of those runs"), Flag.withDefault(300)),
    isBrief: Flag.Boolean("brief").pipe(Flag.withDescription("the summary only"), Flag.withDefault(false)),
    isJson: Flag.Boolean("json").pipe(
      Flag.withDescription("one JSON document at the end, and nothing else"),
      Flag.withDefault(false)
    )
  },
  Effect.fnUntraced(function* ({ each, isBrief, isJson, isUnknown, only, requests, seed, windows }) {
    if (isUnknown) return yield* proveUnknown(windows, isJson)
    const count = Option.getOrElse(each, () => Math.max(1, Math.ceil(requests / cases)))
    const [server, latency, trial] = Option.getOrElse(only, () => "").split("/")
    const chosen = groups.filter(
      (group) => (!server || group.server === server) && (!latency || group.latency === latency)
    )
    const tasks = chosen.map((group) => ({ group, requests: count, seed, only: trial }))
    const startedAt = performance.now()
    const progress = progressOf(tasks.length, isJson)
    const rows = yield* Effect.promise(() => Pool.run(tasks, progress))
    const seconds = (performance.now() - startedAt) / 1000
    const total = rows.reduce((sum, row) => sum + row.requests, 0)
    const failures = Table.failures(rows, seed, count)
    if (rows.length === 0) failures.push(`Nothing is called ${JSON.stringify(Option.getOrElse(only, () => ""))}.`)
    if (isJson) yield* Console.log(JSON.stringify({ seed, requests: total, seconds, rows, failures }))
    else {
      if (!isBrief) yield* Console.log(`${Table.lines(rows)}\n`)
      yield* Console.log(Table.summary(rows))
      yield* Console.log(`\n${total} requests, seed ${seed}, ${seconds.toFixed(0)} s, ${failures.length} failures`)
      for (const failure of failures) yield* Console.log(failure)
    }
    if (failures.length > 0) yield* Effect.sync(() => (process.exitCode = 1))
  })
).pipe(Command.withDescription("Shows that nothing is refused, or how much, over millions of virtual requests."))

/** Three seeds for each server, latency and stance. */
const proveUnknown = Effect.fnUntraced(function* (windows: number, isJson: boolean) {
  const tasks = Hidden.tasks(windows, 3)
  const startedAt = performance.now()
  const progress = progressOf(tasks.length, isJson)
  const rows = yield* Effect.promise(() => Pool.run(tasks, progress))
  const seconds = (performance.now() - startedAt) / 1000
  const total = rows.reduce((sum, row) => sum + row.requests, 0)
  const failures = HiddenTable.failures(rows)
  if (isJson) yield* Console.log(JSON.stringify({ windows, requests: total, seconds, rows, failures }))
  else {
    yield* Console.log(HiddenTable.lines(rows))
    yield* Console.log(
      `\n${total} requests, ${windows} windows a run, ${seconds.toFixed(0)} s, ${failures.length} failures`
    )
    for (const failure of failures) yield* Console.log(failure)
  }
  if (failures.length > 0) yield* Effect.sync(() => (process.exitCode = 1))
})

/** A bar that is redrawn on a terminal; elsewhere a line for each tenth. */
const progressOf = (total: number, isSilent: boolean) => {
  const isTerminal = process.stderr.isTTY === true && !process.env["CI"]
  const startedAt = performance.now()
  let done = 0
  return () => {
    done++
    if (isSilent || total < 2) return
    const left = ((performance.now() - startedAt) / 1000 / done) * (total - done)
    const filled = Math.round((done / total) * 30)
    const bar = `${"█".repeat(filled)}${"░".repeat(30 - filled)} ${done} of ${total}, about ${left.toFixed(0)} s left`
    if (isTerminal) process.stderr.write(`\r\u001b[K${done === total ? "" : bar}`)
    else if (Math.floor((done * 10) / total) > Math.floor(((done - 1) * 10) / total)) process.stderr.write(`${bar}\n`)
  }
}

prove.pipe(Command.run({ version: "0.1.0" }), Effect.provide(NodeServices.layer), NodeRuntime.runMain)
