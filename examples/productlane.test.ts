import { assert, it } from "@effect/vitest"
import { simulation } from "@sluice/providers/productlane/simulation"
import { Simulator } from "@sluice/simulator"
import { ConfigProvider, Duration, Effect, Exit } from "effect"
import { TestConsole } from "effect/testing"
import { layer, program } from "./productlane.ts"

it.effect("hands over a hundred ideas at 60 a minute, and says when there is room for one more", () =>
  Effect.gen(function* () {
    const { elapsed, exit, stats } = yield* Simulator.fastForward(Effect.provide(program, layer))
    assert.isTrue(Exit.isSuccess(exit))
    assert.strictEqual(stats.refusals, 0)
    assert.strictEqual(stats.quotas["productlane"]?.["writes"]?.counted, 100)
    assert.isBelow(Duration.toSeconds(elapsed), 100)
    assert.match(String((yield* TestConsole.logLines)[0]), /^Quota "writes\w*" has no room before the deadline/)
  }).pipe(
    Effect.provide(Simulator.layer(simulation, { latency: { before: "20 millis", after: "30 millis" } })),
    Effect.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ PRODUCTLANE_API_KEY: "pl_v2_key" })))
  )
)
