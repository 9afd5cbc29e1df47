import { assert, it } from "@effect/vitest"
import { RateLimiter } from "@sluice/core"
import { Simulator } from "@sluice/simulator"
import { Duration, Effect, Exit, Layer, Redacted } from "effect"
import * as Bakery from "../src/Bakery.ts"
import { breakfast } from "../src/Breakfast.ts"
import { simulation } from "../src/simulation.ts"

const client = Bakery.layer({ apiKey: Redacted.make("key"), partition: "cafe" }).pipe(Layer.provide(RateLimiter.layer))

it.effect("orders 40 loaves at 5 a second, none refused", () =>
  Effect.gen(function* () {
    const { elapsed, exit, stats } = yield* Simulator.fastForward(Effect.provide(breakfast(40), client))
    assert.isTrue(Exit.isSuccess(exit))
    assert.deepInclude(stats, { requests: 41, refusals: 0 })
    assert.isAtLeast(Duration.toMillis(elapsed), 7000)
    assert.isBelow(Duration.toMillis(elapsed), 7500)
  }).pipe(Effect.provide(Simulator.layer(simulation, { latency: { before: "20 millis", after: "20 millis" } })))
)

it.effect("tells a refusal as the bakery's error", () =>
  Effect.gen(function* () {
    const { exit } = yield* Simulator.fastForward(Effect.flip(Effect.provide(breakfast(1), unprotected)))
    assert.isTrue(Exit.isSuccess(exit))
    if (Exit.isFailure(exit)) return
    assert.strictEqual(exit.value._tag, "BakeryRateLimited")
    assert.include(exit.value.message, 'The bakery refused the request by its limit "orders"')
  }).pipe(Effect.provide(Simulator.layer(simulation, { lower: [{ quota: "orders", limit: 0 }] })))
)

const unprotected = Bakery.layer({ apiKey: Redacted.make("key"), partition: "cafe", retry: "none" }).pipe(
  Layer.provide(RateLimiter.layer)
)
