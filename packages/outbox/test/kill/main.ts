/** `npm run kills`: a worker and its database are killed at every step over every store, and what that costs. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Duration, Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { kinds, missing, start } from "./Databases.ts"
import type { Death } from "./Death.ts"
import { casesOf, run } from "./Run.ts"
import * as Table from "./Table.ts"
import { bundle } from "./Victim.ts"

const progress = (kind: string, total: number) => {
  let done = 0
  return () => {
    done++
    if (!process.stderr.isTTY) return
    const full = Math.round((done / total) * 30)
    process.stderr.write(`\r${kind.padEnd(9)}${"#".repeat(full)}${".".repeat(30 - full)} ${done}/${total}`)
    if (done === total) process.stderr.write("\r\u001b[K")
  }
}

const command = Command.make(
  "kills",
  {
    only: Flag.Literals("only", kinds).pipe(Flag.withDescription("one store alone"), Flag.optional),
    isBrief: Flag.Boolean("brief").pipe(
      Flag.withDescription("where transactions end and around requests alone, as the tests do"),
      Flag.withDefault(false)
    ),
    most: Flag.Int("most").pipe(
      Flag.withDescription("kills at each kind of step, the first of it; by default all"),
      Flag.filter(
        (most) => most >= 1,
        (most) => `${most} is not a number of kills, 1 or more`
      ),
      Flag.optional
    ),
    isJson: Flag.Boolean("json").pipe(
      Flag.withDescription("one JSON document at the end, and nothing else"),
      Flag.withDefault(false)
    )
  },
  Effect.fnUntraced(function* ({ isBrief, isJson, most, only }) {
    const folder = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "sluice-outbox-kill-"))),
      (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
    )
    const program = yield* Effect.promise(() => bundle(folder))
    const deaths: Array<Death> = []
    const leftOut: Array<string> = []
    const [took] = yield* Effect.timed(
      Effect.forEach(
        kinds.filter((kind) => Option.getOrElse(only, () => kind) === kind),
        (kind) =>
          Effect.gen(function* () {
            const why = missing[kind]
            if (why !== undefined) return leftOut.push(`${kind}: ${why}`)
            const stage = { program, database: yield* start(kind, folder) }
            const cases = yield* Effect.promise(() =>
              casesOf(stage, { isBrief, most: Option.getOrElse(most, () => Infinity) })
            )
            const died = progress(kind, cases.length)
            return deaths.push(...(yield* Effect.promise(() => run(stage, cases, 2, died))))
          }).pipe(Effect.scoped)
      )
    )
    const rows = Table.rowsOf(deaths)
    const bad = deaths.filter(({ lost, needless }) => lost.length + needless.length > 0)
    const seconds = Duration.toSeconds(took)
    if (isJson) yield* Console.log(JSON.stringify({ seconds, rows, leftOut, bad }))
    else {
      yield* Console.log(Table.text(rows))
      for (const one of leftOut) yield* Console.log(`left out: ${one}`)
      yield* Console.log(
        `\n${deaths.length} kills, ${seconds.toFixed(0)} s, ${bad.length} with something lost or needlessly repeated`
      )
      for (const death of bad) yield* Console.log(JSON.stringify(death))
    }
    if (bad.length > 0 || (leftOut.length > 0 && process.env["CI"])) yield* Effect.sync(() => (process.exitCode = 1))
  }, Effect.scoped)
).pipe(Command.withDescription("Kills workers and their databases at every step, and shows what that costs."))

command.pipe(Command.run({ version: "0.1.0" }), Effect.provide(NodeServices.layer), NodeRuntime.runMain)
