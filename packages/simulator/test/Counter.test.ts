import { assert, describe, it } from "@effect/vitest"
import * as Quota from "@sluice/core/Quota"
import { Counter } from "@sluice/simulator"

type Row = readonly [at: number, cost: number, expected: "counted" | "refused", remaining?: number, retryAt?: number]

/** Plays rows against a counter as a server would: reads, then counts or refuses. */
const play = (counter: Counter.Counter, rows: ReadonlyArray<Row>) => {
  for (const [index, [at, cost, expected, remaining, retryAt]] of rows.entries()) {
    const { fits, retryAtMillis } = counter.read(at, cost)
    assert.strictEqual(fits ? "counted" : "refused", expected, `row ${index} at ${at}`)
    if (fits) counter.count(at, cost)
    else counter.refuse(at, cost)
    if (remaining !== undefined)
      assert.strictEqual(counter.read(at, 0).remaining, remaining, `remaining after row ${index} at ${at}`)
    if (retryAt !== undefined) assert.strictEqual(retryAtMillis, retryAt, `retryAt of row ${index} at ${at}`)
  }
}

const timeline = (title: string, quota: Quota.Quota, options: Counter.Options, rows: ReadonlyArray<Row>) =>
  it(title, () => play(Counter.make(quota, options), rows))

const firstEnd = (seed: number, name: string) =>
  Counter.make(Quota.fixed(1, 60_000, { name }), { seed }).read(0).resetAtMillis

