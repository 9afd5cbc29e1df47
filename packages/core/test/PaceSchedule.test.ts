import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Schedule } from "effect"
import { TestClock } from "effect/testing"
import * as PaceSchedule from "@sluice/core/PaceSchedule"
import * as Quota from "@sluice/core/Quota"

/** One run: when it began, when the server counted it, when the response came. */
interface Run {
  readonly start: number
  readonly counted: number
  readonly end: number
}

/** Repeats by the quota's pace in virtual time; `phases` gives the way there and the way back of each run. */
const repeated = (quota: Quota.Quota, times: number, phases: () => readonly [number, number]) =>
  Effect.gen(function* () {
    const runs: Array<Run> = []
    const run = Effect.gen(function* () {
      const [there, back] = phases()
      const start = yield* Clock.currentTimeMillis
      yield* Effect.sleep(there)
      const counted = yield* Clock.currentTimeMillis
      yield* Effect.sleep(back)
      runs.push({ start, counted, end: yield* Clock.currentTimeMillis })
    })
    const schedule = PaceSchedule.fromQuota(quota).pipe(Schedule.upTo({ times: times - 1 }))
    const fiber = yield* Effect.forkChild(Effect.repeat(run, schedule))
    yield* TestClock.adjust("365 days")
    yield* Fiber.join(fiber)
    return runs
  })

const exact = { slack: 0, rateMargin: 0 }

