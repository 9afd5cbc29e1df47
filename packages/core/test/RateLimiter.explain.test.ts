import { AdmissionError, Claim, Quota, RateLimiter, Signal } from "@sluice/core"
import * as Explanation from "@sluice/core/Explanation"
import { assert, describe, it } from "@effect/vitest"
import { Clock, DateTime, Effect, Fiber, Option, Schema } from "effect"
import { TestClock } from "effect/testing"
import { collectGarbage } from "./support/collectGarbage.ts"

const exact = { slack: 0, rateMargin: 0 }
const refused = (millis: number): Signal.Signal => ({
  readings: [],
  isRefusal: true,
  retry: { kind: "after", millis, toleranceMillis: 0 }
})

const call = (claim: Claim.Claim, signal = Signal.none) =>
  Effect.void.pipe(RateLimiter.withPermit(claim, { decode: () => signal }))

const nextOf = ({ next }: Explanation.Explanation) =>
  Option.getOrUndefined(Option.map(next, ({ epochMilliseconds }) => epochMilliseconds))
const quotaOf = ({ decided }: Explanation.Explanation) =>
  Option.getOrUndefined(Option.map(decided, ({ quota }) => quota))

/** Numbers of a seed, the same ones every time. */
const numbersFrom = (seed: number) => {
  let state = seed
  return (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

describe("RateLimiter.explain", () => {
  it.effect("tells of a claim which quota decides, and when it lets the call go", () =>
    Effect.gen(function* () {
      const second = Quota.rolling(2, "1 second", { name: "second", ...exact })
      const ten = Quota.rolling(3, "10 seconds", { name: "ten", ...exact })
      const claim = Claim.make({ needs: [Claim.need(second), Claim.need(ten)], partition: "acme", origin: "api" })
      const free = yield* RateLimiter.explain(claim)
      assert.deepInclude(free, { why: "free", partition: "acme", origin: "api", decided: Option.none() })
      yield* call(claim)
      yield* call(claim)
      const waits = yield* RateLimiter.explain(claim)
      assert.deepStrictEqual([waits.why, quotaOf(waits), nextOf(waits)], ["cooling", "second", 1000])
      yield* TestClock.adjust(1000)
      yield* call(claim)
      const explanation = yield* RateLimiter.explain(claim)
      assert.deepStrictEqual([explanation.why, quotaOf(explanation), nextOf(explanation)], ["cooling", "ten", 10_000])
      assert.strictEqual(
        Explanation.format(explanation),
        [
          'The call waits until 1970-01-01T00:00:10.000Z: quota "ten" has no room.',
          "  second, acme: free; needs 1, 1 free of 2 in force: 0 in flight, 1 cooling, 0 used by others",
          "> ten, acme: cooling until 1970-01-01T00:00:10.000Z; needs 1, 0 free of 3 in force: 0 in flight, 3 cooling, 0 used by others"
        ].join("\n")
      )
    }).pipe(Effect.provide(RateLimiter.layer))
  )

  it.effect("is a plain value that can be encoded and read back", () =>
    Effect.gen(function* () {
      const claim = Claim.of(Quota.rolling(1, "1 second"), Quota.unpublished("1 second"))
      yield* call(claim, refused(3000))
      const explanation = yield* RateLimiter.explain(claim)
      const codec = Schema.toCodecJson(Explanation.Explanation)
      const json = JSON.stringify(yield* Schema.encodeEffect(codec)(explanation))
      assert.deepStrictEqual(yield* Schema.decodeEffect(codec)(JSON.parse(json)), explanation)
    }).pipe(Effect.provide(RateLimiter.layer))
  )

  it.effect("tells of an error how the books stood when it was made, however late it is asked", () =>
    Effect.gen(function* () {
      const claim = Claim.of(Quota.rolling(2, "1 second", { name: "rate", ...exact }))
      yield* call(claim)
      yield* call(claim)
      const error = yield* Effect.flip(RateLimiter.failFast(call(claim)))
      yield* TestClock.adjust("1 hour")
      const explanation = yield* RateLimiter.explain(error)
      assert.strictEqual(explanation.at.epochMilliseconds, 0)
      assert.deepStrictEqual([explanation.why, quotaOf(explanation), nextOf(explanation)], ["cooling", "rate", 1000])
      assert.deepInclude(explanation.quotas[0], { free: 0, cooling: 2, inFlight: 0, cost: 1 })
      assert.strictEqual(
        error.message,
        'Quota "rate" has no room before the deadline; the earliest instant, as far as known, is 1970-01-01T00:00:01.000Z. ' +
          'Our books of "rate": 2 cooling, of 2 units.'
      )
    }).pipe(Effect.provide(RateLimiter.layer))
  )

  it.effect("names in the error the quota whose line is the longest, and not the one that is full now", () =>
    Effect.gen(function* () {
      const quick = Quota.rolling(1, "1 second", { name: "quick", ...exact })
      const slow = Quota.rolling(1, "1 minute", { name: "slow", ...exact })
      yield* call(Claim.of(slow))
      yield* Effect.forkChild(call(Claim.of(slow)), { startImmediately: true })
      yield* call(Claim.of(quick))
      const error = yield* Effect.flip(call(Claim.of(quick, slow)).pipe(RateLimiter.within("2 seconds")))
      assert.strictEqual(error.reason._tag === "DeadlineExceeded" && error.reason.quota, "slow")
      const explanation = yield* RateLimiter.explain(error)
      assert.deepStrictEqual([explanation.why, quotaOf(explanation), nextOf(explanation)], ["others", "slow", 120_000])
    }).pipe(Effect.provide(RateLimiter.layer))
  )

  it.effect("tells why each reason of an AdmissionError came about", () =>
    Effect.gen(function* () {
      const rate = Quota.rolling(1, "1 second", { name: "rate", ...exact })
      const whyOf = (error: AdmissionError.AdmissionError) =>
        Effect.map(RateLimiter.explain(error), (told) => [error.reason._tag, told.why, quotaOf(told), nextOf(told)])
      const large = Claim.make({ needs: [Claim.need(rate, { cost: 2 })] })
      assert.deepStrictEqual(yield* whyOf(yield* Effect.flip(call(large))), ["Never", "tooLarge", "rate", undefined])
      yield* call(Claim.of(rate))
      yield* Effect.forkChild(call(Claim.of(rate)), { startImmediately: true })
      const full = yield* Effect.flip(call(Claim.of(rate)))
      assert.deepStrictEqual(yield* whyOf(full), ["QueueFull", "queueFull", "rate", 2000])
      assert.match(full.message, /1 cooling, 1 waited for before, of 1 units\.$/)
      yield* TestClock.adjust("1 minute")
      yield* call(Claim.of(rate), refused(3_600_000))
      const closed = yield* Effect.flip(call(Claim.of(rate)))
      assert.deepStrictEqual(yield* whyOf(closed), ["Closed", "closed", "rate", 3_660_000])
    }).pipe(Effect.provide(RateLimiter.layerWith({ queueBound: 1 })))
  )

  it.effect("tells of an error that no books saw what it says itself", () =>
    Effect.gen(function* () {
      const retryAt = DateTime.makeUnsafe(5000)
      const reason = new AdmissionError.Closed({ quota: "rate", retryAt, refusal: Option.none() })
      const explanation = yield* RateLimiter.explain(new AdmissionError.AdmissionError({ partition: "acme", reason }))
      assert.deepInclude(explanation, { why: "told", partition: "acme", next: Option.some(retryAt), quotas: [] })
    }).pipe(Effect.provide(RateLimiter.layer))
  )

  it.effect("tells of a permit what it waits for, and what it has waited for", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.RateLimiter
      const claim = Claim.of(Quota.rolling(1, "1 second", { name: "rate", ...exact }))
      yield* call(claim)
      const permit = limiter.permit(claim)
      yield* Effect.forkChild(
        Effect.withFiber((fiber) => limiter.admit(permit, fiber, Effect.void)),
        { startImmediately: true }
      )
      yield* TestClock.adjust(300)
      const waits = yield* RateLimiter.explain(permit)
      assert.deepStrictEqual(
        [waits.why, quotaOf(waits), nextOf(waits), waits.waitedMillis],
        ["cooling", "rate", 1000, 300]
      )
      yield* TestClock.adjust(5000)
      const went = yield* RateLimiter.explain(permit)
      assert.deepStrictEqual(
        [went.why, quotaOf(went), nextOf(went), went.waitedMillis],
        ["admitted", "rate", 1000, 1000]
      )
      limiter.settle(permit, "answered")
    }).pipe(Effect.provide(RateLimiter.layer))
  )

  it.effect("lets go of refusals that came before the last one", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.RateLimiter
      const claim = Claim.of(Quota.unpublished("1 second", { name: "a" }), Quota.unpublished("1 second", { name: "b" }))
      const refuse = (closes: string) =>
        Effect.withFiber((fiber) => {
          const permit = limiter.permit(claim)
          return Effect.map(limiter.admit(permit, fiber, Effect.void), () => {
            const refusal = new Error(closes)
            limiter.settle(permit, "refused", { signal: { ...refused(1000), closes: [closes] }, refusal })
            return new WeakRef(refusal)
          })
        })
      const refusals: Array<WeakRef<Error>> = []
      for (let i = 0; i < 40; i++) {
        const fiber = yield* Effect.forkChild(refuse(i % 2 === 0 ? "a" : "b"))
        yield* TestClock.adjust(1500)
        refusals.push(yield* Fiber.join(fiber))
      }
      yield* TestClock.withLive(Effect.sleep(10))
      collectGarbage()
      assert.isBelow(refusals.filter((refusal) => refusal.deref() !== undefined).length, 10)
    }).pipe(Effect.provide(RateLimiter.layer))
  )

  it.effect(
    "names in random timelines the quota without which the call goes, and the instant at which it goes with it",
    () =>
      Effect.gen(function* () {
        const seen = new Map<string, number>()
        for (let seed = 1; seed <= 150; seed++) {
          const below = numbersFrom(seed)
          yield* timeline(below).pipe(
            Effect.tap((whys) => Effect.sync(() => whys.forEach((why) => seen.set(why, (seen.get(why) ?? 0) + 1)))),
            Effect.provide(RateLimiter.layer, { local: true })
          )
        }
        for (const why of ["free", "cooling", "inFlight", "closed", "paced", "opening"]) {
          assert.isAbove(seen.get(why) ?? 0, 10, why)
        }
      })
  )
})

