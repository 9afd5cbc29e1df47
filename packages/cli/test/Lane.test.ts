import { assert, describe, it } from "@effect/vitest"
import { Stats } from "@sluice/simulator"
import * as Lane from "@sluice/cli/Lane"

const point = (atMillis: number, quota: string, isRefused = false): Stats.Point => ({
  atMillis,
  quota,
  isRefused,
  simulation: "bakery",
  key: "k",
  cost: 1,
  isForeign: false
})

describe("Lane.requestsOf", () => {
  it("takes the counters of one request for one request", () => {
    const timeline = [
      point(5, "hour"),
      point(5, "day"),
      point(5, "hour"),
      point(5, "day"),
      point(7, "hour", true),
      point(7, "day", true),
      point(7, "day", true),
      point(9, "hour"),
      point(9, "day")
    ]
    assert.deepStrictEqual(Lane.requestsOf({ ...Stats.empty, timeline }, 5), {
      countedAfterMillis: [0, 0, 4],
      refusedAfterMillis: [2, 2]
    })
  })
})
