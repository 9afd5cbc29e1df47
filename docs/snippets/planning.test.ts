import * as PlanText from "@sluice/cli/PlanText"
import { RateLimiter } from "@sluice/core"
import * as Policy from "@sluice/core/Policy"
import { Planner, Progress } from "@sluice/planner"
import { Simulator } from "@sluice/simulator"
import { Attio } from "@sluice/providers/attio"
import { simulation } from "@sluice/providers/attio/simulation"
import { assert, describe, expect, it } from "@effect/vitest"
import { NodeServices } from "@effect/platform-node"
import { Duration, Effect, Layer, Redacted } from "effect"
import { TestConsole } from "effect/testing"
import { readFile } from "node:fs/promises"
import { left, program, readAll } from "./planning.ts"

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

  it.effect("shows progress as it says", () =>
    Effect.gen(function* () {
      const paths = Array.from({ length: 1000 }, () => "/v2/self")
      const { exit } = yield* Simulator.fastForward(
        Effect.gen(function* () {
          const { state } = yield* Progress.track(Attio.provider, { reads: paths.length })
          yield* Effect.forkScoped(readAll(paths))
          yield* Effect.sleep("8 seconds")
          const drawn = Progress.bar(yield* state, "people", 110)
          yield* Effect.sleep("1 minute")
          return drawn
        }).pipe(Effect.scoped)
      )
      const drawn = yield* exit
      yield* Effect.promise(() => expect(`${drawn}\n`).toMatchFileSnapshot("out/progress.txt"))
      const lines = yield* TestConsole.logLines
      assert.deepStrictEqual(lines.slice(-2), ["all are read", "people, 1000 of 1000"])
    }).pipe(
      Effect.provide(
        Attio.layer({ apiKey: Redacted.make("key"), partition: "acme" }).pipe(
          Layer.provideMerge(RateLimiter.layer),
          Layer.provideMerge(Simulator.layer(simulation, { latency: { before: "40 millis", after: "40 millis" } })),
          Layer.merge(NodeServices.layer)
        )
      )
    )
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
