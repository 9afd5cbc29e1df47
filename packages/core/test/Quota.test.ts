import { Claim, Quota } from "@sluice/core"
import * as Policy from "@sluice/core/Policy"
import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"

describe("Quota", () => {
  it("reads a policy from JSON and writes it back", () => {
    const policy = { kind: "fixed", name: "reads", limit: 100, window: "1 second", phase: "clock", assumed: true }
    const quota = Schema.decodeUnknownSync(Policy.Quota)(policy)
    assert.strictEqual(quota.windowMillis, 1000)
    assert.strictEqual(quota.phase, "clock")
    const written: unknown = JSON.parse(JSON.stringify(Schema.encodeSync(Policy.Quota)(quota)))
    assert.deepStrictEqual({ ...Schema.decodeUnknownSync(Policy.Quota)(written) }, { ...quota })
  })

  it.each([
    [
      { kind: "rolling", limit: 0, window: "1 second" },
      "limit takes a whole number from 1 to 1000000, but was given 0"
    ],
    [{ kind: "rolling", limit: 1.5, window: 1000 }, "limit takes a whole number"],
    [{ kind: "rolling", limit: 5 }, "window takes a duration"],
    [{ kind: "rolling", limit: 5, window: "soon" }, `but was given "soon"`],
    [{ kind: "rolling", limit: 5, window: 0 }, "window takes a duration"],
    [{ kind: "rolling", limit: 5, window: 1000, slack: -1 }, "slack takes a duration"],
    [{ kind: "rolling", limit: 5, window: 1000, rateMargin: 0.6 }, "rateMargin takes a fraction from 0 to 0.5"],
    [{ kind: "rolling", limit: 5, window: 1000, published: 4 }, "published takes at least the limit, 5"],
    [{ kind: "rolling", limit: 5, window: 1000, slowBelow: -1 }, "slowBelow takes a number of remaining units"],
    [{ kind: "unknown", limit: 1_000_000, window: "60 days" }, "window takes at most 2251799813 ms with a limit"],
    [{ kind: "tokenBucket", limit: 5, window: 1000, step: 6 }, "step takes at most the limit, 5"],
    [{ kind: "rolling", limit: 5, window: 1000, name: "" }, "name takes a text that is not empty"]
  ])("refuses %j and says why", (json, reason) => {
    const result = Schema.decodeUnknownResult(Policy.Quota)(json)
    assert.isTrue(Result.isFailure(result))
    assert.include(Result.isFailure(result) ? result.failure.message : "", reason)
    assert.throws(() => Quota.make(json as Quota.Definition), reason)
  })

  it("takes a share, rounded down, and remembers what was published", () => {
    const half = Quota.rolling(15, "1 second").pipe(Quota.share(0.5))
    assert.strictEqual(half.limit, 7)
    assert.strictEqual(half.published, 15)
    assert.strictEqual(Quota.share(half, 0.01).limit, 1)
    assert.throws(() => Quota.share(half, 0), "share takes a fraction above 0 and up to 1, but was given 0")
  })

  it("shares the rate of a bucket as well as its capacity", () => {
    const bucket = Quota.tokenBucket({ capacity: 10, refill: 2, every: "1 second" }).pipe(Quota.share(0.5))
    assert.strictEqual(bucket.limit, 5)
    assert.strictEqual(bucket.refill / bucket.windowMillis, 0.001)
  })

  it("gives civil days the hours of the longest", () => {
    assert.strictEqual(Quota.calendar(600, "day").windowMillis, 25 * 3_600_000)
    assert.strictEqual(Quota.calendar(600, "day").name, "600 per day")
  })

  it("names itself by what it promises", () => {
    assert.strictEqual(Quota.rolling(1000, "1 minute").name, "1000 per 1m")
  })
})

describe("Claim", () => {
  const quota = Quota.rolling(5, 1000, { name: "rate" })

  it("refuses costs that are no units, and one counter twice", () => {
    assert.throws(() => Claim.need(quota, { cost: 0 }), "cost of rate takes a whole number, 1 or more, but was given 0")
    assert.throws(() => Claim.of(quota, quota), "each counter once")
  })

  it("keeps the parts of a counter's name apart", () => {
    const needs = [Claim.need(quota)]
    assert.throws(
      () => Claim.make({ needs, partition: "a|b" }),
      'partition takes a text without "|", but was given a|b'
    )
    assert.throws(() => Claim.inPartition(Claim.of(quota), "a|b"), 'partition takes a text without "|"')
    assert.throws(() => Claim.of(Quota.named(quota, "a|b")), 'name of a quota takes a text without "|"')
  })

  it("moves to another partition's counters", () => {
    const moved = Claim.inPartition(Claim.of(quota), "acme")
    assert.strictEqual(moved.needs[0]?.key, Claim.make({ needs: [Claim.need(quota)], partition: "acme" }).needs[0]?.key)
  })

  it("does not move a need that has a partition of its own", () => {
    const shared = Claim.make({ needs: [Claim.need(quota, { partition: "workspace", within: "|a" })] })
    assert.strictEqual(Claim.inPartition(shared, "acme").needs[0]?.key, shared.needs[0]?.key)
  })
})
