import { assert, describe, it } from "@effect/vitest"
import { Admission, type Permit } from "@sluice/core/Admission"
import * as Claim from "@sluice/core/Claim"
import * as Quota from "@sluice/core/Quota"
import * as Signal from "@sluice/core/Signal"
import { timeline } from "./admission/Timeline.ts"

const exact = { rateMargin: 0, slack: 0 } as const
const admitted = "admitted" as const
const told = (remaining: number | undefined, limit?: number): Partial<Signal.Signal> => ({
  readings: [{ ...(remaining !== undefined && { remaining }), ...(limit !== undefined && { limit }) }]
})

describe("Admission, told what remains", () => {
  const kinds = [
    Quota.rolling(10, 1000, exact),
    Quota.fixed(10, 1000, exact),
    Quota.slidingCounter(10, 1000, exact),
    Quota.idleReset(10, 1000, exact),
    Quota.tokenBucket({ capacity: 10, refill: 1, every: 1_000_000 }, exact)
  ]
  for (const quota of kinds) {
    it(`books what others use of a quota of kind ${quota.kind}, once`, () => {
      const play = timeline(quota, [
        [0, "ask", admitted],
        [1, "ask", admitted],
        [20, ["answered", told(5)]],
        [25, ["answered", told(4)]],
        [30, "ask", admitted],
        [40, ["answered", told(3)]]
      ])
      assert.strictEqual(play.book().foreign, 4)
      assert.strictEqual(play.book().free(40), 3)
    })
  }

  it("does not take units of the window before last for its own, though it remembers them", () => {
    const play = timeline(Quota.rolling(10, 1000, exact), [
      [0, "ask 5", admitted],
      [0, "answered"],
      [1500, "ask", admitted],
      [1510, ["answered", told(4)]]
    ])
    assert.strictEqual(play.book().foreign, 5)
  })

  it("lets what others used cool from the answer that told of it", () => {
    const play = timeline(Quota.rolling(10, 1000, exact), [
      [0, "ask", admitted],
      [20, ["answered", told(5)]],
      [20, "ask 5", admitted],
      [21, "ask", 1020],
      [30, "unsent"],
      [1019, "ask 6", 1020],
      [1020, "ask 6", admitted]
    ])
    assert.strictEqual(play.book().foreign, 0)
  })

  it("does not blame others for its own units, though answers come late and in any order", () => {
    const admission = new Admission()
    const claim = Claim.of(Quota.rolling(10, 10, exact))
    const ask = (at: number): Permit => {
      const permit = admission.permit(claim)
      assert.strictEqual(admission.admit(permit, at)._tag, "Admitted")
      return permit
    }
    const answer = (permit: Permit, at: number, remaining: number) =>
      admission.settle(permit, "answered", at, { ...Signal.none, ...told(remaining) })
    const first = ask(0)
    answer(first, 0, 9)
    const slow = ask(9)
    const quick = ask(9)
    answer(quick, 10, 7)
    // Counted at 9 beside the two others, which have left its own window when it is answered at 30.
    answer(slow, 30, 7)
    assert.strictEqual(first.books[0]?.foreign, 0)
  })

  it("goes on to book what others use of a quota of which they used some before", () => {
    const play = timeline(Quota.rolling(20, 1000, exact), [])
    const foreign = [15, 12, 9].map((remaining, i) => {
      play.play([
        [i * 10, "ask", admitted],
        [i * 10, ["answered", told(remaining, 20)]]
      ])
      return play.book().foreign
    })
    assert.deepStrictEqual(foreign, [4, 6, 8])
  })

  it("takes a refill that is still to come in one step for nobody's use", () => {
    const foreignAt = (remaining: number) =>
      timeline(Quota.tokenBucket({ capacity: 10, refill: 5, every: 1000, step: 5 }, exact), [
        [0, "ask", admitted],
        [0, ["answered", told(remaining, 10)]]
      ]).book().foreign
    assert.deepStrictEqual([foreignAt(5), foreignAt(4)], [0, 1])
  })

  it.each([NaN, Infinity, -1, 0, 2e9])("takes no notice of a limit of %s, nor of so much that remains", (number) => {
    const book = timeline(Quota.rolling(20, 1000, exact), [
      [0, "ask", admitted],
      [0, ["answered", told(number === 0 ? -1 : number, number)]],
      [1, "ask 19", admitted]
    ]).book()
    assert.deepStrictEqual([book.ceiling, book.limit, book.foreign], [20, 20, 0])
  })

  it("leaves others the part of the published limit that is not ours", () => {
    const shared = Quota.rolling(100, 1000, exact).pipe(Quota.share(0.5))
    const foreignAt = (remaining: number) =>
      timeline(shared, [
        [0, "ask", admitted],
        [10, ["answered", told(remaining, 100)]]
      ]).book().foreign
    assert.deepStrictEqual([foreignAt(49), foreignAt(48)], [0, 1])
  })

  it("slows down below the mark only when others use the key, unless it is told always to", () => {
    const quota = Quota.rolling(10, 1000, { ...exact, slowBelow: 9 })
    timeline(quota, [
      [0, "ask 3", admitted],
      [10, ["answered", told(7)]],
      [10, "ask", admitted],
      [10, "ask", admitted]
    ])
    timeline(quota, [
      [0, "ask 3", admitted],
      [10, ["answered", told(6)]],
      [10, "ask", admitted],
      [10, "ask", 94]
    ])
  })

  it("takes a lower limit that is told, takes it back, and goes beyond its own only where that is a guess", () => {
    const limits = (assumed: boolean) => {
      const play = timeline(Quota.rolling(10, 1000, { ...exact, assumed }), [])
      return [6, 10, 20].map((limit, i) => {
        play.play([
          [i * 5000, "ask", admitted],
          [i * 5000, ["answered", told(undefined, limit)]]
        ])
        return [play.book().ceiling, play.book().limit, play.book().free(i * 5000)]
      })
    }
    assert.deepStrictEqual(limits(false), [
      [6, 6, 5],
      [10, 10, 9],
      [10, 10, 9]
    ])
    assert.deepStrictEqual(limits(true)[2], [20, 20, 19])
  })

  it("takes a share of a lower limit that is told", () => {
    const play = timeline(Quota.rolling(100, 1000, exact).pipe(Quota.share(0.5)), [
      [0, "ask", admitted],
      [0, ["answered", told(undefined, 60)]],
      [0, "ask 31", "never"]
    ])
    assert.strictEqual(play.book().ceiling, 30)
  })

  it("leaves a limit that is told of another quota alone", () => {
    const play = timeline(Quota.rolling(10, 1000, { ...exact, name: "a" }), [
      [0, "ask", admitted],
      [0, ["answered", { readings: [{ quota: "b", limit: 2, remaining: 0 }] }]]
    ])
    assert.deepStrictEqual([play.book().ceiling, play.book().foreign], [10, 0])
  })
})
