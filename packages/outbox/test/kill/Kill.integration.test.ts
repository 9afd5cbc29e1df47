/**
 * A worker and its database are killed at every kind of step, and the work goes on with what is left: nothing that was
 * acknowledged is lost, and nothing is carried out twice but what nobody could have known to be carried out.
 *
 * `npm run kills` does so at every single step.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { kinds, missing, start } from "./Databases.ts"
import { saying, whole } from "./Death.ts"
import { casesOf, run } from "./Run.ts"
import * as Table from "./Table.ts"
import { bundle } from "./Victim.ts"

const folder = mkdtempSync(join(tmpdir(), "sluice-outbox-kill-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const ends = ["store", "take", "mark", "end", "cancel", "retry", "purge"].map((operation) => `${operation}: committed`)
const steps = { sqlite: ends, postgres: ends, redis: ["insert", "take", "begin", "end", "cancel", "retry", "purge"] }

let program = ""
beforeAll(async () => {
  program = await bundle(folder)
}, 60_000)

describe.each(kinds)("killed over %s", (kind) => {
  const why = missing[kind]
  if (why !== undefined && process.env["CI"] === undefined) {
    console.log(`left out: kills over ${kind}: ${why}`)
    it.skip(`nothing is lost (${why})`, () => {})
    return
  }

  it.live(
    "nothing is lost, and only that is repeated which nobody could know",
    () =>
      Effect.gen(function* () {
        const stage = { program, database: yield* start(kind, folder) }
        const { lines } = yield* Effect.promise(() => whole(stage))
        assert.deepStrictEqual(saying(lines, "ended "), [
          "bad Done",
          "gone Cancelled",
          "put-1 Superseded",
          "put-2 Done",
          "patch-1 Done",
          "patch-2 Done",
          "key Done",
          "plain Done",
          "hold Done"
        ])
        const deaths = yield* Effect.promise(async () =>
          run(stage, await casesOf(stage, { isBrief: true, most: 1 }), 2)
        )
        console.log(Table.text(Table.rowsOf(deaths)))
        const seen = deaths.map(({ step }) => step.replace(/: (asked|carried out)$/, ""))
        for (const step of steps[kind]) assert.include(seen, step)
        assert.deepStrictEqual(
          deaths.filter(({ lost, needless }) => lost.length + needless.length > 0),
          []
        )
        // The test would see a duplicate if there were one: there are such that nobody can prevent. Which calls are killed over
        // the others depends on the order of their answers.
        if (kind === "sqlite") assert.isAbove(deaths.flatMap(({ duplicated }) => duplicated).length, 0)
        if (kind !== "sqlite") assert.include(new Set(deaths.map(({ victim }) => victim)), "database")
      }).pipe(Effect.scoped),
    240_000
  )
})
