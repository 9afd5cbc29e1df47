import { assert, describe, it } from "@effect/vitest"
import {
  Cause,
  Clock,
  Context,
  Data,
  DateTime,
  Duration,
  Effect,
  Exit,
  Fiber,
  Layer,
  Option,
  Pull,
  Random,
  Schedule
} from "effect"
import { TestClock } from "effect/testing"
import { isRateLimited, type RateLimited } from "@sluice/core/RateLimited"
import * as RetrySchedule from "@sluice/core/RetrySchedule"

class Refused extends Data.TaggedError("AcmeRateLimited")<Omit<RateLimited, keyof Error | "_tag">> {}
class Broken extends Data.TaggedError("Broken")<{}> {}

const refused = (
  told: {
    readonly after?: Duration.Input
    readonly at?: number
    readonly isRetryable?: boolean
  } = {}
) =>
  new Refused({
    provider: "acme",
    quota: Option.none(),
    retryAfter: Option.map(Option.fromUndefinedOr(told.after), Duration.fromInputUnsafe),
    retryAt: Option.map(Option.fromUndefinedOr(told.at), DateTime.makeUnsafe),
    requestId: Option.none(),
    isRetryable: told.isRetryable ?? true,
    raw: ""
  })

const stopped = "stopped" as const

/** The delays in milliseconds that one run of the schedule gives, at an instant each. */
const delays = <I>(
  schedule: Schedule.Schedule<unknown, I>,
  inputs: ReadonlyArray<readonly [at: number, input: I]>
): Effect.Effect<ReadonlyArray<number | typeof stopped>> =>
  Effect.gen(function* () {
    const step = yield* Schedule.toStep(schedule)
    return yield* Effect.forEach(inputs, ([at, input]) =>
      Pull.matchEffect(step(at, input), {
        onSuccess: ([, delay]) => Effect.succeed<number | typeof stopped>(Duration.toMillis(delay)),
        onDone: () => Effect.succeed<number | typeof stopped>(stopped),
        onFailure: Effect.failCause
      })
    )
  })

/** When the call was made, while it was refused as told and then succeeded, and how it ended. */
const attempts = <E>(
  failures: ReadonlyArray<E>,
  schedule: Schedule.Schedule<unknown, E>
): Effect.Effect<readonly [ReadonlyArray<number>, Exit.Exit<string, E>]> =>
  Effect.gen(function* () {
    const began = yield* Clock.currentTimeMillis
    const starts: Array<number> = []
    const call = Effect.gen(function* () {
      const failure = failures[starts.length]
      starts.push((yield* Clock.currentTimeMillis) - began)
      return yield* failure === undefined ? Effect.succeed("answer") : Effect.fail(failure)
    })
    const fiber = yield* Effect.forkChild(Effect.exit(Effect.retry(call, schedule)))
    yield* TestClock.adjust("1 day")
    return [starts, yield* Fiber.join(fiber)] as const
  })

