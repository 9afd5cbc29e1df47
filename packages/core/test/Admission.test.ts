import { assert, describe, it } from "@effect/vitest"
import { Admission } from "@sluice/core/Admission"
import * as Claim from "@sluice/core/Claim"
import * as Quota from "@sluice/core/Quota"
import * as Signal from "@sluice/core/Signal"
import { type Row, timeline } from "./admission/Timeline.ts"

const exact = { rateMargin: 0, slack: 0 } as const
const admitted = "admitted" as const

describe("Admission", () => {
  it("takes nothing of one quota where another has no room", () => {
    const two = [Quota.rolling(5, 1000, exact), Quota.rolling(1, 300, { ...exact, name: "burst" })]
    const play = timeline(two, [
      [0, "ask", admitted],
      [0, "ask"],
      [0, "ask"]
    ])
    assert.strictEqual(play.book().inFlight, 1)
    assert.strictEqual(play.book().free(0), 4)
  })

  it("names the need that holds a claim back and the largest claim that there can be", () => {
    const claim = (cost: number) =>
      Claim.make({ needs: [Claim.need(Quota.rolling(9, 50)), Claim.need(Quota.rolling(3, 1000), { cost })] })
    const admission = new Admission()
    assert.deepStrictEqual(admission.admit(admission.permit(claim(4)), 0), { _tag: "Never", need: 1, largest: 3 })
    assert.deepStrictEqual(admission.admit(admission.permit(claim(2)), 0), { _tag: "Admitted" })
    assert.deepInclude(admission.admit(admission.permit(claim(2)), 0), { _tag: "Wait", need: 1 })
  })

  it("credits the latency floor after a hundred answers, up to half their minimum, and not after a refusal", () => {
    const play = timeline(Quota.rolling(1, 200, { ...exact, latencyFloor: 40 }), [])
    const freeAfter = (at: number) => {
      play.play([
        [at, "ask", "admitted"],
        [at + 60, "answered"]
      ])
      return play.book().earliest(1, at + 60) - (at + 60)
    }
    const seen = Array.from({ length: 120 }, (_, i) => freeAfter(i * 1000))
    assert.deepStrictEqual([seen[0], seen[98], seen[99], seen[119]], [200, 200, 170, 170])
    play.play([
      [200_000, "ask", "admitted"],
      [200_060, ["refused", { retry: { kind: "after", millis: 1, toleranceMillis: 0 } }]]
    ])
    assert.strictEqual(freeAfter(300_000), 200)
  })

  it("forgets only books by which nothing would change", () => {
    const play = timeline(Quota.rolling(1, 1000, exact), [[0, "ask", "admitted"]])
    const evictedAt = (at: number) => play.admission.evict(at)
    assert.strictEqual(evictedAt(10_000), 0)
    play.play([[10_000, "answered"]])
    // The permit is let go of with its body.
    assert.strictEqual(evictedAt(10_999), 0)
    play.play([[10_999, "read"]])
    assert.strictEqual(evictedAt(10_999), 0)
    const waiting = play.admission.permit(Claim.of(Quota.rolling(1, 1000, exact)))
    assert.strictEqual(evictedAt(11_000), 0)
    play.admission.discard(waiting)
    assert.strictEqual(evictedAt(11_000), 1)
    assert.strictEqual(play.admission.books.size, 0)
  })

  it("ends a permit once", () => {
    const admission = new Admission()
    const permit = admission.permit(Claim.of(Quota.rolling(1, 1000, exact)))
    admission.admit(permit, 0)
    admission.settle(permit, "answered", 10, Signal.none)
    admission.settle(permit, "unsent", 20, Signal.none)
    admission.release(permit, 20, "read")
    admission.release(permit, 30, "cut")
    admission.discard(permit)
    assert.strictEqual(permit.books[0]?.free(20), 0)
    assert.strictEqual(permit.books[0]?.holders, 0)
  })

  it("frees no unit that has a floor's credit before an older one that has none", () => {
    const play = timeline(Quota.rolling(200, 10_000, { ...exact, latencyFloor: 40 }), [])
    for (let i = 0; i < 100; i++) play.play([[0, "ask", "admitted"]])
    for (let i = 0; i < 100; i++) play.play([[80, "answered"]])
    play.play([
      [10_041, "ask 200", 10_080],
      [10_080, "ask 200", "admitted"]
    ])
  })

  describe("of what is counted on arrival", () => {
    const served = (servedMillis: number) => ["answered", { servedMillis }] as const
    const hundred: ReadonlyArray<Row> = [
      ...Array.from({ length: 100 }, (): Row => [0, "ask", "admitted"]),
      ...Array.from({ length: 100 }, (): Row => [50, served(40)])
    ]
    const exactly = (options: Quota.Options) => Quota.rolling(101, 1000, { ...exact, ...options })

    it("takes the server's time off the window, once a hundred answers were seen", () => {
      timeline(exactly({ countsOnArrival: true }), [
        ...hundred,
        [60, "ask", "admitted"],
        [160, served(40)],
        // The first ninety-nine answers had no credit; the hundredth and this one have.
        [1049, "ask 99", 1050],
        [1050, "ask 100", "admitted"],
        [1100, "ask", 1120],
        [1120, "ask", "admitted"]
      ])
    })

    it("believes a server's time no further than the request was under way, and by its own clock", () => {
      timeline(exactly({ countsOnArrival: true, rateMargin: 0.01 }), [
        ...hundred,
        [60, "ask", "admitted"],
        [160, served(5000)],
        [1060, "ask 100", "admitted"],
        [1060, "ask", 1070],
        [1260, served(101)],
        [2170, "ask 101", 2171],
        [2171, "ask 101", "admitted"]
      ])
    })

    it("takes nothing off for any other quota", () => {
      timeline(exactly({}), [...hundred, [60, "ask", "admitted"], [160, served(40)], [1159, "ask 101", 1160]])
    })
  })

  it("lets a bucket leak more slowly by its margin", () => {
    timeline(Quota.tokenBucket({ capacity: 1, refill: 1, every: 1000 }, { slack: 0, rateMargin: 0.1 }), [
      [0, "ask", "admitted"],
      [0, "answered"],
      [1, "ask", 1100],
      [1100, "ask", "admitted"]
    ])
  })

  it("rounds answers of large quotas to the end of a thousandth of the window", () => {
    timeline(Quota.rolling(2000, 60_000, exact), [
      [0, "ask 2000", "admitted"],
      [10, "answered"],
      [11, "ask", 60_060],
      [60_059, "ask", 60_060],
      [60_060, "ask", "admitted"]
    ])
  })

  it("counts quotas of one name as one where they say the same, and refuses another definition by name", () => {
    const admission = new Admission()
    const claimOf = (limit: number) => Claim.of(Quota.rolling(limit, 1000, { name: "rate" }))
    admission.permit(claimOf(10))
    admission.permit(claimOf(10))
    assert.strictEqual(admission.books.size, 1)
    assert.throws(() => admission.permit(claimOf(20)), /quota "rate" takes one definition for each counter/)
  })
})
