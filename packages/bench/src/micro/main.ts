/**
 * `npm run bench:micro`: what Sluice's parts cost, beside those of its peers on the same work.
 *
 *     npm run bench:micro
 *     npm run --silent bench:micro -- --json
 *     npm run bench:micro -- --only sluice,effect
 */
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Effect } from "effect"
import { Command, Flag } from "effect/cli"
import * as Document from "../Document.ts"
import * as Machine from "../Machine.ts"
import * as Http from "./Http.ts"
import * as Tables from "./Tables.ts"
import * as Uncontended from "./Uncontended.ts"
import * as Waiting from "./Waiting.ts"

/** A process for each; those that take longer have no figures. */
const atMostMillis = 60_000
const path = fileURLToPath(new URL("subjectProcess.ts", import.meta.url))

const measure = (...args: ReadonlyArray<string>) =>
  Effect.promise(async (signal) => {
    const run = promisify(execFile)(process.execPath, ["--conditions=@sluice/source", path, ...args], {
      signal,
      timeout: atMostMillis,
      maxBuffer: 2 ** 26
    })
    return await run.then(
      ({ stdout }) => JSON.parse(stdout) as Tables.Figures,
      (error: { readonly killed?: boolean }) => {
        if (error.killed !== true) throw error
        return {}
      }
    )
  })

interface Plan {
  readonly isQuick: boolean
  readonly repeats: number
  readonly only: ReadonlyArray<string>
  readonly onEach: (name: string) => Effect.Effect<void>
}

/** A repeat is every subject once: nobody has a quieter machine. */
const table = Effect.fnUntraced(function* (
  { only, onEach, repeats }: Plan,
  subjects: ReadonlyArray<{ readonly id: string; readonly title: string }>,
  ...[name, size]: readonly [name: string, size: string]
) {
  const chosen = subjects.filter(({ id }) => only.length === 0 || only.includes(id))
  const runs = new Map<string, Array<Tables.Figures>>(chosen.map(({ id }) => [id, []]))
  for (let i = 0; i < repeats; i++) {
    for (const { id } of chosen) {
      yield* onEach(`${name} ${size} ${id}`)
      runs.get(id)?.push(yield* measure(name, id, size))
    }
  }
  return chosen.map(({ id, title }): Tables.Row => ({ id, title, figures: Tables.pooled(runs.get(id) ?? []) }))
})

const flag = (name: string, description: string) =>
  Flag.Boolean(name).pipe(Flag.withDescription(description), Flag.withDefault(false))

const bench = Command.make(
  "bench:micro",
  {
    only: Flag.String("only").pipe(Flag.withDescription("subjects, with commas; by default all"), Flag.withDefault("")),
    tables: Flag.String("tables").pipe(
      Flag.withDescription("of uncontended, waiting and http, with commas; by default all"),
      Flag.withDefault("")
    ),
    repeats: Flag.Int("repeats").pipe(Flag.withDescription("processes for each subject"), Flag.withDefault(3)),
    isQuick: flag("quick", "so few calls that the figures say nothing: only shows that everything runs"),
    isJson: flag("json", "print one JSON document, and nothing else"),
    docs: flag("docs", "write docs/benchmarks-micro.md")
  },
  Effect.fnUntraced(function* ({ docs, isJson, isQuick, only, repeats, tables }) {
    const named = (list: string) => list.split(",").filter((name) => name !== "")
    const plan: Plan = {
      isQuick,
      repeats: isQuick ? 1 : repeats,
      only: named(only),
      onEach: (name) => (isJson || !process.stderr.isTTY ? Effect.void : Console.error(name))
    }
    const isWanted = (name: string) => tables === "" || named(tables).includes(name)
    const size = isQuick ? "quick" : "full"
    const sizes = isQuick ? [1000] : [10_000, 100_000]
    const machine = Machine.read(Machine.peers)
    const uncontended = isWanted("uncontended") ? yield* table(plan, Uncontended.subjects, "uncontended", size) : []
    const waiting = isWanted("waiting")
      ? yield* Effect.forEach(sizes, (callers) =>
          Effect.map(table(plan, Waiting.subjects, "waiting", String(callers)), (rows) => ({ callers, rows }))
        )
      : []
    const http = isWanted("http") ? yield* table(plan, Http.subjects, "http", size) : []
    const report: Tables.Report = { machine, repeats: plan.repeats, isQuick, uncontended, waiting, http }
    yield* Console.log(isJson ? JSON.stringify(report) : Tables.text(report).join("\n"))
    if (docs) yield* Document.writePage("benchmarks-micro.md", Tables.markdown(report).join("\n"))
  })
).pipe(Command.withDescription("Measures what Sluice's parts cost, and those of its peers."))

Command.run(bench, { version: "0.0.0" }).pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