describe("RetrySchedule.serverDirected", () => {
  it.effect.each<
    [string, RetrySchedule.Options, ReadonlyArray<readonly [number, unknown]>, ReadonlyArray<number | typeof stopped>]
  >([
    ["waits as told", {}, [[0, refused({ after: "5 seconds" })]], [5000]],
    ["rounds fractions of a millisecond up", {}, [[0, refused({ after: Duration.nanos(1_000_001n) })]], [2]],
    ["waits until the instant if only that is told", {}, [[1000, refused({ at: 4500 })]], [3500]],
    ["falls back on an instant that is over", {}, [[5000, refused({ at: 4500 })]], [1000]],
    ["falls back on a wait of zero", {}, [[0, refused({ after: 0 })]], [1000]],
    ["falls back on a wait below zero", {}, [[0, refused({ after: -5000 })]], [1000]],
    [
      "doubles the fallback up to a minute",
      { maxAttempts: 20 },
      Array.from({ length: 9 }, () => [0, refused()] as const),
      [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]
    ],
    [
      "moves the fallback on only where it is used",
      {},
      [
        [0, refused()],
        [0, refused({ after: 7000 })],
        [0, refused({ after: 7000 })],
        [0, refused()]
      ],
      [1000, 7000, 7000, 2000]
    ],
    [
      "takes the user's own fallback, and ends with it",
      { fallback: Schedule.spaced(123).pipe(Schedule.upTo({ times: 2 })) },
      [
        [0, refused()],
        [0, refused({ after: 7000 })],
        [0, refused()],
        [0, refused()]
      ],
      [123, 7000, 123, stopped]
    ],
    ["stops on what repeating cannot cure", {}, [[0, refused({ after: 1000, isRetryable: false })]], [stopped]],
    [
      "stops after eight retries",
      {},
      Array.from({ length: 10 }, () => [0, refused({ after: 1 })] as const),
      [1, 1, 1, 1, 1, 1, 1, 1, stopped, stopped]
    ],
    [
      "retries as often as it may",
      { maxAttempts: 1 },
      [
        [0, refused({ after: 1 })],
        [1, refused({ after: 1 })]
      ],
      [1, stopped]
    ],
    ["retries never, if so told", { maxAttempts: 0 }, [[0, refused({ after: 1 })]], [stopped]],
    ["sleeps to the end of ten minutes", {}, [[0, refused({ after: "10 minutes" })]], [600_000]],
    ["stops rather than sleep beyond ten minutes", {}, [[0, refused({ after: 600_001 })]], [stopped]],
    [
      "counts the time since the first failure",
      { maxElapsed: "10 seconds" },
      [
        [50_000, refused({ after: 6000 })],
        [57_000, refused({ after: 3000 })],
        [57_000, refused({ after: 3001 })]
      ],
      [6000, 3000, stopped]
    ],
    ["stops on an endless wait", {}, [[0, refused({ after: Duration.infinity })]], [stopped]]
  ])("%s", ([, options, inputs, expected]) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* delays(RetrySchedule.serverDirected(options), inputs), expected)
    })
  )

  it.effect("stops on anything that is no refusal, and goes on with the next refusal", () =>
    Effect.gen(function* () {
      const odd = [
        undefined,
        null,
        0,
        "x",
        [],
        {},
        new Error("x"),
        new Broken(),
        Symbol(),
        { _tag: "x", provider: "y" }
      ]
      const lookalike = { _tag: "X", provider: "y", isRetryable: true, retryAfter: Option.some("soon") }
      const inputs = [...odd, lookalike, refused({ after: 5 })].map((input) => [0, input] as const)
      const expected = [...odd.map(() => stopped), 1000, 5]
      assert.deepStrictEqual(yield* delays(RetrySchedule.serverDirected(), inputs), expected)
    })
  )

  it.effect("adds jitter, uniformly, and never takes away", () =>
    Effect.gen(function* () {
      const schedule = RetrySchedule.serverDirected({ jitter: 999, maxAttempts: Infinity })
      const inputs = Array.from({ length: 20_000 }, () => [0, refused({ after: 5000 })] as const)
      const found = (yield* Random.withSeed(delays(schedule, inputs), "jitter")).map(Number)
      assert.strictEqual(Math.min(...found), 5000)
      assert.strictEqual(Math.max(...found), 5999)
      const mean = found.reduce((sum, delay) => sum + delay, 0) / found.length
      assert.closeTo(mean, 5499.5, 15)
    })
  )

  it.effect("lets jitter neither exceed the time that is left nor decide whether to stop", () =>
    Effect.gen(function* () {
      const schedule = RetrySchedule.serverDirected({ jitter: "1 hour", maxElapsed: "5 seconds" })
      const found = yield* delays(
        schedule,
        Array.from({ length: 8 }, () => [0, refused({ after: 5000 })] as const)
      )
      assert.deepStrictEqual(
        found,
        Array.from({ length: 8 }, () => 5000)
      )
    })
  )

  it.effect("keeps its state within each run", () =>
    Effect.gen(function* () {
      const schedule = RetrySchedule.serverDirected({ maxAttempts: 2 })
      const run = attempts([refused(), refused(), refused()], schedule)
      const [[first], [second]] = yield* Effect.all([run, run])
      assert.deepStrictEqual(first, [0, 1000, 3000])
      assert.deepStrictEqual(second, [0, 1000, 3000])
    })
  )

  it.effect("calls again at the instant told and not a millisecond before", () =>
    Effect.gen(function* () {
      let calls = 0
      const call = Effect.suspend(() => (++calls === 1 ? Effect.fail(refused({ after: "60 seconds" })) : Effect.void))
      yield* Effect.forkChild(Effect.retry(call, RetrySchedule.serverDirected()))
      yield* TestClock.adjust(59_999)
      assert.strictEqual(calls, 1)
      yield* TestClock.adjust(1)
      assert.strictEqual(calls, 2)
    })
  )

  it.effect("fails with the last refusal when a bound is reached", () =>
    Effect.gen(function* () {
      const last = refused({ after: 3000 })
      const [starts, exit] = yield* attempts(
        [refused({ after: 1000 }), last],
        RetrySchedule.serverDirected({ maxAttempts: 1 })
      )
      assert.deepStrictEqual(starts, [0, 1000])
      assert.deepStrictEqual(exit, Exit.fail(last))
    })
  )

  it.each<[string, () => unknown, RegExp]>([
    ["maxAttempts", () => RetrySchedule.serverDirected({ maxAttempts: -1 }), /maxAttempts.*-1/],
    ["maxAttempts", () => RetrySchedule.serverDirected({ maxAttempts: 1.5 }), /maxAttempts.*1.5/],
    ["jitter", () => RetrySchedule.serverDirected({ jitter: -1 }), /jitter.*-1/],
    ["maxElapsed", () => RetrySchedule.serverDirected({ maxElapsed: "-1 second" }), /maxElapsed.*-1 second/],
    ["ratio", () => RetrySchedule.budget({ ratio: 2 }), /ratio.*2/],
    ["minimum", () => RetrySchedule.budget({ minimum: NaN }), /minimum.*NaN/],
    ["window", () => RetrySchedule.budget({ window: 0 }), /window.*0/]
  ])("refuses a %s that cannot be", (_, construct, message) => {
    assert.throws(construct, message)
  })
})

