import { assert, describe, it } from "@effect/vitest"
import * as Phase from "@sluice/bench/Phase"
import * as Quota from "@sluice/core/Quota"

describe("Phase", () => {
  it.each([
    [10_000, 0.2, 10_200],
    [10_200, 0.2, 10_200],
    [10_201, 0.2, 11_200]
  ])("of clock seconds begins after %i, %f into one: at %i", (earliest, fraction, startAt) => {
    const { startAtMillis } = Phase.make([Quota.fixed(1, "1 second", { phase: "clock" })], earliest, fraction)
    assert.strictEqual(startAtMillis, startAt)
  })

  it("of other fixed windows begins at once, and places the window", () => {
    const { phaseMillis, startAtMillis } = Phase.make([Quota.fixed(1, "1 minute")], 125_000.5, 0.25)
    assert.strictEqual(startAtMillis, 125_001)
    assert.strictEqual((startAtMillis - phaseMillis) % 60_000, 15_000)
  })

  it("is spread evenly over the repeats", () => {
    assert.deepStrictEqual(
      [0, 1, 2, 3].map((repeat) => Phase.fractionOf(repeat, 4)),
      [0.125, 0.375, 0.625, 0.875]
    )
  })
})
