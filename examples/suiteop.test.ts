import { assert, it } from "@effect/vitest"
import { simulation } from "@sluice/providers/suiteop/simulation"
import { Simulator } from "@sluice/simulator"
import { ConfigProvider, Duration, Effect } from "effect"
import { TestConsole } from "effect/testing"
import { layer, program } from "./suiteop.ts"

it.effect("creates 1200 tasks as soon as a thousand a minute and fifty a second allow, none refused", () =>
  Effect.gen(function* () {
    const { elapsed, stats } = yield* Simulator.fastForward(Effect.provide(program, layer))
    assert.deepStrictEqual(yield* TestConsole.logLines, ["1200 tasks created"])
    assert.strictEqual(stats.refusals, 0)
    assert.strictEqual(stats.requests, 1200)
    assert.isBelow(Duration.toSeconds(elapsed), 65)
  }).pipe(
    Effect.provide(Simulator.layer(simulation, { latency: { before: "20 millis", after: "30 millis" } })),
    Effect.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ SUITEOP_API_KEY: "sk_test_key" })))
  )
)