describe("composition", () => {
  const failures: ReadonlyArray<Refused | Broken> = [refused({ after: 5000 }), new Broken(), refused({ after: 5000 })]

  it.effect("is bounded by another schedule through Schedule.max", () =>
    Effect.gen(function* () {
      const schedule = Schedule.max([RetrySchedule.serverDirected(), Schedule.spaced(7000), Schedule.recurs(2)])
      const refusals = Array.from({ length: 5 }, () => refused({ after: 5000 }))
      const [starts] = yield* attempts(refusals, schedule)
      assert.deepStrictEqual(starts, [0, 7000, 14_000])
    })
  )

  it.effect("leaves other failures to another schedule through Schedule.min", () =>
    Effect.gen(function* () {
      const others = Schedule.spaced(100).pipe(Schedule.while(({ input }) => !isRateLimited(input)))
      const [starts, exit] = yield* attempts(failures, Schedule.min([RetrySchedule.serverDirected(), others]))
      assert.deepStrictEqual(starts, [0, 5000, 5100, 10_100])
      assert.deepStrictEqual(exit, Exit.succeed("answer"))
    })
  )

  it.effect("hands over for good through Schedule.concat", () =>
    Effect.gen(function* () {
      const [starts] = yield* attempts(failures, Schedule.concat(RetrySchedule.serverDirected(), Schedule.spaced(100)))
      assert.deepStrictEqual(starts, [0, 5000, 5100, 5200])
    })
  )

  it.effect("takes `while` and `upTo`", () =>
    Effect.gen(function* () {
      const refusals = Array.from({ length: 5 }, () => refused({ after: 1000 }))
      const twice = RetrySchedule.serverDirected().pipe(Schedule.upTo({ times: 2 }))
      assert.deepStrictEqual((yield* attempts(refusals, twice))[0], [0, 1000, 2000])
      const once = RetrySchedule.serverDirected().pipe(Schedule.while(({ attempt }) => attempt < 2))
      assert.deepStrictEqual((yield* attempts(refusals, once))[0], [0, 1000])
    })
  )

  it.effect("type-checks over a union of errors, in every form of Effect.retry", () =>
    Effect.gen(function* () {
      let calls = 0
      const call: Effect.Effect<number, Refused | Broken> = Effect.suspend(() =>
        ++calls % 2 === 1 ? Effect.fail(refused({ after: 1 })) : Effect.succeed(calls)
      )
      const schedule = RetrySchedule.serverDirected()
      const own: Schedule.Schedule<Duration.Duration, Refused | Broken> = Schedule.exponential(1)
      const all = Effect.all([
        Effect.retry(call, schedule),
        Effect.retry(call, { schedule, while: (error) => error._tag !== "Broken", times: 5 }),
        Effect.retry(call, ($) => $(schedule).pipe(Schedule.while(({ input }) => input._tag === "AcmeRateLimited"))),
        Effect.retry(call, Schedule.max([schedule, own]))
      ])
      const typed: Effect.Effect<[number, number, number, number], Refused | Broken> = all
      const fiber = yield* Effect.forkChild(typed)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(fiber), [2, 4, 6, 8])
    })
  )
})

