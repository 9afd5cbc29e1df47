import { assert, describe, it } from "@effect/vitest"
import * as Quota from "@sluice/core/Quota"
import type { Request, Simulation } from "@sluice/core/Simulation"
import { BestTime, Scenario } from "@sluice/simulator"

/** A server that counts every request by all of the quotas, each under one key. */
const simulationOf = (quotas: Readonly<Record<string, Quota.Quota>>, cost = 1): Simulation => ({
  id: "bakery",
  baseUrl: "https://bakery.test",
  quotas,
  meters: (_request, inForce) => Object.values(inForce).map((quota) => ({ quota, key: "k", cost })),
  headers: () => ({}),
  refuse: () => ({ status: 429 }),
  routes: []
})

const request: Request = { method: "GET", path: "/", query: new URLSearchParams(), headers: {}, body: "" }

const best = (simulation: Simulation, calls: number, scenario: Scenario.Input = {}, startMillis = 0) =>
  BestTime.make({
    simulation,
    scenario: Scenario.make(scenario),
    requests: Array.from({ length: calls }, () => request),
    startMillis
  }).doneAfterMillis

const second = { phase: "clock" } as const

describe("BestTime.make", () => {
  it("fills what is left of a fixed window and then each window at its first instant", () => {
    assert.deepStrictEqual(
      best(simulationOf({ q: Quota.fixed(2, "1 second", second) }), 5, {}, 300),
      [0, 0, 700, 700, 1700]
    )
  })

  it("lets a rolling window roll: N at once, and N again each window later", () => {
    assert.deepStrictEqual(
      best(simulationOf({ q: Quota.rolling(2, "1 second") }), 5, {}, 300),
      [0, 0, 1000, 1000, 2000]
    )
  })

  it("adds the shortest way there and back, and nothing else", () => {
    const latency = { before: { uniform: [5, 50] }, after: { uniform: [7, 50] } } as const
    const rolling = simulationOf({ q: Quota.rolling(2, "1 second") })
    assert.deepStrictEqual(best(rolling, 3, { latency }), [12, 12, 1012])
    // Sent at 990, the first two are counted in the window that has 5 ms left.
    const fixed = simulationOf({ q: Quota.fixed(2, "1 second", second) })
    assert.deepStrictEqual(best(fixed, 3, { latency }, 990), [12, 12, 17])
  })

  it("waits for whichever of several quotas has no room", () => {
    const both = simulationOf({ burst: Quota.rolling(2, "1 second"), minute: Quota.rolling(5, "60 seconds") })
    assert.deepStrictEqual(best(both, 7), [0, 0, 1000, 1000, 2000, 60_000, 60_000])
  })

  it("drips through a sliding counter as the last window fades", () => {
    const counter = simulationOf({ q: Quota.slidingCounter(4, "1 second") })
    // Four at the start of a window; then (1 - f) 4 + n <= 4 for the n-th of the next one.
    assert.deepStrictEqual(best(counter, 7, { counting: { start: "clock" } }), [0, 0, 0, 0, 1250, 1500, 1750])
  })

  it("refills a token bucket one by one", () => {
    const bucket = simulationOf({ q: Quota.tokenBucket({ capacity: 2, refill: 1, every: "1 second" }) })
    assert.deepStrictEqual(best(bucket, 4), [0, 0, 1000, 2000])
  })

  it("counts what each call costs", () => {
    assert.deepStrictEqual(best(simulationOf({ q: Quota.rolling(5, "1 second") }, 2), 3), [0, 0, 1000])
  })

  it("looks without being refused: neither penalties nor counted refusals cost it anything", () => {
    const strict = simulationOf({ q: Quota.rolling(1, "1 second", { penalty: "1 minute" }) })
    assert.deepStrictEqual(best(strict, 3, { counting: { countsRefused: true } }), [0, 1000, 2000])
  })

  it("is not held up by a call that meets another counter", () => {
    const simulation: Simulation = {
      ...simulationOf({ q: Quota.rolling(1, "1 second") }),
      meters: ({ path }, { q }) => (q ? [{ quota: q, key: path }] : [])
    }
    const requests = ["/a", "/a", "/b"].map((path) => ({ ...request, path }))
    const { doneAfterMillis, millis } = BestTime.make({
      simulation,
      scenario: Scenario.make(),
      requests,
      startMillis: 0
    })
    assert.deepStrictEqual(doneAfterMillis, [0, 0, 1000])
    assert.strictEqual(millis, 1000)
  })

  it("is never done with a call that is larger than its quota", () => {
    assert.deepStrictEqual(best(simulationOf({ q: Quota.rolling(1, "1 second") }, 2), 1), [Infinity])
  })
})

describe("BestTime.ofEach", () => {
  it("tells of each request, in the order in which they are given", () => {
    const simulation: Simulation = {
      ...simulationOf({ q: Quota.rolling(1, "1 second") }),
      meters: ({ path }, { q }) => (q ? [{ quota: q, key: path }] : [])
    }
    const requests = ["/a", "/a", "/b"].map((path) => ({ ...request, path }))
    const work = { simulation, scenario: Scenario.make(), requests, startMillis: 0 }
    assert.deepStrictEqual(BestTime.ofEach(work), [0, 1000, 0])
  })
})

describe("BestTime.share", () => {
  it("compares the calls that were done with the best time for as many", () => {
    const of = { doneAfterMillis: [10, 1010, 2010], millis: 2010 }
    assert.strictEqual(BestTime.share(of, 3, 4020), 0.5)
    assert.strictEqual(BestTime.share(of, 2, 2020), 0.5)
    assert.strictEqual(BestTime.share(of, 0, 2020), 0)
  })
})
