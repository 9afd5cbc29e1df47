import { assert, describe, it } from "@effect/vitest"
import * as Quota from "@sluice/core/Quota"
import { Latency, Scenario } from "@sluice/simulator"

const refusal = (json: unknown) => {
  try {
    Scenario.decode(json)
  } catch (error) {
    if (error instanceof Scenario.ScenarioError) return error.message
    throw error
  }
  return "accepted"
}

describe("Scenario", () => {
  it("fills in what is left out", () => {
    assert.deepStrictEqual(Scenario.make(), {
      seed: 1,
      before: Latency.constant(0),
      after: Latency.constant(0),
      skewMillis: 0,
      speed: 1,
      lower: [],
      others: [],
      abandoned: "forgotten",
      counting: {},
      countingByQuota: {}
    })
  })

  it("reads JSON", () => {
    const scenario = Scenario.decode(
      JSON.parse(`{
        "seed": 3, "latency": { "before": { "uniform": ["5 millis", "50 millis"] }, "after": 20 }, "skew": -1500, "speed": 60,
        "lower": [{ "quota": "reads", "limit": 10, "at": "1 minute" }], "others": { "perSecond": 2 },
        "counting": { "closed": true }, "countingByQuota": { "reads": { "tickMillis": 1000 } }
      }`)
    )
    assert.deepStrictEqual(scenario.before, Latency.uniform(5, 50))
    assert.deepStrictEqual(scenario.after, Latency.constant(20))
    assert.strictEqual(scenario.skewMillis, -1500)
    assert.deepStrictEqual(scenario.lower, [{ quota: "reads", limit: 10, atMillis: 60_000, untilMillis: Infinity }])
    assert.deepStrictEqual(scenario.others, [{ perSecond: 2 }])
  })

  it.each([
    [{ sped: 2 }, `Scenario: scenario takes only the fields`],
    [{ seed: 0.5 }, `Scenario: seed takes a whole number, but was given 0.5.`],
    [{ speed: 0 }, `Scenario: speed takes a number above 0`],
    [{ latency: { before: "soon" } }, `Scenario: latency.before takes a latency`],
    [{ latency: { middle: 5 } }, `Scenario: latency takes only the fields before, after, but was given "middle".`],
    [{ skew: "an hour" }, `Scenario: skew takes a duration, such as "1 minute" or 60000, but was given "an hour".`],
    [{ lower: { quota: "reads", limit: 1 } }, `Scenario: lower takes a list`],
    [
      { lower: [{ quota: "reads", limit: -1 }] },
      `Scenario: lower[0].limit takes a whole number, 0 or more, but was given -1.`
    ],
    [{ lower: [{ quota: "reads", limit: 1, at: 10, until: 5 }] }, `Scenario: lower[0].until takes a duration`],
    [{ others: [{ perSecond: 1 }, { perSecond: 0 }] }, `Scenario: others[1].perSecond takes a number above 0`],
    [{ abandoned: "lost" }, `Scenario: abandoned takes one of forgotten, counted, but was given "lost".`],
    [
      { counting: { tickMillis: 0 } },
      `Scenario: counting.tickMillis takes whole milliseconds, 1 or more, but was given 0.`
    ],
    [
      { countingByQuota: { reads: { start: "noon" } } },
      `Scenario: countingByQuota.reads.start takes one of clock, phase`
    ],
    [null, `Scenario: scenario takes an object, but was given null.`]
  ])("refuses %j", (json, message) => {
    assert.strictEqual(refusal(json).slice(0, message.length), message)
  })

  it("speaks only of quotas that the provider has", () => {
    const promised = { reads: Quota.rolling(1, 1000), writes: Quota.rolling(1, 1000) }
    const check = (input: Scenario.Input) => () => Scenario.checkQuotas(Scenario.make(input), promised)
    check({ lower: [{ quota: "reads", limit: 0 }], others: { perSecond: 1, quota: "writes" } })()
    assert.throws(
      check({ lower: [{ quota: "read", limit: 0 }] }),
      /lower\[0\].quota takes one of the provider's quotas, reads, writes, .*"read"/
    )
    assert.throws(check({ others: { perSecond: 1, quota: "all" } }), /others\[0\].quota/)
    assert.throws(check({ countingByQuota: { all: {} } }), /countingByQuota/)
  })

  it("makes quotas faster and names them as the record does", () => {
    const { cap, ovens } = Scenario.quotas(
      { cap: Quota.rolling(100, "1 minute", { penalty: "10 seconds" }), ovens: Quota.concurrency(3) },
      60
    )
    assert.strictEqual(cap?.name, "cap")
    assert.strictEqual(cap?.limit, 100)
    assert.strictEqual(cap?.windowMillis, 1000)
    assert.strictEqual(cap?.penaltyMillis, 167)
    assert.strictEqual(ovens?.windowMillis, 0)
  })
})
