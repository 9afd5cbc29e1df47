import { assert, it } from "@effect/vitest"
import { simulation } from "@sluice/providers/attio/simulation"
import { Simulator } from "@sluice/simulator"
import { ConfigProvider, Duration, Effect, Exit } from "effect"
import { layer, program } from "./attio.ts"

it.effect("leaves 1200 notes at 25 a second, none refused", () =>
  Effect.gen(function* () {
    const { elapsed, exit, stats } = yield* Simulator.fastForward(Effect.provide(program, layer))
    assert.deepStrictEqual(exit, Exit.succeed(1200))
    assert.strictEqual(stats.refusals, 0)
    assert.strictEqual(stats.quotas["attio"]?.["writes"]?.counted, 1200)
    assert.isBelow(Duration.toSeconds(elapsed), 51)
  }).pipe(
    Effect.provide(Simulator.layer(simulation, { latency: { before: "20 millis", after: "30 millis" } })),
    Effect.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ ATTIO_API_KEY: "key" })))
  )
)
