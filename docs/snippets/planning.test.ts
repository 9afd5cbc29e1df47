import * as PlanText from "@sluice/cli/PlanText"
import { RateLimiter } from "@sluice/core"
import * as Policy from "@sluice/core/Policy"
import { Planner } from "@sluice/planner"
import { Attio } from "@sluice/providers/attio"
import { simulation } from "@sluice/providers/attio/simulation"
import { assert, describe, expect, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { readFile } from "node:fs/promises"
import { left, program } from "./planning.ts"

describe("docs/planning.md", () => {
  it.effect("plans as it says", () =>
    Effect.gen(function* () {
      const { doneAfter, readsByDeadline } = yield* program
      assert.strictEqual(Duration.toMillis(doneAfter), 1_000_000)
      assert.strictEqual(readsByDeadline, 30_000)
      const eta = yield* left(5000)
      assert.strictEqual(Duration.toMillis(eta), 100_000)
    }).pipe(Effect.provide(RateLimiter.layer))
  )

  it.effect("prints what the command prints", () =>
    Effect.gen(function* () {
      const plan = yield* Planner.plan(
        Attio.provider,
        { reads: 50_000, writes: 2000 },
        { workers: 4, latency: "80 millis", deadline: "10 minutes", simulation }
      )
      const text = `${PlanText.lines(plan, 60).join("\n")}\n`
      yield* Effect.promise(() => expect(text).toMatchFileSnapshot("out/plan.txt"))
    })
  )

  it.effect("shows a policy that can be read", () =>
    Effect.gen(function* () {
      const page = yield* Effect.promise(() => readFile(new URL("../planning.md", import.meta.url), "utf8"))
      const [, document = ""] = /```json[^\n]*\n([^`]*)```/.exec(page) ?? []
      const policy = yield* Policy.fromText(document)
      assert.deepStrictEqual(Planner.classes(Policy.quotas(policy)), ["calls", "second", "day"])
    })
  )
})
