import { describe, it } from "@effect/vitest"
import * as Quota from "@sluice/core/Quota"
import type * as Signal from "@sluice/core/Signal"
import { type Row, timeline } from "./admission/Timeline.ts"

/** A minute of the server's clock; without margin and slack a slot is free a minute after its answer at the latest. */
const minute = Quota.fixed(1, 60_000, { phase: "clock", rateMargin: 0, slack: 0 })

/** Sent, answered, and what the answer's `Date` shows, in milliseconds. */
const exchange = (sentAt: number, answeredAt: number, dateMillis: number): ReadonlyArray<Row> => [
  [sentAt, "ask", "admitted"],
  [answeredAt, ["answered", { serverDateMillis: dateMillis }]]
]

describe("Admission by the server's clock", () => {
  it("frees at the minute's end, as late as the date, another node and a drift can put it", () => {
    // The date is at least 840 ms behind the answer, 100 ms for another node, and a thousandth of 2.1 s.
    timeline(minute, [...exchange(58_000, 58_840, 58_000), [58_841, "ask", 60_943], [60_943, "ask", "admitted"]])
  })

  it("does not know in which minute it was counted, if the date may have been stale for 50 ms", () => {
    timeline(minute, [...exchange(58_000, 58_870, 58_000), [58_871, "ask", 118_870]])
  })

  it("falls back on the whole window when two dates contradict each other, and trusts them a window later", () => {
    timeline(Quota.fixed(2, 60_000, { phase: "clock", rateMargin: 0, slack: 0 }), [
      ...exchange(10_000, 10_020, 10_000),
      [10_030, "ask", "admitted"],
      [20_000, ["answered", { serverDateMillis: 50_000 }]],
      [31_000, "ask", 70_020],
      [61_500, "ask 2", 80_000],
      [80_000, "ask", "admitted"],
      // Both dates agree by now: the server's minute ends at 90 s, 140 ms later at the latest, and a drift of 2000 ppm by now.
      [80_040, ["answered", { serverDateMillis: 110_000 }]],
      [80_041, "ask 2", 90_161]
    ])
  })

  it("expects half of the drift that a contradiction taught after an hour without one", () => {
    timeline(minute, [
      ...exchange(10_000, 10_020, 10_000),
      ...exchange(80_000, 80_010, 200_000),
      ...exchange(3_700_000, 3_700_010, 3_820_000),
      // The server's minute ends in 20.1 s at the latest, and a thousandth of that.
      [3_700_011, "ask", 3_720_131]
    ])
  })
})

describe("Scout", () => {
  const second = Quota.fixed(16, 1000, { phase: "clock", rateMargin: 0, slack: 0 })
  const burst = (at: number, said: Partial<Signal.Signal>): ReadonlyArray<Row> => [
    ...Array.from({ length: 16 }, (): Row => [at, "ask", "admitted"]),
    ...Array.from({ length: 16 }, (): Row => [at + 20, ["answered", said]])
  ]

  it("sends the last slots one after the other where the second may turn, an eighth of that apart", () => {
    timeline(second, [
      ...burst(5000, { serverDateMillis: 5000 }),
      // More is asked for than fits.
      [6019, "ask", 6020],
      [6020, "ask 14", "admitted"],
      [6020, "ask", "admitted"],
      // A date of 20 ms, perhaps 50 ms old, leaves 1070 ms, and 2 ms more for a second's drift.
      [6020, "ask", 6154],
      [6154, "ask", 6155],
      [6155, "ask", "admitted"]
    ])
  })

  it("holds back nothing where all that is asked for fits", () => {
    timeline(second, [...burst(5000, { serverDateMillis: 5000 }), [6020, "ask 16", "admitted"]])
  })

  it("holds back nothing before anything is known, and where the server tells no time", () => {
    timeline(second, [...burst(0, {}), [1019, "ask", 1020], [1020, "ask 16", "admitted"]])
  })

  it("holds back nothing of a window for which the second is known well enough", () => {
    timeline(Quota.fixed(16, 60_000, { phase: "clock", rateMargin: 0, slack: 0 }), [
      ...burst(5000, { serverDateMillis: 5000 }),
      [6020, "ask", 60_176],
      [60_176, "ask 16", "admitted"]
    ])
  })
})

describe("Admission by the resets that answers tell", () => {
  const minutes = Quota.fixed(2, 60_000, { phase: "reset", rateMargin: 0, slack: 0 })
  const told = (afterMillis: number) =>
    ["answered", { readings: [{ reset: { kind: "after", millis: afterMillis, toleranceMillis: 0 } }] }] as const

  it("falls back on the whole window when windows would end closer to each other than they last", () => {
    timeline(minutes, [
      [0, "ask", "admitted"],
      [10, told(50_000)],
      [20, "ask", "admitted"],
      [30, told(20_000)],
      [20_100, "ask", 60_010]
    ])
  })

  it("falls back on the whole window when one would end later than it can", () => {
    timeline(minutes, [
      [0, "ask", "admitted"],
      [10, told(100_000)],
      [20, "ask", "admitted"],
      [30, told(39_000)],
      [39_100, "ask", 60_010]
    ])
  })

  it("is told nothing by a reset that is past", () => {
    const past = { reset: { kind: "at" as const, millis: 60_000, toleranceMillis: 0 } }
    timeline(Quota.fixed(1, 60_000, { phase: "reset", rateMargin: 0, slack: 0 }), [
      [0, "ask", "admitted"],
      [10, ["answered", { serverDateMillis: 70_000, readings: [past] }]],
      [20, "ask", 60_010]
    ])
  })

  it("frees by a late answer's reset only what was answered before that window's end", () => {
    timeline(minutes, [
      [39_000, "ask", "admitted"],
      [40_000, "ask", "admitted"],
      [53_000, "answered"],
      [55_000, told(12_000)],
      [68_000, "ask", 113_000]
    ])
  })
})
