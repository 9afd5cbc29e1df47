import { assert, describe, it } from "@effect/vitest"
import * as Quota from "@sluice/core/Quota"
import type * as Signal from "@sluice/core/Signal"
import { type Row, timeline } from "./admission/Timeline.ts"

const exact = { rateMargin: 0, slack: 0 } as const
const admitted = "admitted" as const
const soon: Partial<Signal.Signal> = { retry: { kind: "after", millis: 10, toleranceMillis: 0 } }
const four = Quota.rolling(4, 1000, exact)

/** Four in one window, and one in the next, which no log of a window refuses. */
const refusedInNext = (at: number): ReadonlyArray<Row> => [
  [at, "ask 4", admitted],
  [at, "answered"],
  [at, "read"],
  [at + 1000, "ask", admitted],
  [at + 1000, ["refused", soon], at + 1010],
  [at + 1000, "read"]
]

describe("Admission of a kind in doubt", () => {
  it("weighs two windows after a refusal that no rolling rule explains, with what it knew of both", () => {
    timeline(four, [
      ...refusedInNext(0),
      // Three are left of four, and the window is 5 ms longer: the old four weigh one unit less than two when 755 of it are gone.
      [1010, "ask", 1755],
      [1754, "ask", 1755],
      [1755, "ask", admitted]
    ])
  })

  it("lets a claim of the whole limit wait for two windows, of which the first is weighed as its own", () => {
    const play = timeline(four, [
      ...refusedInNext(0),
      [1010, "ask 4", 3005],
      [1755, "ask", admitted],
      [1760, ["answered", { readings: [{ remaining: 0 }] }]]
    ])
    assert.strictEqual(play.book().foreign, 0)
  })

  it("weighs what was logged before, though the window is stretched no further", () => {
    const play = timeline(four, [
      [0, "ask", admitted],
      [500, ["refused", soon], 510],
      [500, "read"],
      [9000, "ask 4", admitted],
      [9000, "answered"],
      [9000, "read"],
      [10_100, "ask", admitted],
      [10_100, ["refused", soon]],
      [10_110, "ask", 10_850],
      [10_850, "ask", admitted],
      [10_850, ["answered", { readings: [{ remaining: 0 }] }]]
    ])
    assert.deepStrictEqual([play.book().cooling, play.book().foreign], [1100, 0])
  })

  it("trusts the kind where two windows would not explain the refusal either", () => {
    const rows = (refused: Quota.Quota): ReadonlyArray<Row> => [
      [0, `ask ${refused.countsRefused ? 3 : 4}`, admitted],
      [0, "answered"],
      [refused.countsRefused ? 500 : 1000, "ask", admitted],
      [refused.countsRefused ? 500 : 1000, ["refused", soon]]
    ]
    timeline(four, [...rows(four), [1005, "ask 2", admitted]])
    const free = Quota.withOptions(four, { countsRefused: false })
    timeline(free, [...rows(free), [1010, "ask", 1505]])
  })

  it("doubts the phase first, and the kind when a request is refused that went by the rolling rule", () => {
    const told = { readings: [{ reset: { kind: "after" as const, millis: 100, toleranceMillis: 0 } }] }
    timeline(Quota.fixed(4, 1000, { ...exact, phase: "reset" }), [
      [0, "ask 4", admitted],
      [0, ["answered", told]],
      [100, "ask", admitted],
      [100, "ask", admitted],
      [100, ["refused", soon], 110],
      // It went before the first refusal was known.
      [101, ["refused", soon], 111],
      [111, "ask", 1005],
      [1005, "ask", admitted],
      [1005, ["refused", soon], 1015],
      [1015, "ask", 2015]
    ])
  })

  it("trusts no phase while the kind is in doubt: what a told end would free is still weighed", () => {
    const told = { readings: [{ reset: { kind: "after" as const, millis: 100, toleranceMillis: 0 } }] }
    const play = timeline(Quota.fixed(4, 1000, { ...exact, phase: "reset" }), [
      [0, "ask 4", admitted],
      [0, ["answered", told]],
      [100, "ask", admitted],
      [100, ["refused", soon], 110],
      [1005, "ask", admitted],
      [1005, ["refused", soon], 1015],
      // By now the phase alone would be trusted again.
      [30_000, "ask", admitted],
      [30_000, "answered"],
      [30_000, "ask", admitted],
      [30_000, ["answered", told]]
    ])
    play.book().advance(30_200)
    assert.strictEqual(play.book().occupied, 2)
  })

  it("trusts the kind again when that has cost some sixty windows, and the next time after twice as long", () => {
    const play = timeline(four, refusedInNext(0))
    const doubted = 64 * 4 * 1000
    assert.deepStrictEqual(
      [999 + doubted, 1000 + doubted].map((at) => play.admission.evict(at)),
      [0, 1]
    )
    const again = timeline(four, [
      ...refusedInNext(0),
      [300_000, "ask 4", admitted],
      [300_000, "answered"],
      [300_000, "read"],
      [301_000, "ask 4", admitted],
      [301_000, ["refused", soon]],
      [301_000, "read"]
    ])
    const later = 301_000 + 2 * doubted
    assert.deepStrictEqual(
      [later - 1, later].map((at) => again.admission.evict(at)),
      [0, 1]
    )
  })

  it("frees at once, when it trusts the kind again, what was weighed for a second window", () => {
    timeline(four, [
      ...refusedInNext(0),
      [256_000, "ask 4", admitted],
      [256_000, "answered"],
      [257_000, "ask 4", admitted]
    ])
  })
})

describe("Admission with the stance unknown", () => {
  it("weighs two windows for rolling and fixed quotas from the beginning, whatever is told of a phase", () => {
    for (const quota of [four, Quota.fixed(4, 1000, { ...exact, phase: "clock" })]) {
      const rows: ReadonlyArray<Row> = [
        [0, "ask 4", admitted],
        [0, ["answered", { serverDateMillis: 500 }]],
        [1000, "ask", 1250],
        [1250, "ask", admitted]
      ]
      timeline(quota, rows, { stance: "unknown" })
    }
  })

  it("leaves the other kinds alone", () => {
    const bucket = Quota.tokenBucket({ capacity: 4, refill: 4, every: 1000 }, exact)
    timeline(
      bucket,
      [
        [0, "ask 4", admitted],
        [0, "answered"],
        [1000, "ask 4", admitted]
      ],
      { stance: "unknown" }
    )
  })
})

describe("Admission of a sliding counter", () => {
  it("is closed by a refusal that tells no time until something leaves the last window", () => {
    timeline(Quota.slidingCounter(4, 60_000, exact), [
      [0, "ask", admitted],
      [0, "answered"],
      [10, "ask", admitted],
      [10, "refused", 60_000]
    ])
  })

  it("rounds answers of large quotas to the end of a thousandth of the window", () => {
    timeline(Quota.slidingCounter(2000, 10_000, exact), [
      [0, "ask 2000", admitted],
      [1, "answered"],
      [10_000, "ask 2000", 20_010]
    ])
  })
})
