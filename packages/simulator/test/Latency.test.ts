import { assert, describe, it } from "@effect/vitest"
import { Latency, Seeded } from "@sluice/simulator"

const draws = (latency: Latency.Latency, count: number, speed?: number) => {
  const draw = Latency.sampler(latency, Seeded.make(7), speed)
  return Array.from({ length: count }, draw)
}

describe("Latency", () => {
  it("a constant is always the same", () => {
    assert.deepStrictEqual(draws(Latency.constant("50 millis"), 3), [50, 50, 50])
  })

  it("a uniform latency reaches both of its ends and nothing beyond, evenly", () => {
    const counts = new Map<number, number>()
    for (const millis of draws(Latency.uniform("5 millis", "8 millis"), 4000))
      counts.set(millis, (counts.get(millis) ?? 0) + 1)
    assert.deepStrictEqual([...counts.keys()].toSorted(), [5, 6, 7, 8])
    for (const count of counts.values()) assert.isTrue(count > 900 && count < 1100, String(count))
  })

  it("a lognormal latency has its median in the middle, a tail, and a cap", () => {
    const sorted = draws(Latency.lognormal({ median: "100 millis", sigma: 1, cap: "1 second" }), 4001).toSorted(
      (a, b) => a - b
    )
    assert.closeTo(sorted[2000] ?? 0, 100, 8)
    assert.closeTo(sorted[Math.floor(4001 * 0.8413)] ?? 0, 272, 25)
    assert.strictEqual(sorted.at(-1), 1000)
  })

  it("is drawn in whole milliseconds, alike for the same seed and otherwise for another", () => {
    const latency = Latency.lognormal({ median: 80 })
    const first = draws(latency, 20)
    assert.deepStrictEqual(first, draws(latency, 20))
    assert.notDeepEqual(first, Array.from({ length: 20 }, Latency.sampler(latency, Seeded.make(8))))
    assert.isTrue(first.every(Number.isInteger))
  })

  it("is divided by the speed, and stays a millisecond unless it was none", () => {
    assert.deepStrictEqual(draws(Latency.constant(600), 1, 60), [10])
    assert.deepStrictEqual(draws(Latency.constant(5), 1, 60), [1])
    assert.deepStrictEqual(draws(Latency.constant(0), 1, 60), [0])
  })

  it("reads durations, short forms and its own data alike", () => {
    assert.deepStrictEqual(Latency.fromInput("50 millis"), Latency.constant(50))
    assert.deepStrictEqual(Latency.fromInput(50), Latency.constant(50))
    assert.deepStrictEqual(Latency.fromInput({ uniform: ["5 millis", 50] }), Latency.uniform(5, 50))
    const tailed = Latency.lognormal({ median: 80, sigma: 0.7, cap: 900 })
    assert.deepStrictEqual(
      Latency.fromInput({ lognormal: { median: "80 millis", sigma: 0.7, cap: "900 millis" } }),
      tailed
    )
    assert.deepStrictEqual(Latency.fromInput(JSON.parse(JSON.stringify(tailed))), tailed)
  })

  it("names what is wrong", () => {
    assert.throws(() => Latency.uniform(50, 5), /max takes at least min, 50 ms, but was given 5 ms/)
    assert.throws(
      () => Latency.lognormal({ median: 50, sigma: -1 }),
      /sigma takes a number from 0 to 5, but was given -1/
    )
    assert.throws(() => Latency.lognormal({ median: 50, cap: 5 }), /cap takes at least the median/)
    assert.throws(() => Latency.constant(-1), /durations of zero or more.*given -1/)
    assert.throws(() => Latency.fromInput(JSON.parse(`{"kind":"pareto"}`)), /one of constant, uniform, lognormal/)
  })
})