describe("Counter", () => {
  timeline("a rolling log lets a unit go when it is a window old", Quota.rolling(2, 1000), {}, [
    [0, 1, "counted", 1],
    [400, 1, "counted", 0],
    [999, 1, "refused", 0, 1000],
    [1000, 1, "counted", 0],
    [1399, 1, "refused", 0, 1400],
    [1400, 2, "refused", 1, 2000],
    [1999, 2, "refused", 1, 2000],
    [2000, 2, "counted", 0],
    [2000, 3, "refused", 0, Infinity]
  ])

  timeline("a closed rolling log keeps what is exactly a window old", Quota.rolling(1, 1000), { closed: true }, [
    [0, 1, "counted"],
    [1000, 1, "refused", 0, 1001],
    [1001, 1, "counted"]
  ])

  timeline(
    "a rolling log on a coarse clock counts from the tick's beginning",
    Quota.rolling(1, 1000),
    { tickMillis: 100 },
    [
      [199, 1, "counted"], // stamped 100
      [1099, 1, "refused", 0, 1100],
      [1100, 1, "counted"]
    ]
  )

  timeline(
    "a closed log of whole seconds keeps a unit for up to two seconds more than it says",
    Quota.rolling(1, 3000),
    { closed: true, tickMillis: 1000 },
    [
      [999, 1, "counted"], // stamped 0
      [3999, 1, "refused", 0, 4000],
      [4000, 1, "counted"]
    ]
  )

  timeline(
    "a fixed window aligned to the clock starts anew at multiples of its length",
    Quota.fixed(1, 1000, { phase: "clock" }),
    {},
    [
      [999, 1, "counted"],
      [1000, 1, "counted"],
      [1999, 1, "refused", 0, 2000],
      [2000, 1, "counted"]
    ]
  )

  timeline("a fixed window at a phase starts anew there", Quota.fixed(1, 1000), { phaseMillis: 300 }, [
    [299, 1, "counted"],
    [300, 1, "counted"],
    [1299, 1, "refused", 0, 1300],
    [1300, 1, "counted"]
  ])

  timeline(
    "a fixed window started by the first request lasts from there",
    Quota.fixed(2, 1000),
    { start: "firstRequest" },
    [
      [250, 1, "counted", 1],
      [1200, 1, "counted", 0],
      [1249, 1, "refused", 0, 1250],
      [1250, 2, "counted", 0],
      [2249, 1, "refused", 0, 2250],
      [9000, 1, "counted", 1], // a window of its own, not one aligned to 250
      [9999, 2, "refused", 1, 10_000]
    ]
  )

  timeline(
    "a clock-aligned fixed window ignores other starts",
    Quota.fixed(1, 1000, { phase: "clock" }),
    { start: "firstRequest" },
    [
      [999, 1, "counted"],
      [1000, 1, "counted"]
    ]
  )

  timeline(
    "a sliding counter weighs the previous bucket by what is left of it",
    Quota.slidingCounter(10, 1000),
    { start: "clock" },
    [
      [999, 10, "counted", 0],
      [1000, 1, "refused", 0, 1100],
      [1099, 1, "refused", 0, 1100],
      [1100, 1, "counted", 0],
      [1500, 4, "counted", 0], // 10 x 0.5 + 1 + 4 = 10
      [1500, 1, "refused", 0, 1600],
      [2999, 9, "counted"] // 5 x 0.001 + 9
    ]
  )

  timeline(
    "a sliding counter anchored to the first request counts from there",
    Quota.slidingCounter(2, 1000),
    { start: "firstRequest" },
    [
      [700, 2, "counted", 0],
      [1699, 1, "refused", 0, 2200],
      [2199, 1, "refused", 0, 2200], // bucket from 1700, half of the previous one left at 2200
      [2200, 1, "counted", 0]
    ]
  )

  timeline("a token bucket refills evenly", Quota.tokenBucket({ capacity: 2, refill: 3, every: 1000 }), {}, [
    [0, 2, "counted", 0],
    [333, 1, "refused", 0, 334], // a unit takes 333 1/3 ms
    [334, 1, "counted", 0],
    [666, 1, "refused", 0, 667],
    [667, 1, "counted", 0],
    [1333, 2, "refused", 1, 1334],
    [1334, 2, "counted", 0],
    [1334, 3, "refused", 0, Infinity]
  ])

  timeline(
    "a token bucket is full before the epoch as well",
    Quota.tokenBucket({ capacity: 1, refill: 1, every: 1000 }),
    {},
    [
      [-1500, 1, "counted", 0],
      [-501, 1, "refused", 0, -500]
    ]
  )

  timeline(
    "a stepped token bucket refills at once",
    Quota.tokenBucket({ capacity: 4, refill: 4, every: 1000, step: 2 }),
    { phaseMillis: 100 },
    [
      [50, 4, "counted", 0],
      [99, 1, "refused", 0, 100],
      [100, 2, "counted", 0],
      [599, 1, "refused", 0, 600],
      [599, 3, "refused", 0, 1100],
      [600, 1, "counted", 1]
    ]
  )

  timeline("an idle reset waits for silence", Quota.idleReset(2, 1000), {}, [
    [0, 1, "counted", 1],
    [999, 1, "counted", 0],
    [1500, 1, "refused", 0, 1999],
    [1998, 1, "refused", 0, 1999],
    [1999, 2, "counted", 0]
  ])

  timeline(
    "an idle reset that counts refusals is pushed out by them",
    Quota.idleReset(1, 1000),
    { countsRefused: true },
    [
      [0, 1, "counted"],
      [999, 1, "refused"],
      [1998, 1, "refused", 0, 1999],
      [2998, 1, "counted"]
    ]
  )

  timeline("a refused request uses nothing by default", Quota.rolling(1, 1000), {}, [
    [0, 1, "counted"],
    [999, 1, "refused"],
    [1000, 1, "counted"]
  ])

  timeline("a refused request uses the quota where it is counted", Quota.rolling(1, 1000), { countsRefused: true }, [
    [0, 1, "counted"],
    [999, 1, "refused"],
    [1000, 1, "refused", 0, 1999],
    [2000, 1, "counted"]
  ])

  timeline("a refusal closes the quota for the penalty", Quota.rolling(1, 1000, { penalty: 5000 }), {}, [
    [0, 1, "counted"],
    [500, 1, "refused"],
    [5499, 1, "refused", 0, 5500], // refused again: closed until 10 499
    [10_498, 1, "refused", 0, 10_499],
    [15_498, 1, "counted"]
  ])

  timeline("an unknown quota slides by default", Quota.unknown(10, 1000), { start: "clock" }, [
    [999, 10, "counted"],
    [1099, 1, "refused", 0, 1100],
    [1100, 1, "counted"]
  ])

  timeline("an unknown quota does what the options say", Quota.unknown(1, 1000), { algorithm: "rolling" }, [
    [999, 1, "counted"],
    [1998, 1, "refused", 0, 1999],
    [1999, 1, "counted"]
  ])

  timeline("an unpublished quota never refuses by default", Quota.unpublished(1000), {}, [
    [0, 1_000_000, "counted", Infinity],
    [0, 1_000_000, "counted", Infinity]
  ])

  timeline("an unpublished quota refuses by the hidden limit", Quota.unpublished(1000), { limit: 2, start: "clock" }, [
    [0, 2, "counted", 0],
    [0, 1, "refused", 0]
  ])

  it("concurrency holds a place until its end", () => {
    const counter = Counter.make(Quota.concurrency(2))
    counter.count(0, 1, 500)
    counter.count(0, 1, 300)
    assert.deepStrictEqual(counter.read(299), { fits: false, remaining: 0, resetAtMillis: 500, retryAtMillis: 300 })
    assert.deepStrictEqual(counter.read(300), { fits: true, remaining: 1, resetAtMillis: 500, retryAtMillis: 300 })
    assert.strictEqual(counter.read(499, 2).retryAtMillis, 500)
    assert.isTrue(counter.read(500, 2).fits)
  })

  it("concurrency holds a place without an end until it is released, and for the lag after that", () => {
    const counter = Counter.make(Quota.concurrency(1), { releaseLagMillis: 50 })
    counter.count(0)
    assert.isFalse(counter.read(1_000_000).fits)
    counter.release(1_000_000)
    assert.isFalse(counter.read(1_000_049).fits)
    assert.isTrue(counter.read(1_000_050).fits)
  })

  it("a lower limit binds the request that it is given for", () => {
    const counter = Counter.make(Quota.rolling(10, 1000))
    counter.count(0, 3)
    counter.count(100, 3)
    assert.isTrue(counter.read(200, 4).fits)
    assert.deepStrictEqual(counter.read(200, 1, 4), {
      fits: false,
      remaining: 0,
      resetAtMillis: 1000,
      retryAtMillis: 1000
    })
    assert.strictEqual(counter.read(200, 2, 4).retryAtMillis, 1100)
  })

  it("an instant that goes back is taken as the latest seen", () => {
    const counter = Counter.make(Quota.rolling(1, 1000))
    counter.count(5000)
    assert.isFalse(counter.read(3000).fits)
    assert.isTrue(counter.read(6000).fits)
  })

  it("phases differ by seed and by name, and stay within the window", () => {
    const ends = [firstEnd(1, "a"), firstEnd(2, "a"), firstEnd(1, "b")]
    assert.strictEqual(new Set(ends).size, 3)
    assert.strictEqual(firstEnd(1, "a"), ends[0])
    for (const end of ends) assert.isTrue(end > 0 && end <= 60_000)
  })

  it("counts a million requests of a full log in little time", () => {
    const counter = Counter.make(Quota.rolling(100_000, 100_000))
    let refused = 0
    for (let at = 0; at < 1_000_000; at++) {
      if (counter.read(at).fits) counter.count(at)
      else refused++
    }
    assert.strictEqual(refused, 0)
    assert.isFalse(counter.read(999_999).fits)
    assert.strictEqual(counter.read(999_999, 50_000).retryAtMillis, 900_000 + 49_999 + 100_000)
  })
})
