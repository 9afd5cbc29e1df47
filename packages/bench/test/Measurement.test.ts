import { assert, describe, it } from "@effect/vitest"
import * as Measurement from "@sluice/bench/Measurement"

const best = { doneAfterMillis: [100, 100, 1000], millis: 1000 }
const outcome = { startMillis: 0, doneAfterMillis: [200, 400], elapsedMillis: 500, processorMillis: 7, failures: [] }

describe("Measurement", () => {
  it("compares what was done with the best time for as much, in the machine's time", () => {
    const measured = Measurement.make({ calls: 3, speed: 10, outcome, best, counts: { requests: 6, refusals: 3 } })
    assert.strictEqual(measured.share, 0.2)
    assert.strictEqual(measured.millis, 50)
    assert.strictEqual(measured.bestMillis, 100)
    assert.strictEqual(measured.processorMillis, 7)
    assert.strictEqual(measured.refusedShare, 0.5)
    assert.strictEqual(measured.wasted, 4)
    assert.deepStrictEqual([measured.waitMedianMillis, measured.wait95Millis], [20, 40])
  })

  it("has no share of nothing", () => {
    const idle = { ...outcome, doneAfterMillis: [] }
    const measured = Measurement.make({ calls: 3, speed: 1, outcome: idle, best, counts: { requests: 0, refusals: 0 } })
    assert.deepStrictEqual([measured.share, measured.refusedShare], [0, 0])
    assert.isNaN(measured.waitMedianMillis)
  })

  it.each([
    [[5], 0.95, 5],
    [[4, 1, 3, 2], 0.5, 2],
    [[4, 1, 3, 2], 0.95, 4]
  ])("of %o the percentile %f is %i", (numbers, share, expected) => {
    assert.strictEqual(Measurement.percentile(numbers, share), expected)
  })

  it("has a median between the two in the middle", () => {
    assert.deepStrictEqual(Measurement.spread([4, 1, 3, 2]), { median: 2.5, min: 1, max: 4 })
    assert.deepStrictEqual(Measurement.spread([9, 1, 3]), { median: 3, min: 1, max: 9 })
  })
})
