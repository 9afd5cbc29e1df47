import { assert, describe, it } from "@effect/vitest"
import { Admission } from "@sluice/core/Admission"
import * as Claim from "@sluice/core/Claim"
import * as Quota from "@sluice/core/Quota"
import * as Signal from "@sluice/core/Signal"
import { type Row, timeline } from "./admission/Timeline.ts"

const exact = { rateMargin: 0, slack: 0 } as const
const admitted = "admitted" as const
const after = (millis: number, toleranceMillis = 0): Partial<Signal.Signal> => ({
  retry: { kind: "after", millis, toleranceMillis }
})
const unpublished = Quota.unpublished(1000)

const closures: Record<string, readonly [Quota.Quota, ReadonlyArray<Row>]> = {
  "until the told instant and what it may be off": [
    unpublished,
    [
      [0, "ask", admitted],
      [100, ["refused", after(5000, 1000)], 6100],
      [6099, "ask", 6100],
      [6100, "ask", admitted]
    ]
  ],
  "until a told date, by the response's own": [
    unpublished,
    [
      [0, "ask", admitted],
      [
        100,
        ["refused", { serverDateMillis: 70_000, retry: { kind: "at", millis: 73_000, toleranceMillis: 1000 } }],
        4100
      ]
    ]
  ],
  "for a second where the told instant is now": [
    unpublished,
    [
      [0, "ask", admitted],
      [100, ["refused", after(0, 1000)], 1100],
      [1099, "ask", 1100]
    ]
  ],
  "for a second where the told date is past": [
    unpublished,
    [
      [0, "ask", admitted],
      [
        100,
        ["refused", { serverDateMillis: 70_000, retry: { kind: "at", millis: 69_000, toleranceMillis: 1000 } }],
        1100
      ]
    ]
  ],
  "twice as long each time in a row, up to the longest pause, and again a second after a success": [
    unpublished,
    [
      [0, "ask", admitted],
      [0, "refused", 1000],
      [1000, "ask", admitted],
      [1000, "refused", 3000],
      [3000, "ask", admitted],
      [3000, "refused", 7000],
      [7000, "ask", admitted],
      [7000, "refused", 15_000],
      [15_000, "ask", admitted],
      [15_000, "refused", 31_000],
      [31_000, "ask", admitted],
      [31_000, "refused", 63_000],
      [63_000, "ask", admitted],
      [63_000, "refused", 123_000],
      [123_000, "ask", admitted],
      [123_000, "answered"],
      [123_001, "ask", admitted],
      [123_001, "refused", 124_001]
    ]
  ],
  "once for all that were under way, and the longest counts": [
    unpublished,
    [
      [0, "ask", admitted],
      [0, "ask", admitted],
      [0, "ask", admitted],
      [0, "ask", admitted],
      [10, "refused", 1010],
      [11, "refused", 1011],
      [12, ["refused", after(3000)], 3012],
      [13, ["refused", after(20)], 33],
      [3011, "ask", 3012]
    ]
  ],
  "and lets one go then, one more after each success": [
    unpublished,
    [
      [0, "ask", admitted],
      [0, "refused", 1000],
      [1000, "ask", admitted],
      [1000, "ask", Infinity],
      [1001, "answered"],
      [1001, "ask", admitted],
      [1001, "ask", admitted],
      [1001, "ask", Infinity],
      [1002, "answered"],
      [1002, "answered"],
      [1002, "ask 4", admitted],
      [1002, "ask", Infinity]
    ]
  ],
  "whatever older requests are answered": [
    unpublished,
    [
      [0, "ask", admitted],
      [0, "ask", admitted],
      [10, ["refused", after(1e12)]],
      [20, "answered"],
      [30, "ask", "shut"]
    ]
  ],
  "callers out beyond the longest pause, but for one probe each time": [
    unpublished,
    [
      [0, "ask", admitted],
      [0, ["refused", after(1e12)], 366 * 86_400_000],
      [59_999, "ask", "shut"],
      [60_000, "ask", admitted],
      [60_000, "ask", "shut"],
      [60_010, "refused"],
      [120_009, "ask", "shut"],
      [120_010, "ask", admitted],
      [120_020, "answered"],
      [120_020, "ask", admitted],
      [120_020, "ask", admitted],
      [120_020, "ask", Infinity]
    ]
  ],
  "for the provider's penalty at least": [
    Quota.unpublished(1000, { penalty: 4000 }),
    [
      [0, "ask", admitted],
      [0, ["refused", after(10)], 4000]
    ]
  ],
  "a place that has been released by a refusal's body no earlier": [
    Quota.concurrency(3),
    [
      [0, "ask", admitted],
      [0, ["refused", after(1e12)]],
      [5, "read"],
      [10, "ask", "shut"]
    ]
  ]
}

