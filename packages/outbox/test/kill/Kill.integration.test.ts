/**
 * A process is killed at every step of its calls, and another one goes on with its file: nothing that was acknowledged is
 * lost, and nothing is carried out twice but what nobody could have known to be carried out.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { type Plan, serve } from "./Server.ts"
import { bundle, run, statesIn } from "./Victim.ts"

const folder = mkdtempSync(join(tmpdir(), "sluice-outbox-kill-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Death {
  readonly step: string
  readonly acknowledged: number
  readonly lost: ReadonlyArray<string>
  /** Carried out twice, where the file said `sending` and the server had carried it out: nobody could know. */
  readonly duplicated: ReadonlyArray<string>
  readonly needless: ReadonlyArray<string>
}

let sequence = 0
let program = ""

/** Lets a process die, looks at what it left, lets another one go on, and compares with what the server did. */
const die = async (dieAt: number, plan?: Plan): Promise<Death | undefined> => {
  const database = join(folder, `${sequence++}.db`)
  const serving = await serve(plan)
  try {
    const first = await run(program, database, serving, "send", dieAt)
    const step = first.lines.find((line) => line.startsWith("died "))?.slice(5)
    if (step === undefined) return undefined
    assert.strictEqual(first.signal, "SIGKILL")
    // What was on the wire has come to the server by then.
    await new Promise((resolve) => setTimeout(resolve, 50))
    const atDeath = new Map(serving.carriedOut)
    const states = statesIn(database)
    const second = await run(program, database, serving, "work")
    assert.strictEqual(second.code, 0, second.lines.join("\n"))
    const acknowledged = saying(first.lines, "acknowledged ")
    const ended = new Map(saying(second.lines, "ended ").map((line) => line.split(" ") as [string, string]))
    const times = (id: string) => serving.carriedOut.get(id) ?? 0
    // What is held because nobody knows is in the dead letters, and what was superseded is not to be sent.
    const isKept = (id: string) =>
      ended.get(id) === "Superseded" || (id === "hold" && ended.get(id) === "Failed") || times(id) > 0
    const ids = [...serving.carriedOut.keys()]
    const allowed = (id: string) =>
      states.get(id) !== "sending" ? 1 : id === "key" ? 1 : id === "hold" ? Math.max(1, atDeath.get(id) ?? 0) : 2
    return {
      step,
      acknowledged: acknowledged.length,
      lost: acknowledged.filter((id) => !isKept(id) || !ended.has(id)),
      duplicated: ids.filter((id) => times(id) > 1 && times(id) <= allowed(id)),
      needless: ids.filter((id) => times(id) > allowed(id))
    }
  } finally {
    await serving.close()
  }
}

const saying = (lines: ReadonlyArray<string>, what: string) =>
  lines.filter((line) => line.startsWith(what)).map((line) => line.slice(what.length))

/** So many at a time: each is two processes, one after the other. */
const each = async <A, B>(inputs: ReadonlyArray<A>, atOnce: number, work: (input: A) => Promise<B>) => {
  const left = [...inputs]
  const results: Array<B> = []
  const worker = async () => {
    for (let input = left.shift(); input !== undefined; input = left.shift()) results.push(await work(input))
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return results
}

const tableOf = (deaths: ReadonlyArray<Death>): string => {
  const rows = [...Map.groupBy(deaths, ({ step }) => step)].map(([step, all]) => {
    const sum = (count: (death: Death) => number) => String(all.reduce((total, death) => total + count(death), 0))
    return [
      step,
      sum(() => 1),
      sum(({ acknowledged }) => acknowledged),
      sum(({ lost }) => lost.length),
      sum(({ duplicated }) => duplicated.length),
      sum(({ needless }) => needless.length)
    ]
  })
  const all = [["killed after", "kills", "acknowledged", "lost", "duplicated", "needlessly"], ...rows]
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? []
  return all
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd()
    )
    .join("\n")
}

describe("SIGKILL", () => {
  beforeAll(async () => {
    program = await bundle(folder)
  }, 60_000)

  it("at every step loses nothing, and repeats only what nobody could know", { timeout: 600_000 }, async () => {
    const serving = await serve()
    const whole = await run(program, join(folder, "whole.db"), serving, "send")
    await serving.close()
    assert.deepStrictEqual(saying(whole.lines, "ended "), [
      "key Done",
      "plain Done",
      "hold Done",
      "put-1 Superseded",
      "put-2 Done",
      "patch-1 Done",
      "patch-2 Done"
    ])
    assert.strictEqual(serving.merged(), 1)
    const steps = saying(whole.lines, "step ").length
    const plans = Array.from({ length: serving.requests() }, (_, i) => i + 1).flatMap((request): Array<Plan> => [
      { request, phase: "arrived and dropped" },
      { request, phase: "carried out" }
    ])
    const deaths = await each(
      [...Array.from({ length: steps }, (_, i) => () => die(i + 1)), ...plans.map((plan) => () => die(0, plan))],
      3,
      (death) => death()
    )
    // Steps may be fewer in another run, as what comes at once is written at once.
    const seen = deaths.flatMap((death) => death ?? [])
    console.log(tableOf(seen))
    assert.isAtLeast(seen.length, steps - 10)
    for (const step of ["store: committed", "take: committed", "mark: committed", "send: answered", "end: committed"]) {
      assert.include(
        seen.map((death) => death.step),
        step
      )
    }
    assert.deepStrictEqual(
      seen.filter(({ lost, needless }) => lost.length + needless.length > 0),
      []
    )
    // The test would see a duplicate if there were one: there are such that nobody can prevent.
    assert.isAbove(seen.flatMap(({ duplicated }) => duplicated).length, 0)
  })
})
