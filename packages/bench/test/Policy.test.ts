import { assert, describe, it } from "@effect/vitest"
import * as Network from "@sluice/bench/Network"
import * as Policy from "@sluice/bench/Policy"
import { BestTime, Scenario } from "@sluice/simulator"
import { Effect } from "effect"

const windows = (loaded: Policy.Loaded) =>
  Policy.limitsOf(loaded).map(({ limit, machineMillis, windowMillis }) => [limit, windowMillis, machineMillis])

describe("Policy", () => {
  it.effect.each([
    ["attio", [[100, 1000, 1000]]],
    ["clarifai", [[15, 1000, 1000]]],
    [
      "productlane",
      [
        [1000, 60_000, 12_000],
        [333, 10_000, 2000]
      ]
    ],
    ["prayerletters", [[200, 3_600_000, 12_000]]],
    [
      "suiteop",
      [
        [1000, 60_000, 20_000],
        [50, 1000, 1000 / 3]
      ]
    ]
  ] as const)("tells peers the windows that the calls of %s can fill, the longest first", ([id, expected]) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        windows(yield* Policy.load(id, false)),
        expected.map((window) => [...window])
      )
    })
  )

  it.effect.each(Policy.ids)("of %s the best time takes twenty to thirty seconds of the machine's", (id) =>
    Effect.gen(function* () {
      const loaded = yield* Policy.load(id, false)
      const { millis } = BestTime.make({
        simulation: loaded.simulation,
        scenario: Scenario.make({ latency: Network.latencyOf("uniform", loaded.speed), counting: { phaseMillis: 0 } }),
        requests: Policy.requestsOf(loaded),
        startMillis: 200
      })
      assert.isAbove(millis / loaded.speed, 20_000)
      assert.isBelow(millis / loaded.speed, 30_000)
    })
  )

  it.effect("has latencies that do not shrink with its speed", () =>
    Effect.sync(() => {
      const { after, before } = Scenario.make({ latency: Network.latencyOf("uniform", 10) })
      assert.deepStrictEqual(before, { kind: "uniform", minMillis: 50, maxMillis: 500 })
      assert.deepStrictEqual(after, before)
    })
  )

  it.effect("knows no others", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Policy.load("bakery", false))
      assert.include(error.message, "bakery")
    })
  )
})