describe("Admission after a refusal", () => {
  for (const [name, [quota, rows]] of Object.entries(closures)) it(`closes ${name}`, () => void timeline(quota, rows))

  it("closes the quotas that are named, and otherwise all of the claim", () => {
    const [a, b] = [Quota.rolling(9, 1000, { name: "a" }), Quota.rolling(9, 1000, { name: "b" })]
    const closedBooks = (signal: Partial<Signal.Signal>) => {
      const admission = new Admission()
      const permit = admission.permit(Claim.of(a, b))
      admission.admit(permit, 0)
      const closure = admission.settle(permit, "refused", 0, { ...Signal.none, ...signal })
      return closure?.books.map((book) => book.quota.name)
    }
    assert.deepStrictEqual(closedBooks({ closes: ["b"] }), ["b"])
    assert.deepStrictEqual(closedBooks({ closes: ["unheard of"] }), ["a", "b"])
    assert.deepStrictEqual(closedBooks({}), ["a", "b"])
    assert.deepStrictEqual(closedBooks({ closes: [] }), [])
  })

  it("cuts the limit once an episode and lets it grow back to the published one", () => {
    const play = timeline(Quota.rolling(20, 1000, exact), [
      [0, "ask", admitted],
      [0, "ask", admitted],
      [10, ["refused", after(100)], 110],
      [11, ["refused", after(100)], 111]
    ])
    const limitAt = (at: number) => {
      play.book().advance(at)
      return play.book().limit
    }
    assert.deepStrictEqual([1109, 1110, 2120, 2121, 99_000].map(limitAt), [16, 17, 17, 18, 20])
  })

  it("stretches the window by what the refused request's way explains, twice as much each time, and forgets it at last", () => {
    const play = timeline(Quota.rolling(20, 10_000, exact), [
      [0, "ask", admitted],
      [99, ["refused", after(100)], 199]
    ])
    const coolingAt = (at: number) => {
      play.book().advance(at)
      return play.book().cooling
    }
    assert.strictEqual(coolingAt(199), 10_100)
    const again = timeline(Quota.rolling(20, 10_000, exact), [
      [0, "ask", admitted],
      [99, ["refused", after(100)], 199],
      [300, "ask", admitted],
      [301, ["refused", after(100)], 401]
    ])
    assert.strictEqual(again.book().cooling, 10_200)
    const calm = 2 * 16 * 10_000
    assert.deepStrictEqual([199 + calm - 1, 199 + calm].map(coolingAt), [10_100, 10_050])
    assert.deepStrictEqual([coolingAt(10 * calm), play.book().caution.strikes], [10_000, 0])
  })

  it("stretches the window by a tenth at most", () => {
    const play = timeline(Quota.rolling(20, 1000, exact), [
      [0, "ask", admitted],
      [500, ["refused", after(100)], 600]
    ])
    assert.strictEqual(play.book().cooling, 1100)
  })

  it("slows a bucket by what stretches its window: what is in debt, and what is answered later", () => {
    timeline(Quota.tokenBucket({ capacity: 4, refill: 1, every: 1000 }, exact), [
      [0, "ask", admitted],
      [99, ["refused", after(100)], 199],
      // A unit leaks in 1100 ms now: of the refused one, a tenth of a second is gone.
      [199, "ask 3", 1199],
      [199, "ask", admitted],
      [199, "answered"],
      [199, "ask 3", 2299]
    ])
  })

  it("waits twice as long for each refusal in a row before the limit grows", () => {
    const play = timeline(Quota.rolling(20, 1000, exact), [
      [0, "ask", admitted],
      [0, ["refused", after(100)], 100],
      [100, "ask", admitted],
      [101, ["refused", after(100)], 201]
    ])
    const limitAt = (at: number) => {
      play.book().advance(at)
      return play.book().limit
    }
    const [steady] = [play.book().cooling]
    assert.deepStrictEqual([201 + 2009, 201 + 2010].map(limitAt), [12, 13])
    assert.strictEqual(limitAt(201 + 2010 + steady), 14)
  })

  it("backs off, and does not wait for a window, where our own books explain nothing", () => {
    timeline(Quota.rolling(20, 60_000, exact), [
      [0, "ask", admitted],
      [0, "ask", admitted],
      [10, "refused", 1010],
      [11, "refused", 1011],
      [1011, "ask", admitted],
      [1012, "answered"],
      [1013, "ask", admitted],
      [1014, "refused", 60_310]
    ])
  })

  it("opens though a request that was given up before is held still", () => {
    timeline(Quota.rolling(20, 1000, exact), [
      [0, "ask", admitted],
      [0, "ask", admitted],
      [10, "abandoned"],
      [20, ["refused", after(100)], 120],
      [120, "ask", admitted],
      [120, "ask", 60_010]
    ])
  })

  it("is remembered by books that nobody uses", () => {
    const learned = timeline(Quota.rolling(20, 1000, exact), [
      [0, "ask", admitted],
      [0, ["refused", after(100)], 100],
      [0, "read"]
    ]).admission
    assert.deepStrictEqual([learned.evict(30_000), learned.evict(1_000_000)], [0, 1])
    const closed = timeline(unpublished, [
      [0, "ask", admitted],
      [0, ["refused", after(60_000)], 60_000],
      [0, "read"]
    ]).admission
    assert.deepStrictEqual([closed.evict(60_000), closed.evict(62_000)], [0, 1])
  })

  it("takes back what a phase that proved wrong had freed early", () => {
    const reset = { reset: { kind: "after" as const, millis: 1000, toleranceMillis: 0 } }
    timeline(Quota.fixed(5, 60_000, { ...exact, phase: "reset" }), [
      [0, "ask 4", admitted],
      [10, ["answered", { readings: [reset] }]],
      [1010, "ask", admitted],
      [1020, ["refused", after(100)], 1120],
      [1120, "ask", 60_310]
    ])
  })

  it("trusts a phase that proved wrong twice for two windows less", () => {
    const told = { readings: [{ reset: { kind: "after" as const, millis: 100, toleranceMillis: 0 } }] }
    timeline(Quota.fixed(10, 1000, { ...exact, phase: "reset" }), [
      [0, "ask", admitted],
      [0, ["refused", after(10)], 10],
      [20, "ask", admitted],
      [20, ["refused", after(10)], 30],
      [1500, "ask", admitted],
      [1500, ["answered", told]],
      [1510, "ask 10", 2510],
      [2100, "ask", admitted],
      [2100, ["answered", told]],
      [2110, "ask 10", 2200]
    ])
  })

  it("admits a claim that is larger than what a refusal left of the limit once all else has cooled", () => {
    timeline(Quota.rolling(5, 1000, exact), [
      [0, "ask 5", admitted],
      [0, ["refused", after(10)], 10],
      [1004, "ask 5", 1005],
      [1005, "ask 5", admitted]
    ])
    timeline(Quota.tokenBucket({ capacity: 10, refill: 5, every: 1000, step: 5 }, exact), [
      [0, "ask", admitted],
      [0, ["refused", after(10)], 10],
      [500, "ask", admitted],
      [500, ["refused", after(10)], 510],
      [1000, "ask", admitted],
      [1000, ["refused", after(10)], 1010],
      [1300, "ask 6", admitted]
    ])
  })
})
