import { assert, it } from "@effect/vitest"
import { simulation } from "@sluice/providers/clarifai/simulation"
import { Simulator } from "@sluice/simulator"
import { ConfigProvider, Duration, Effect, Exit } from "effect"
import { layer, program } from "./clarifai.ts"

it.effect("predicts 300 images at 15 a second, none refused", () =>
  Effect.gen(function* () {
    const { elapsed, exit, stats } = yield* Simulator.fastForward(Effect.provide(program, layer))
    assert.deepStrictEqual(exit, Exit.succeed(300))
    assert.strictEqual(stats.refusals, 0)
    assert.strictEqual(stats.quotas["clarifai"]?.["requests"]?.counted, 303)
    assert.isBelow(Duration.toSeconds(elapsed), 22)
  }).pipe(
    Effect.provide(Simulator.layer(simulation, { latency: { before: "20 millis", after: "30 millis" } })),
    Effect.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ CLARIFAI_PAT: "key" })))
  )
)
