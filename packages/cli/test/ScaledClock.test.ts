import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber } from "effect"
import * as ScaledClock from "@sluice/cli/ScaledClock"

describe("ScaledClock", () => {
  it("starts at the wall time and leaves it behind", () => {
    const now = { wall: 1_000_000.5, monotonic: 50 }
    const clock = ScaledClock.make(20, { wallMillis: () => now.wall, monotonicMillis: () => now.monotonic })
    assert.strictEqual(clock.currentTimeMillisUnsafe(), 1_000_000)
    assert.strictEqual(clock.monotonicTimeNanosUnsafe(), 0n)
    now.monotonic += 100.25
    assert.strictEqual(clock.currentTimeMillisUnsafe(), 1_002_005)
    assert.strictEqual(clock.currentTimeNanosUnsafe(), 1_002_005_000_000n)
    assert.strictEqual(clock.monotonicTimeNanosUnsafe(), 2_005_000_000n)
  })

  it("does not jump when the wall clock is set", () => {
    const now = { wall: 1000, monotonic: 0 }
    const clock = ScaledClock.make(2, { wallMillis: () => now.wall, monotonicMillis: () => now.monotonic })
    now.wall += 3_600_000
    assert.strictEqual(clock.currentTimeMillisUnsafe(), 1000)
  })

  it.each([0, -1, Number.NaN, Infinity])("refuses to run %s times as fast", (speed) => {
    assert.throws(() => ScaledClock.make(speed), /speed takes a number above 0/)
  })

  it.live("sleeps a minute in a fraction of a second, and never too short", () =>
    Effect.gen(function* () {
      const clock = ScaledClock.make(600)
      const machineStart = performance.now()
      const lasted = yield* Effect.gen(function* () {
        const start = yield* Clock.currentTimeMillis
        yield* Effect.sleep("1 minute")
        return (yield* Clock.currentTimeMillis) - start
      }).pipe(Effect.provideService(Clock.Clock, clock))
      assert.isAtLeast(lasted, 60_000)
      assert.isAtLeast(performance.now() - machineStart, 100)
      assert.isBelow(performance.now() - machineStart, 5000)
    })
  )

  it.live("lets go of a sleeper that is interrupted", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(Effect.sleep("1 hour"), { startImmediately: true })
      yield* Fiber.interrupt(fiber)
      assert.isTrue((yield* Fiber.await(fiber))._tag === "Failure")
    }).pipe(Effect.provideService(Clock.Clock, ScaledClock.make(1)))
  )
})
