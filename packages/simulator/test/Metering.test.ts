import { assert, describe, it } from "@effect/vitest"
import * as Quota from "@sluice/core/Quota"
import type { Meter } from "@sluice/core/Simulation"
import { Metering, Scenario, Stats } from "@sluice/simulator"

const promised = {
  minute: Quota.rolling(3, 60_000),
  day: Quota.fixed(4, 86_400_000, { phase: "clock" }),
  secret: Quota.unpublished(1000),
  ovens: Quota.concurrency(1)
}

const meters = (input: Scenario.Input = {}) => {
  const { point, stats } = Stats.recorder("bakery")
  const { count, quotas } = Metering.make(promised, Scenario.make(input), 0, point)
  const meter = (name: keyof typeof promised, rest: Partial<Meter> = {}): Meter => ({
    quota: quotas[name] as Quota.Quota,
    key: "k",
    ...rest
  })
  /** The names of the quotas that refuse. */
  const refused = (all: ReadonlyArray<Meter>, now: number, endsAt?: number) =>
    count(all, now, endsAt).refused.map((reading) => reading.meter.quota.name)
  return { count, refused, meter, quotas, stats }
}

describe("Metering", () => {
  it("counts a request by all of its meters or by none", () => {
    const { refused, meter, count } = meters()
    const both = [meter("minute"), meter("day")]
    assert.deepStrictEqual(
      [0, 1, 2].flatMap((now) => refused(both, now)),
      []
    )
    assert.deepStrictEqual(refused(both, 3), ["minute"])
    const [minute, day] = count(both, 60_000).readings
    assert.deepStrictEqual([minute?.remaining, minute?.isRefused, minute?.resetAtMillis], [0, false, 60_001])
    assert.deepStrictEqual([day?.remaining, day?.resetAtMillis], [0, 86_400_000])
    assert.deepStrictEqual(refused(both, 60_001), ["day"])
  })

  it("tells of a refusal when the request would be counted", () => {
    const { refused, meter, count } = meters()
    refused([meter("minute", { cost: 2 })], 0)
    refused([meter("minute")], 500)
    const { readings } = count([meter("minute", { cost: 3 }), meter("day")], 1000)
    assert.deepStrictEqual(
      readings.map(({ isRefused, retryAtMillis, remaining }) => [isRefused, retryAtMillis, remaining]),
      [
        [true, 60_500, 0],
        [false, 1000, 4]
      ]
    )
    const never = count([meter("minute", { cost: 4 })], 1000).refused[0]
    assert.strictEqual(never?.retryAtMillis, 61_000)
  })

  it("keeps keys and quotas apart", () => {
    const { refused, meter } = meters()
    refused([meter("minute", { cost: 3 })], 0)
    assert.deepStrictEqual(refused([meter("minute")], 1), ["minute"])
    assert.deepStrictEqual(refused([meter("minute", { key: "other" })], 1), [])
  })

  it("asks meters of one counter for room together", () => {
    const { refused, meter } = meters()
    assert.deepStrictEqual(refused([meter("minute", { cost: 2 }), meter("minute", { cost: 2 })], 0), ["minute"])
    assert.deepStrictEqual(refused([meter("minute", { cost: 2 }), meter("minute", { cost: 1 })], 0), [])
  })

  it("counts refused requests by all meters where the server does so", () => {
    const { refused, meter } = meters({ counting: { countsRefused: true } })
    const both = [meter("minute"), meter("day")]
    for (const now of [0, 1, 2]) refused(both, now)
    assert.deepStrictEqual(refused(both, 3), ["minute"])
    assert.deepStrictEqual(refused([meter("day")], 4), ["day"])
  })

  it("takes the limit of a meter for that request", () => {
    const { refused, meter } = meters()
    assert.deepStrictEqual(refused([meter("minute", { limit: 1 })], 0), [])
    assert.deepStrictEqual(refused([meter("minute", { limit: 1 })], 1), ["minute"])
    assert.deepStrictEqual(refused([meter("minute")], 1), [])
  })

  it("lowers a limit from one instant until another", () => {
    const { refused, meter } = meters({ lower: [{ quota: "minute", limit: 1, at: 100_000, until: 200_000 }] })
    assert.deepStrictEqual(refused([meter("minute", { cost: 2 })], 99_999 - 60_000), [])
    assert.deepStrictEqual(refused([meter("minute", { cost: 2 })], 100_000), ["minute"])
    assert.deepStrictEqual(refused([meter("minute")], 199_999), [])
    assert.deepStrictEqual(refused([meter("minute")], 199_999), ["minute"])
    assert.deepStrictEqual(refused([meter("minute")], 200_000), [])
  })

  it("limits what is unpublished only where a scenario lowers it", () => {
    const { refused, meter } = meters({ lower: [{ quota: "secret", limit: 0, at: 1000 }] })
    assert.deepStrictEqual(refused([meter("secret", { cost: 1000 })], 999), [])
    assert.deepStrictEqual(refused([meter("secret")], 1000), ["secret"])
  })

  it("frees a concurrency place at the end of the response", () => {
    const { refused, meter } = meters()
    assert.deepStrictEqual(refused([meter("ovens")], 0, 250), [])
    assert.deepStrictEqual(refused([meter("ovens")], 249, 500), ["ovens"])
    assert.deepStrictEqual(refused([meter("ovens")], 250, 500), [])
  })

  it("counts by the server's clock", () => {
    const { refused, meter, count } = meters({ skew: -1 })
    refused([meter("day", { cost: 4 })], 86_400_000)
    assert.deepStrictEqual(refused([meter("day")], 86_400_000), ["day"])
    const [reading] = count([meter("day")], 86_400_001).readings
    assert.deepStrictEqual([reading?.isRefused, reading?.retryAtMillis], [false, 86_400_000])
  })

  it("counts ten times faster at a speed of ten, lowered limits included", () => {
    const { refused, meter } = meters({ speed: 10, lower: [{ quota: "minute", limit: 1, at: "10 minutes" }] })
    assert.deepStrictEqual(refused([meter("minute", { cost: 3 })], 0), [])
    assert.deepStrictEqual(refused([meter("minute")], 5999), ["minute"])
    assert.deepStrictEqual(refused([meter("minute", { cost: 2 })], 6000), [])
    assert.deepStrictEqual(refused([meter("minute", { cost: 2 })], 60_000), ["minute"])
  })

  it("lets strangers spend the same counters, at the rate that was asked for", () => {
    const { refused, meter, stats } = meters({ others: { perSecond: 5, quota: "secret" } })
    refused([meter("minute"), meter("secret")], 1_000_000)
    const { secret, minute } = stats().quotas["bakery"] ?? {}
    assert.closeTo(secret?.foreign ?? 0, 5000, 250)
    assert.strictEqual(minute?.foreign, 0)
    assert.isTrue(stats().timeline.every((point, index, all) => point.atMillis >= (all[index - 1]?.atMillis ?? 0)))
  })

  it("refuses strangers as it refuses us, and us because of strangers", () => {
    const { refused, meter, stats } = meters({ others: { perSecond: 1, quota: "minute", key: "k" } })
    assert.deepStrictEqual(refused([meter("minute")], 59_000), ["minute"])
    assert.deepStrictEqual(refused([meter("minute", { key: "other" })], 59_000), [])
    assert.strictEqual(stats().quotas["bakery"]?.["minute"]?.foreign, 3)
  })

  it("lets a saturating client have exactly the limit", () => {
    const { count } = Metering.make({ reads: Quota.rolling(1000, 1000) }, Scenario.make(), 0)
    const all = [{ quota: Quota.rolling(1000, 1000, { name: "reads" }), key: "k" }]
    let refused = 0
    for (let request = 0; request < 300_000; request++) refused += count(all, Math.floor(request / 2)).refused.length
    assert.strictEqual(refused, 150_000)
  })
})
