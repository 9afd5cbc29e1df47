import { assert, describe, it } from "@effect/vitest"
import { failureOf, runTask, servers, stances, tasks } from "@sluice/prove/Hidden"

/** The long run is `npm run prove -- --unknown`. */
const patience = { timeout: 120_000 }

for (const stance of stances) {
  describe(`100 in 10 s, taken for ${stance}`, () => {
    for (const server of Object.keys(servers)) {
      const promise = stance === "unknown" ? "is never refused by a" : "is refused in one episode at most by a"
      it(`${promise} ${server}`, patience, () => {
        const rows = tasks(7, 1)
          .filter((task) => task.server === server && task.stance === stance)
          .map(runTask)
        assert.deepStrictEqual(
          rows.flatMap((row) => failureOf(row) ?? []),
          []
        )
        assert.isAbove(Math.min(...rows.map((row) => row.share)), 0.6)
      })
    }
  })
}

describe("runTask", () => {
  it("sees what a counter of two windows refuses a client that takes it for a log", () => {
    const task = { latency: "none", windows: 3, seeds: 1, stance: "rolling" } as const
    assert.strictEqual(runTask({ ...task, server: "sliding counter, from the first" }).episodes, 1)
    assert.strictEqual(runTask({ ...task, server: "rolling log" }).episodes, 0)
  })
})
