import { Claim, Quota, RateLimiter, Signal } from "@sluice/core"
import { assert, describe, it } from "@effect/vitest"
import { type DateTime, Effect, Option, Stream } from "effect"
import { TestClock } from "effect/testing"

const rate = Quota.rolling(2, "1 second", { name: "rate", slack: 0, rateMargin: 0 })
const claim = Claim.make({ needs: [Claim.need(rate)], partition: "acme", origin: "api" })

const refusal = (retryMillis: number): Signal.Signal => ({
  readings: [],
  isRefusal: true,
  retry: { kind: "after", millis: retryMillis, toleranceMillis: 0 }
})

const answered = (signal: Signal.Signal, on: Claim.Claim = claim) =>
  Effect.void.pipe(RateLimiter.withPermit(on, { decode: () => signal }))

const millisOf = (at: Option.Option<DateTime.Utc> | undefined) =>
  at === undefined ? undefined : Option.getOrUndefined(Option.map(at, ({ epochMilliseconds }) => epochMilliseconds))

/** The events while an effect runs, until so many have come. */
const eventsOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const seen: Array<RateLimiter.LimiterEvent> = []
    yield* RateLimiter.events.pipe(
      Stream.runForEach((event) => Effect.sync(() => seen.push(event))),
      Effect.forkChild({ startImmediately: true })
    )
    yield* effect
    yield* TestClock.adjust(1)
    return seen
  })

describe("RateLimiter.status", () => {
  it.effect("tells who waits, by priority and tenant, since when, and for how much", () =>
    Effect.gen(function* () {
      const two = Claim.make({ needs: [Claim.need(rate, { cost: 2 })], partition: "acme", origin: "api" })
      yield* answered(Signal.none)
      yield* answered(Signal.none)
      const wait = (claim: Claim.Claim, tenant: string, priority: number) =>
        answered(Signal.none, claim).pipe(
          RateLimiter.tenant(tenant),
          RateLimiter.priority(priority),
          Effect.forkChild({ startImmediately: true })
        )
      yield* TestClock.adjust(100)
      yield* wait(claim, "", 0)
      yield* TestClock.adjust(100)
      yield* wait(two, "globex", 0)
      yield* wait(claim, "globex", 0)
      yield* wait(claim, "globex", 1)
      const [status] = yield* RateLimiter.status("acme")
      const waiting = status?.waiting.map(({ since, ...rest }) => ({ ...rest, since: since.epochMilliseconds }))
      assert.deepStrictEqual(waiting, [
        { priority: 1, tenant: "globex", calls: 1, units: 1, since: 200 },
        { priority: 0, tenant: "", calls: 1, units: 1, since: 100 },
        { priority: 0, tenant: "globex", calls: 2, units: 3, since: 200 }
      ])
      assert.strictEqual(millisOf(status?.nextAt), 1000)
      assert.deepInclude(status, { published: 2, windowMillis: 1000, limit: 2 })
    }).pipe(Effect.provide(RateLimiter.layer))
  )

  it.effect("tells by what a quota is closed, without what may be a key, and when it goes on", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.RateLimiter
      yield* Effect.withFiber((fiber) => {
        const permit = limiter.permit(claim)
        return limiter.admit(permit, fiber, Effect.void).pipe(
          Effect.andThen(
            Effect.sync(() => {
              const error = new Error(`too many requests for key sk_live_0123456789abcdef, ${"x".repeat(70_000)}1`)
              limiter.settle(permit, "refused", { signal: refusal(5000), refusal: error })
            })
          )
        )
      })
      const [closed] = yield* RateLimiter.status()
      const words = Option.getOrElse(closed?.closedBy ?? Option.none(), () => "")
      assert.match(words, /^too many requests for key \.\.\., /)
      assert.isBelow(words.length, 310)
      assert.strictEqual(millisOf(closed?.closedUntil), 5000)
      assert.strictEqual(millisOf(closed?.nextAt), 5000)
      yield* TestClock.adjust(5000)
      const [open] = yield* RateLimiter.status()
      assert.deepStrictEqual([open?.closedBy, open?.closedUntil], [Option.none(), Option.none()])
    }).pipe(Effect.provide(RateLimiter.layer))
  )

  it.effect("tells no instant while only an answer can make room", () =>
    Effect.gen(function* () {
      const one = Claim.of(Quota.concurrency(1))
      yield* Effect.forkChild(Effect.never.pipe(RateLimiter.withPermit(one)), { startImmediately: true })
      const [status] = yield* RateLimiter.status()
      assert.deepStrictEqual(status?.nextAt, Option.none())
    }).pipe(Effect.provide(RateLimiter.layer))
  )
})