const millisOf = (at: Option.Option<DateTime.Utc>) =>
  Option.match(at, { onNone: () => Infinity, onSome: ({ epochMilliseconds }) => epochMilliseconds })

/** What time alone ends, so that the instant is no lower bound. */
const known = new Set<Explanation.Why>(["free", "cooling", "paced", "closed"])

const kinds = (below: (most: number) => number) => [
  Quota.rolling(1 + below(4), 500 + below(2000), { name: "rolling" }),
  Quota.slidingCounter(2 + below(4), 500 + below(2000), { name: "sliding" }),
  Quota.tokenBucket({ capacity: 1 + below(4), refill: 1, every: "1 second" }, { name: "bucket" }),
  Quota.idleReset(1 + below(3), 300 + below(1000), { name: "idle" }),
  Quota.concurrency(1 + below(3), { name: "together" }),
  Quota.rolling(5 + below(5), "3 seconds", { name: "even", pacing: "even" })
]

/** Calls that take no time or never end, refusals now and then; each claim is explained, and the explanation tried out. */
const timeline = Effect.fnUntraced(function* (below: (most: number) => number) {
  const quotas = kinds(below)
  const whys: Array<Explanation.Why> = []
  for (let step = 0; step < 25; step++) {
    yield* TestClock.adjust(below(400))
    const needs = quotas.filter(() => below(3) === 0).map((quota) => Claim.need(quota))
    if (needs.length === 0) continue
    const claim = Claim.make({ needs })
    const explanation = yield* RateLimiter.explain(claim)
    whys.push(explanation.why)
    const asked = yield* Clock.currentTimeMillis
    const decided = explanation.decided
    if (Option.isNone(decided)) {
      assert.isTrue(yield* goes(claim), "a call that nothing holds back goes")
    } else {
      const others = Claim.make({ needs: needs.filter(({ quota }) => quota.name !== decided.value.quota) })
      const without = yield* RateLimiter.explain(others)
      const [at, atWithout] = [millisOf(explanation.next), millisOf(without.next)]
      const ties = explanation.quotas.filter((state) => millisOf(state.at) === at)
      if (ties.length === 1) assert.isBelow(atWithout, at, `${decided.value.quota} ${explanation.why}`)
      assert.isFalse(yield* goes(claim), "a call that is held back does not go")
      // A limit that grows back after a refusal may let the call go earlier.
      const isKnown = explanation.quotas.every(
        ({ limit, limitInForce, why }) => known.has(why) && limit === limitInForce
      )
      if (isKnown && at - asked > 1 && below(4) === 0) {
        yield* TestClock.adjust(at - 1 - asked)
        assert.isFalse(yield* goes(claim), `not a millisecond before: ${explanation.why}`)
        yield* TestClock.adjust(1)
        assert.isTrue(yield* goes(claim), `at that instant: ${explanation.why}`)
      }
    }
    if (below(3) === 0) yield* goes(claim, "never")
    if (below(8) === 0) yield* goes(claim, refused(below(1500)))
  }
  return whys
})

/** Whether the call goes at once; one that would wait is taken back, so that no time passes. */
const goes = Effect.fnUntraced(function* (claim: Claim.Claim, ends: Signal.Signal | "never" = Signal.none) {
  const limiter = yield* RateLimiter.RateLimiter
  const permit = limiter.permit(claim)
  const asked = yield* Effect.forkChild(
    Effect.withFiber((fiber) => limiter.admit(permit, fiber, Effect.void)),
    { startImmediately: true }
  )
  const isHeld = permit.state === "held"
  if (!isHeld) {
    limiter.settle(permit, "unsent")
    yield* Fiber.interrupt(asked)
  } else if (ends !== "never") {
    limiter.settle(permit, ends.isRefusal ? "refused" : "answered", { signal: ends })
  }
  return isHeld
})
