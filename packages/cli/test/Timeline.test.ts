import { assert, describe, it } from "@effect/vitest"
import * as Timeline from "@sluice/cli/Timeline"

describe("Timeline", () => {
  it("takes the smallest round bucket that is not too small", () => {
    assert.strictEqual(Timeline.bucketMillis(10_000, 100), 100)
    assert.strictEqual(Timeline.bucketMillis(10_001, 100), 250)
    assert.strictEqual(Timeline.bucketMillis(3_600_000_000, 100), 36_000_000)
  })

  it("counts instants in their buckets, those past the end in the last one", () => {
    const edges = Timeline.edges(250, 100)
    assert.deepStrictEqual(edges, [0, 100, 200])
    assert.deepStrictEqual(Timeline.perBucket([0, 99, 100, 250, 900], edges, 100), [2, 1, 2])
  })

  it("adds up what has come so far", () => {
    assert.deepStrictEqual(Timeline.soFar([5, 0, 10], [0, 4, 5, 20]), [1, 1, 2, 3])
  })
})
