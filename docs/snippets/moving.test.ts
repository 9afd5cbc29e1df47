import { assert, it } from "@effect/vitest"
import { RateLimiter } from "@sluice/core"
import { simulation } from "@sluice/providers/suiteop/simulation"
import { Simulator } from "@sluice/simulator"
import { Duration, Effect, Exit, Layer } from "effect"
import { RateLimiter as EffectRateLimiter } from "effect/persistence"
import { TestClock } from "effect/testing"
import { expect } from "vitest"
import * as Moving from "./moving.ts"

const calls = 1100
const effects = EffectRateLimiter.layer.pipe(Layer.provide(EffectRateLimiter.layerStoreMemory))
const server = () =>
  Simulator.layer(simulation, { latency: { before: { uniform: ["5 millis", "50 millis"] }, after: "10 millis" } })

it.effect("counts refusals before and after", () =>
  Effect.gen(function* () {
    yield* TestClock.setTime(Date.UTC(2026, 10, 22, 10))
    const all = <A, E, R>(call: Effect.Effect<A, E, R>) =>
      Effect.replicateEffect(Effect.exit(call), calls, { concurrency: "unbounded", discard: true })
    const before = Simulator.fastForward(Effect.flatMap(Moving.before, all)).pipe(
      Effect.provide([server(), effects], { local: true })
    )
    const after = Simulator.fastForward(all(Moving.after)).pipe(
      Effect.provide(Moving.layer.pipe(Layer.provide(RateLimiter.layer), Layer.provideMerge(server())), { local: true })
    )
    const line = (name: string, { elapsed, stats }: Effect.Success<typeof before> | Effect.Success<typeof after>) =>
      name.padEnd(18) +
      String(stats.requests).padStart(9) +
      String(stats.refusals).padStart(9) +
      `${Duration.toSeconds(elapsed).toFixed(1)} s`.padStart(10)
    const runs = [line("withRateLimiter", yield* before), line("SuiteOp.Client", yield* after)]
    const text = ["                   requests  refused      took", ...runs].join("\n")
    yield* Effect.promise(() => expect(`${text}\n`).toMatchFileSnapshot("out/moving.txt"))
  })
)

it.effect("sends two pages a second", () =>
  Effect.gen(function* () {
    const { elapsed, exit } = yield* Simulator.fastForward(Effect.provide(Moving.pages, RateLimiter.layer))
    assert.isTrue(Exit.isSuccess(exit))
    // Two windows with their margins, and three latencies.
    assert.strictEqual(Duration.toMillis(elapsed), 2 * 1002 + 3 * 30)
  })
)

it.effect("draws on a minute, an hour and a place for each customer", () =>
  Effect.gen(function* () {
    const all = Effect.replicateEffect(Moving.job(1, "acme"), 51, { concurrency: "unbounded" })
    const { elapsed } = yield* Simulator.fastForward(all)
    assert.isAbove(Duration.toSeconds(elapsed), 60)
    const units = (yield* RateLimiter.status("acme")).map(({ cooling, quota }) => [quota, cooling])
    assert.deepInclude(Object.fromEntries(units), { hour: 51 })
  }).pipe(Effect.provide(Moving.limiter))
)
