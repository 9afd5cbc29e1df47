import { assert, describe, it } from "@effect/vitest"
import { Stats } from "@sluice/simulator"

const seen = (stats: Partial<Stats.Stats>) => Stats.summary({ ...Stats.empty, ...stats })

describe("Stats.summary", () => {
  it("tells a client that was never refused so", () => {
    assert.strictEqual(seen({}), "0 calls, 0 refused")
    assert.strictEqual(seen({ requests: 1 }), "1 call, 0 refused")
    assert.strictEqual(seen({ requests: 241 }), "241 calls, 0 refused")
  })

  it("counts a refusal that was forced among those by quotas", () => {
    const intercepted = { intercepted: 1, interceptedByStatus: { 429: 1 } }
    assert.strictEqual(seen({ requests: 5, refusals: 1, ...intercepted }), "5 calls, 2 refused")
  })

  it("tells by status what was answered without being counted, and what is not simulated", () => {
    const intercepted = { intercepted: 4, interceptedByStatus: { 503: 1, 401: 3 } }
    assert.strictEqual(
      seen({ requests: 9, unrouted: 2, ...intercepted }),
      "9 calls, 0 refused, 3 answered 401, 1 answered 503, 2 not simulated"
    )
  })
})

describe("Stats.merge", () => {
  it("adds up statuses", () => {
    const of = (interceptedByStatus: Stats.Stats["interceptedByStatus"]) => ({ ...Stats.empty, interceptedByStatus })
    const { interceptedByStatus } = Stats.merge([of({ 401: 2, 429: 1 }), of({ 401: 1 }), of({})])
    assert.deepStrictEqual(interceptedByStatus, { 401: 3, 429: 1 })
  })
})