describe("RateLimiter.events", () => {
  it.effect("tells of a pause, of what was turned away during it, and that traffic goes on", () =>
    Effect.gen(function* () {
      const events = yield* eventsOf(
        Effect.gen(function* () {
          yield* answered(refusal(5000))
          yield* Effect.flip(answered(Signal.none).pipe(RateLimiter.failFast))
          yield* answered(Signal.none)
          yield* answered(Signal.none)
        }).pipe(Effect.forkChild, Effect.andThen(TestClock.adjust("1 minute")))
      )
      assert.deepStrictEqual(
        events.map(({ _tag }) => _tag),
        ["Refused", "Paused", "TurnedAway", "Resumed"]
      )
      const [refused, paused, away, resumed] = events
      assert.strictEqual(refused?._tag === "Refused" && refused.why, "unexpected")
      assert.deepInclude(paused, { partition: "acme", quotas: ["rate"], cause: "a refusal" })
      assert.strictEqual(paused?._tag === "Paused" && paused.until.epochMilliseconds, 5000)
      assert.deepInclude(away, { partition: "acme", reason: "DeadlineExceeded", quota: Option.some("rate") })
      assert.deepInclude(resumed, { partition: "acme", quotas: ["rate"] })
    }).pipe(Effect.provide(RateLimiter.layer))
  )

  it.effect("tells what a response taught of a limit, and of others' use", () =>
    Effect.gen(function* () {
      const ten = Quota.rolling(10, "1 minute", { name: "ten" })
      const on = Claim.make({ needs: [Claim.need(ten)], partition: "acme" })
      const reading = (limit: number, remaining: number): Signal.Signal => ({
        readings: [{ quota: "ten", limit, remaining }]
      })
      const events = yield* eventsOf(
        Effect.gen(function* () {
          yield* answered(reading(10, 9), on)
          yield* answered(reading(8, 6), on)
          yield* answered(reading(8, 2), on)
        })
      )
      const learned = { _tag: "Learned" as const, partition: "acme", quota: "ten" }
      const ten1 = { limit: 10, limitInForce: 10, inFlight: 1, cooling: 1, foreign: 0 }
      const eight = { limit: 8, limitInForce: 8, inFlight: 0, cooling: 2, foreign: 0 }
      assert.deepStrictEqual(events, [
        { ...learned, ...eight, was: ten1 },
        { ...learned, ...eight, cooling: 3, foreign: 3, was: { ...eight, inFlight: 1 } }
      ])
    }).pipe(Effect.provide(RateLimiter.layer))
  )

  it.effect("tells refusals that the books explain from those that they do not", () =>
    Effect.gen(function* () {
      const ten = Quota.rolling(10, "1 second", { name: "ten", slack: 0, rateMargin: 0 })
      const on = Claim.of(ten)
      const usedUp: Signal.Signal = { ...refusal(1000), readings: [{ quota: "ten", limit: 10, remaining: 0 }] }
      const whys = (events: ReadonlyArray<RateLimiter.LimiterEvent>) =>
        events.flatMap((event) => (event._tag === "Refused" ? [event.why] : []))
      // Two that were under way together: the second refusal says what the first one said.
      const together = Effect.forEach(
        [1, 2],
        () => Effect.sleep(10).pipe(RateLimiter.withPermit(on, { decode: () => refusal(1000) })),
        { concurrency: 2 }
      ).pipe(Effect.forkChild, Effect.andThen(TestClock.adjust(20)))
      assert.deepStrictEqual(whys(yield* eventsOf(together)), ["unexpected", "closedBefore"])
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(whys(yield* eventsOf(answered(usedUp, on))), ["usedByOthers"])
      const unpublished = Claim.of(Quota.unpublished("1 second"))
      assert.deepStrictEqual(whys(yield* eventsOf(answered(refusal(1000), unpublished))), ["inDoubt"])
    }).pipe(Effect.provide(RateLimiter.layer))
  )
})