describe("PaceSchedule.fromQuota", () => {
  // Every run takes 10 ms.
  it.effect.each<[string, Quota.Quota, ReadonlyArray<number>]>([
    ["rolling", Quota.rolling(2, "1 second", exact), [0, 10, 1010, 1020, 2020, 2030]],
    ["rolling, of one", Quota.rolling(1, "1 second", exact), [0, 1010, 2020]],
    ["rolling, with margin and slack", Quota.rolling(1, "1 second", { slack: 7, rateMargin: 0.0101 }), [0, 1028, 2056]],
    ["fixed", Quota.fixed(2, "1 second", { ...exact, phase: "clock" }), [0, 10, 1010, 1020]],
    ["even", Quota.rolling(4, "1 second", { ...exact, pacing: "even" }), [0, 260, 510, 760, 1010, 1270]],
    [
      "even, finer than a millisecond",
      Quota.rolling(3, "100 millis", { ...exact, pacing: "even" }),
      [0, 44, 77, 110, 154]
    ],
    [
      "token bucket",
      Quota.tokenBucket({ capacity: 3, refill: 1, every: "1 second" }, exact),
      [0, 10, 20, 1010, 2010, 3010]
    ],
    [
      "token bucket with slack",
      Quota.tokenBucket({ capacity: 3, refill: 1, every: "1 second" }, { rateMargin: 0, slack: 5 }),
      [0, 10, 20, 1015, 2015, 3015]
    ],
    [
      "token bucket refilled by two at once",
      Quota.tokenBucket({ capacity: 4, refill: 2, every: "2 seconds", step: 2 }, exact),
      [0, 10, 20, 1010, 2010]
    ],
    ["idle reset", Quota.idleReset(3, "1 second", exact), [0, 10, 20, 1030, 1040, 1050, 2060]],
    ["concurrency", Quota.concurrency(1), [0, 10, 20, 30]],
    ["concurrency released late", Quota.concurrency(2, { releaseLag: 50 }), [0, 10, 60, 70, 120]],
    ["unpublished", Quota.unpublished("1 second"), [0, 10, 20, 30]]
  ])("starts at the instants of %s", ([, quota, expected]) =>
    Effect.gen(function* () {
      const runs = yield* repeated(quota, expected.length, () => [4, 6])
      assert.deepStrictEqual(
        runs.map(({ start }) => start),
        expected
      )
    })
  )

  it.effect.each<[Quota.Quota, ReadonlyArray<number>]>([
    [Quota.slidingCounter(2, "1 second", exact), [0, 0, 1500, 2000]],
    [Quota.slidingCounter(2, "1 second", { rateMargin: 0, slack: 7 }), [0, 0, 1507, 2007]],
    [Quota.unknown(2, "1 second", exact), [0, 0, 1500, 2000]]
  ])("starts at the first instant that suits every phase of two buckets", ([quota, expected]) =>
    Effect.gen(function* () {
      const runs = yield* repeated(quota, 4, () => [0, 0])
      assert.deepStrictEqual(
        runs.map(({ start }) => start),
        expected
      )
    })
  )

  it.effect("waits for its minute at 59.999 s and goes on at 60 s", () =>
    Effect.gen(function* () {
      let runs = 0
      const schedule = PaceSchedule.fromQuota(Quota.rolling(1, "1 minute", exact))
      yield* Effect.forkChild(
        Effect.repeat(
          Effect.sync(() => runs++),
          schedule
        )
      )
      yield* TestClock.adjust("59 seconds")
      yield* TestClock.adjust("999 millis")
      assert.strictEqual(runs, 1)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(runs, 2)
    })
  )

  it.effect("adds margin and slack by default", () =>
    Effect.gen(function* () {
      let runs = 0
      const schedule = PaceSchedule.fromQuota(Quota.rolling(1, "1 minute"))
      yield* Effect.forkChild(
        Effect.repeat(
          Effect.sync(() => runs++),
          schedule
        )
      )
      yield* TestClock.adjust(60_060)
      assert.strictEqual(runs, 1)
      yield* TestClock.adjust(1)
      assert.strictEqual(runs, 2)
    })
  )

  it.effect("starts anew with every repetition", () =>
    Effect.gen(function* () {
      const schedule = PaceSchedule.fromQuota(Quota.rolling(2, "1 hour", exact)).pipe(Schedule.upTo({ times: 1 }))
      const count = yield* Effect.repeat(Effect.void, schedule)
      yield* Effect.repeat(Effect.void, schedule)
      assert.strictEqual(count, 1)
      assert.strictEqual(yield* Clock.currentTimeMillis, 0)
    })
  )

  it.effect("composes with other schedules", () =>
    Effect.gen(function* () {
      const starts: Array<number> = []
      const run = Effect.map(Clock.currentTimeMillis, (now) => starts.push(now))
      const pace = PaceSchedule.fromQuota(Quota.rolling(1, "1 second", exact))
      const fiber = yield* Effect.forkChild(
        Effect.repeat(run, Schedule.max([pace, Schedule.spaced("300 millis"), Schedule.recurs(2)]))
      )
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(starts, [0, 1000, 2000])
    })
  )
})

/** What a server of each kind would refuse, each counted anew from its definition and closed at both ends. */
const refusedBy = (quota: Quota.Quota, counted: ReadonlyArray<number>, phase: number): number => {
  const { kind, limit, refill, step } = quota
  // The server's clock may be slow by the margin.
  const window = quota.windowMillis * (1 + quota.rateMargin)
  const within = (from: number, to: number, upTo: number) =>
    counted.slice(0, upTo + 1).filter((at) => at >= from && at <= to).length
  switch (kind) {
    case "rolling":
      return counted.filter((at, i) => within(at - window, at, i) > limit).length
    case "fixed":
      return counted.filter((at, i) => {
        const began = Math.floor((at + phase) / window) * window - phase
        return within(began, at, i) > limit
      }).length
    case "slidingCounter":
    case "unknown":
      return counted.filter((at, i) => {
        const began = Math.floor((at + phase) / window) * window - phase
        const previous = counted.filter((other) => other >= began - window && other < began).length
        const left = 1 - (at - began) / window
        return previous * left + within(began, at, i) > limit + 1e-9
      }).length
    case "tokenBucket": {
      const every = (window * step) / refill
      let level = limit
      let filled = -phase
      return counted.filter((at) => {
        const fills = Math.floor((at - filled) / every)
        level = Math.min(limit, level + (step === 1 ? (at - filled) / every : fills * step))
        filled = step === 1 ? at : filled + fills * every
        level -= 1
        return level < -1e-9
      }).length
    }
    case "idleReset": {
      let used = 0
      return counted.filter((at, i) => {
        used = at - (counted[i - 1] ?? at) > window ? 1 : used + 1
        return used > limit
      }).length
    }
    default:
      return 0
  }
}

