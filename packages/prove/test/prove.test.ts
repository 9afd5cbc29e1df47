import { assert, describe, it } from "@effect/vitest"
import { groups, runGroup } from "@sluice/prove/Case"

/** The full run is `npm run prove`; here every fault under one latency, and none under the others. */
const seed = 1
/** Where other work goes on, thousands of requests take their time. */
const patience = { timeout: 180_000 }

for (const group of groups) {
  const isFull = group.latency === "uniform"
  describe(`${group.server}, latency ${group.latency}`, () => {
    it(isFull ? "keeps the promise under every fault" : "is never refused, and gives its price", patience, () => {
      // What a thousand requests come to depends on the seed by more than the hundredth that may be missing.
      const undisturbed = runGroup(group, 2500, seed, "nothing")
      const faults = isFull ? runGroup(group, 1000, seed).filter(({ trial }) => trial !== "nothing") : []
      const rows = [...undisturbed, ...faults]
      const failures = rows.flatMap(({ failure, trial }) => (failure === undefined ? [] : [`${trial}: ${failure}`]))
      assert.deepStrictEqual(failures, [])
      assert.isAbove(rows.length, 0)
    })
  })
}

describe("runGroup", () => {
  it("gives the same rows for the same seed, and others for another", () => {
    const group = { server: "rolling log, only bursts", latency: "tail" }
    const [first, again, other] = [1, 1, 2].map((one) => runGroup(group, 300, one, "others on the key"))
    assert.deepStrictEqual(first, again)
    assert.notDeepEqual(first, other)
  })

  it("tells of a server that counts otherwise than the client was told", () => {
    const [row] = runGroup({ server: "rolling log", latency: "none" }, 2000, seed, "clock runs slow")
    assert.isAbove(row?.refusals ?? 0, 0)
    assert.isTrue(row?.isBroken)
  })
})
