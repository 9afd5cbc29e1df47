import { assert, describe, it } from "@effect/vitest"
import { RedisClock } from "@sluice/core/redis/RedisClock"

const reading = (at: number, calledAt: number, answeredAt: number, server = "a") => ({
  server,
  at,
  calledAt,
  answeredAt
})

describe("RedisClock", () => {
  it("finds a step forward, as large as it may have been", () => {
    const clock = new RedisClock()
    clock.read(reading(1000, 0, 10))
    clock.read(reading(1100, 100, 110))
    assert.deepStrictEqual(clock.steps, [])
    clock.read(reading(61_200, 200, 210))
    assert.strictEqual(clock.steps.length, 1)
    assert.deepInclude(clock.steps[0], { from: 1100, to: 61_200 })
    assert.isAtLeast(clock.steps[0]?.excess ?? 0, 60_000)
    assert.isAtMost(clock.steps[0]?.excess ?? 0, 60_012)
    clock.read(reading(61_300, 300, 310))
    assert.strictEqual(clock.steps.length, 1)
  })

  it("takes a slow way, drift and a step back for none", () => {
    const clock = new RedisClock()
    clock.read(reading(1000, 0, 300))
    clock.read(reading(1599, 301, 600))
    clock.read(reading(3_602_600, 3_600_601, 3_600_602))
    clock.read(reading(2_000_000, 3_600_700, 3_600_701))
    assert.deepStrictEqual(clock.steps, [])
  })

  it("compares the clocks of one process only, and calls one after the other", () => {
    const clock = new RedisClock()
    clock.read(reading(1000, 0, 10))
    clock.read(reading(9000, 20, 30, "b"))
    clock.read(reading(9000, 5, 25))
    clock.read(reading(1040, 40, 50))
    assert.deepStrictEqual(clock.steps, [])
  })
})