const generator = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
}

describe("the receipt rule of a single fiber", () => {
  const kinds = {
    rolling: (limit, window) => Quota.rolling(limit, window),
    fixed: (limit, window) => Quota.fixed(limit, window),
    even: (limit, window) => Quota.rolling(limit, window, { pacing: "even" }),
    slidingCounter: (limit, window) => Quota.slidingCounter(limit, window),
    unknown: (limit, window) => Quota.unknown(limit, window, { pacing: "even" }),
    tokenBucket: (limit, window) => Quota.tokenBucket({ capacity: limit, refill: limit, every: window }),
    steppedBucket: (limit, window) => Quota.tokenBucket({ capacity: limit + 1, refill: 2, every: window, step: 2 }),
    idleReset: (limit, window) => Quota.idleReset(limit, window)
  } satisfies Record<string, (limit: number, window: number) => Quota.Quota>

  const timelines = (kind: keyof typeof kinds, cases: number) =>
    Effect.gen(function* () {
      const seen: Array<{ readonly seed: number; readonly quota: Quota.Quota; readonly runs: ReadonlyArray<Run> }> = []
      for (let seed = 1; seed <= cases; seed++) {
        const random = generator(seed)
        const below = (bound: number) => Math.floor(random() * bound)
        const window = 20 + below(2000)
        const quota = kinds[kind](1 + below(8), window)
        // Mostly quick, sometimes slow beyond the window, so that few and many runs meet in one.
        const leg = () => (random() < 0.1 ? below(window * 2) : below(window / 20))
        seen.push({ seed, quota, runs: yield* repeated(quota, 60, () => [leg(), leg()]) })
      }
      return seen
    })

  for (const kind of Object.keys(kinds) as ReadonlyArray<keyof typeof kinds>) {
    it.effect(`is never refused by a server that counts as ${kind}`, () =>
      Effect.gen(function* () {
        for (const { seed, quota, runs } of yield* timelines(kind, 60)) {
          for (const share of [0, 0.2, 0.5, 0.77, 0.999]) {
            const phase = Math.floor(quota.windowMillis * share)
            const counted = runs.map((run) => run.counted)
            assert.strictEqual(refusedBy(quota, counted, phase), 0, `seed ${seed}, phase ${phase}, ${quota.name}`)
          }
        }
      })
    )
  }

  it.effect("needs two buckets to be told: a rolling pace is refused by them", () =>
    Effect.gen(function* () {
      let refused = 0
      for (const { quota, runs } of yield* timelines("rolling", 60)) {
        const server = Quota.slidingCounter(quota.limit, quota.windowMillis)
        refused += refusedBy(
          server,
          runs.map((run) => run.counted),
          Math.floor(quota.windowMillis / 2)
        )
      }
      assert.isAbove(refused, 10)
    })
  )

  it.effect("uses the whole of a rolling quota, but for the latency", () =>
    Effect.gen(function* () {
      const runs = yield* repeated(Quota.rolling(20, "10 seconds", exact), 2001, () => [10, 15])
      const last = runs.at(-1)
      assert.strictEqual(last?.start, 100 * 10_025)
    })
  )

  it.effect("uses all of a sliding counter but one unit and the latency", () =>
    Effect.gen(function* () {
      const runs = yield* repeated(Quota.slidingCounter(20, "10 seconds", exact), 2001, () => [10, 15])
      const perWindow = (2000 / (runs.at(-1)?.start ?? 0)) * 10_025
      assert.isAbove(perWindow, 0.99 * 19)
      assert.isAtMost(perWindow, 20)
    })
  )
})
