import { assert, it } from "@effect/vitest"
import { simulation } from "@sluice/providers/prayerletters/simulation"
import { Simulator } from "@sluice/simulator"
import { ConfigProvider, Duration, Effect } from "effect"
import { TestConsole } from "effect/testing"
import { layer, program } from "./prayerletters.ts"

it.effect("greets 500 contacts as soon as two hundred an hour allow, none refused", () =>
  Effect.gen(function* () {
    const { elapsed, stats } = yield* Simulator.fastForward(Effect.provide(program, layer))
    assert.deepStrictEqual(yield* TestConsole.logLines, ["500 contacts greeted"])
    assert.strictEqual(stats.refusals, 0)
    assert.strictEqual(stats.quotas["prayerletters"]?.["updateHour"]?.counted, 500)
    assert.isAtLeast(Duration.toMinutes(elapsed), 120)
    assert.isBelow(Duration.toMinutes(elapsed), 121)
  }).pipe(
    Effect.provide(Simulator.layer(simulation, { latency: { before: "20 millis", after: "30 millis" } })),
    Effect.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ PRAYERLETTERS_TOKEN: "token" })))
  )
)