const among = (log: ReadonlyArray<number>, from: number, to: number) => log.filter((at) => at > from && at <= to).length

describe("RetrySchedule.budget", () => {
  const always = { after: 1 }

  it.effect("allows its minimum and a share of the calls, over all runs together", () =>
    Effect.gen(function* () {
      const schedule = RetrySchedule.serverDirected({
        budget: RetrySchedule.budget({ ratio: 0.1, minimum: 3, window: "1 minute" })
      })
      let granted = 0
      for (let call = 0; call < 50; call++) {
        granted += (yield* delays(schedule, [[0, refused(always)]])).filter((delay) => delay !== stopped).length
      }
      assert.strictEqual(granted, 3 + 5)
    })
  )

  it.effect("counts calls that succeed", () =>
    Effect.gen(function* () {
      const schedule = RetrySchedule.serverDirected({
        budget: RetrySchedule.budget({ ratio: 0.4, minimum: 0, window: "1 minute" })
      })
      const failing = delays(schedule, [[0, refused(always)]])
      assert.deepStrictEqual(yield* failing, [stopped])
      yield* Effect.retry(Effect.void, schedule)
      // Two fifths from each failing call and from the one that went well make a whole.
      assert.deepStrictEqual(yield* failing, [1])
      assert.deepStrictEqual(yield* failing, [stopped])
    })
  )

  it("forgets calls and retries after its window", () => {
    const budget = RetrySchedule.budget({ ratio: 1, minimum: 1, window: "10 seconds" })
    budget.deposit(0)
    assert.deepStrictEqual([budget.withdraw(0), budget.withdraw(0), budget.withdraw(0)], [true, true, false])
    assert.isFalse(budget.withdraw(9499))
    assert.isTrue(budget.withdraw(10_000))
    assert.isFalse(budget.withdraw(10_000))
  })

  it("goes on when the clock is set back", () => {
    const budget = RetrySchedule.budget({ ratio: 0, minimum: 1, window: "10 seconds" })
    assert.isTrue(budget.withdraw(100_000))
    assert.isFalse(budget.withdraw(99_000))
    assert.isTrue(budget.withdraw(50_000))
    assert.isFalse(budget.withdraw(50_000))
  })

  it("never exceeds its share over any window", () => {
    const budget = RetrySchedule.budget({ ratio: 0.2, minimum: 2, window: "10 seconds" })
    const calls: Array<number> = []
    const retries: Array<number> = []
    for (let now = 0; now < 120_000; now += 40) {
      if (now % 30_000 < 15_000) {
        calls.push(now)
        budget.deposit(now)
      }
      if (budget.withdraw(now)) retries.push(now)
    }
    for (const at of retries) {
      // The slices make the window a twentieth shorter at worst.
      assert.isAtMost(among(retries, at - 9500, at), 2 + 0.2 * among(calls, at - 10_000, at))
    }
    assert.isAbove(retries.length, 300)
  })
})

describe("RetrySchedule.Default", () => {
  it.effect("is the client's own or server-directed, and a layer replaces it where the run starts", () =>
    Effect.gen(function* () {
      const refusals = [refused({ after: 5000 })]
      const current = RetrySchedule.current()
      const own = RetrySchedule.current(Schedule.spaced(55))
      assert.deepStrictEqual((yield* attempts(refusals, current))[0], [0, 5000])
      assert.deepStrictEqual((yield* attempts(refusals, own))[0], [0, 55])
      const mine = Layer.succeed(RetrySchedule.Default, Schedule.spaced(77))
      assert.deepStrictEqual((yield* attempts(refusals, current).pipe(Effect.provide(mine)))[0], [0, 77])
      assert.deepStrictEqual((yield* attempts(refusals, own).pipe(Effect.provide(mine)))[0], [0, 77])
    })
  )

  it("has a name of its own", () => {
    assert.strictEqual(Context.isReference(RetrySchedule.Default), true)
    assert.match(RetrySchedule.Default.key, /RetrySchedule/)
  })
})

it.effect("a run that ended says so by Cause.Done", () =>
  Effect.gen(function* () {
    const step = yield* Schedule.toStep(RetrySchedule.serverDirected())
    const exit = yield* Effect.exit(step(0, new Broken()))
    assert.isTrue(Exit.isFailure(exit) && Cause.hasFails(exit.cause) && Pull.isDoneCause(exit.cause))
  })
)
