import { Claim, Quota, RateLimiter } from "@sluice/core"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Exit, Fiber, Layer, Logger, Scheduler, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import { collectGarbage } from "./support/collectGarbage.ts"

const perSecond = Quota.rolling(2, "1 second", { name: "rate", slack: 0, rateMargin: 0 })

/** Runs a call of `millis` and notes when it was admitted. */
const call = (claim: Claim.Claim, admittedAt: Array<number>, millis = 10) =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => {
    admittedAt.push(now)
    return Effect.sleep(millis)
  }).pipe(RateLimiter.withPermit(claim))

describe("RateLimiter", () => {
  it.effect("admits what has room and lets the rest wait for a slot to cool", () =>
    Effect.gen(function* () {
      const at: Array<number> = []
      const claim = Claim.of(perSecond)
      const fiber = yield* Effect.forkChild(
        Effect.forEach([1, 2, 3, 4, 5], () => call(claim, at), { concurrency: "unbounded" })
      )
      yield* TestClock.adjust(1009)
      assert.deepStrictEqual(at, [0, 0])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(at, [0, 0, 1010, 1010])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(at, [0, 0, 1010, 1010, 2020])
      yield* Fiber.join(fiber)
    }).pipe(Effect.provide(RateLimiter.layer))
  )

  it.effect("weighs two windows with the stance unknown", () =>
    Effect.gen(function* () {
      const at: Array<number> = []
      yield* Effect.forkChild(
        Effect.forEach([1, 2, 3], () => call(Claim.of(perSecond), at), { concurrency: "unbounded" })
      )
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(at, [0, 0, 1510])
    }).pipe(Effect.provide(RateLimiter.layerWith({ stance: "unknown" })))
  )

  it.effect("refuses at once, with the earliest instant, what its deadline does not allow", () =>
    Effect.gen(function* () {
      const at: Array<number> = []
      const claim = Claim.of(perSecond)
      yield* Effect.forkChild(Effect.all([call(claim, at), call(claim, at)], { concurrency: 2 }))
      yield* TestClock.adjust(100)
      const error = yield* Effect.flip(call(claim, at).pipe(RateLimiter.within(909)))
      assert.strictEqual(error.reason._tag, "DeadlineExceeded")
      assert.strictEqual(error.reason._tag === "DeadlineExceeded" && error.reason.earliest.epochMilliseconds, 1010)
      const fiber = yield* Effect.forkChild(call(claim, at).pipe(RateLimiter.within(910)))
      yield* TestClock.adjust(2000)
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(at, [0, 0, 1010])
    }).pipe(Effect.provide(RateLimiter.layer))
  )

  it.effect("gives the place up when a waiter is interrupted, and moves nobody else", () =>
    Effect.gen(function* () {
      const at: Array<number> = []
      const claim = Claim.of(perSecond)
      const fibers = yield* Effect.forEach([1, 2, 3, 4, 5], () => Effect.forkChild(call(claim, at)))
      yield* TestClock.adjust(100)
      const third = fibers[2]
      if (third) yield* Fiber.interrupt(third)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(at, [0, 0, 1010, 1010])
      const [status] = yield* RateLimiter.status()
      assert.strictEqual(status?.inFlight, 0)
    }).pipe(Effect.provide(RateLimiter.layer))
  )

  it.effect("keeps nothing of a call that is interrupted, at whatever step of its way", () =>
    Effect.gen(function* () {
      const claim = Claim.of(perSecond)
      const stepwise = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
        Effect.provideService(effect, Scheduler.MaxOpsBeforeYield, 3)
      const sent: Array<number> = []
      for (let step = 0; step < 25; step++) {
        // Two at once, two that wait.
        const calls = Array.from({ length: 4 }, () =>
          Effect.sync(() => sent.push(step)).pipe(RateLimiter.withPermit(claim), stepwise)
        )
        const fibers = yield* Effect.forEach(calls, (one) => Effect.forkChild(one))
        for (let i = 0; i < step; i++) yield* Effect.yieldNow
        yield* Fiber.interruptAll(fibers)
        yield* TestClock.adjust("2 minutes")
        const [status] = yield* RateLimiter.status()
        assert.deepStrictEqual([status?.inFlight ?? 0, status?.free ?? 2], [0, 2], `interrupted at step ${step}`)
      }
      assert.notInclude(sent, 0)
      assert.include(sent, 24)
    }).pipe(Effect.provide(RateLimiter.layer))
  )

  it.effect("holds the slot of an interrupted call until a server can have forgotten it", () =>
    Effect.gen(function* () {
      const at: Array<number> = []
      const one = Claim.of(Quota.rolling(1, "1 second", { slack: 0, rateMargin: 0 }))
      const fiber = yield* Effect.forkChild(call(one, at, 500))
      yield* TestClock.adjust(100)
      yield* Fiber.interrupt(fiber)
      const next = yield* Effect.forkChild(call(one, at))
      yield* TestClock.adjust(60_999)
      assert.deepStrictEqual(at, [0])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(at, [0, 61_100])
      yield* Fiber.interrupt(next)
    }).pipe(Effect.provide(RateLimiter.layer))
  )

  it.effect("lets higher priorities go first and keeps the order within one", () =>
    Effect.gen(function* () {
      const order: Array<string> = []
      const claim = Claim.of(Quota.rolling(1, "1 second"))
      const named = (name: string, level: "high" | "low" | "normal") =>
        Effect.sync(() => order.push(name)).pipe(RateLimiter.withPermit(claim), RateLimiter.priority(level))
      yield* named("first", "normal")
      for (const [name, level] of [
        ["a", "normal"],
        ["b", "low"],
        ["c", "normal"],
        ["d", "high"]
      ] as const) {
        yield* Effect.forkChild(named(name, level), { startImmediately: true })
      }
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(order, ["first", "d", "a", "c", "b"])
    }).pipe(Effect.provide(RateLimiter.layer))
  )

  it.effect("refuses for ever what is larger than its quota, and at once what the queue does not hold", () =>
    Effect.gen(function* () {
      const never = yield* Effect.flip(
        Effect.void.pipe(RateLimiter.withPermit(Claim.make({ needs: [Claim.need(perSecond, { cost: 3 })] })))
      )
      assert.strictEqual(never.reason._tag, "Never")
      const claim = Claim.of(perSecond)
      const calls = yield* Effect.forkChild(
        Effect.forEach([1, 2, 3, 4, 5], () => Effect.result(Effect.void.pipe(RateLimiter.withPermit(claim))), {
          concurrency: "unbounded"
        })
      )
      yield* TestClock.adjust("1 minute")
      const results = yield* Fiber.join(calls)
      const full = results.filter((result) => result._tag === "Failure" && result.failure.reason._tag === "QueueFull")
      assert.strictEqual(full.length, 2)
    }).pipe(Effect.provide(RateLimiter.layerWith({ queueBound: 1 })))
  )

  it.effect("holds up a read that waits for its day by nothing else than the day", () =>
    Effect.gen(function* () {
      const at: Array<number> = []
      const minute = Quota.rolling(10, "1 minute", { name: "minute" })
      const day = Quota.rolling(1, "1 day", { name: "day" })
      yield* call(Claim.of(minute, day), at, 0)
      yield* Effect.forkChild(call(Claim.of(minute, day), at, 0))
      yield* TestClock.adjust(1000)
      yield* Effect.forkChild(call(Claim.of(minute), at, 0), { startImmediately: true })
      assert.deepStrictEqual(at, [0, 1000])
    }).pipe(Effect.provide(RateLimiter.layer))
  )

  it.effect("sends waiters away when its scope ends, and waits for those under way if asked to", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const limiter = yield* Layer.build(RateLimiter.layerWith({ drain: "1 minute" })).pipe(Scope.provide(scope))
      const run = <A, E>(effect: Effect.Effect<A, E, RateLimiter.RateLimiter>) =>
        Effect.forkChild(Effect.provide(effect, limiter), { startImmediately: true })
      const at: Array<number> = []
      const claim = Claim.of(Quota.rolling(1, "1 second"))
      const sent = yield* run(call(claim, at, 500))
      const waiting = yield* run(Effect.flip(call(claim, at)))
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      assert.strictEqual((yield* Fiber.join(waiting)).reason._tag, "Store")
      yield* TestClock.adjust(499)
      assert.isUndefined(closing.pollUnsafe())
      yield* TestClock.adjust(1)
      yield* Fiber.join(closing)
      yield* Fiber.join(sent)
    })
  )

  it.effect("tells at once who will wait long", () =>
    Effect.gen(function* () {
      const claim = Claim.of(Quota.rolling(1, "1 hour", { name: "hour" }))
      const events = yield* Effect.forkChild(RateLimiter.events.pipe(Stream.take(1), Stream.runCollect))
      yield* TestClock.adjust(1)
      yield* Effect.void.pipe(RateLimiter.withPermit(claim))
      yield* Effect.forkChild(Effect.void.pipe(RateLimiter.withPermit(claim)))
      const [event] = yield* Fiber.join(events)
      assert.strictEqual(event?._tag === "LongWait" && event.quota, "hour")
      const estimate = yield* RateLimiter.estimate(claim)
      assert.isAtLeast(Duration.toMillis(estimate), 2 * 3_600_000)
    }).pipe(Effect.provide(RateLimiter.layer))
  )

  it.effect("accounts for every slot when a random half of 100 000 waiters is interrupted", () =>
    Effect.gen(function* () {
      let ran = 0
      const claim = Claim.of(Quota.rolling(1000, "1 second", { name: "rate" }))
      const fibers: Array<Fiber.Fiber<unknown, unknown>> = []
      for (let i = 0; i < 100_000; i++) {
        const work = Effect.sync(() => ran++).pipe(RateLimiter.withPermit(claim))
        fibers.push(yield* Effect.forkChild(work, { startImmediately: true }))
      }
      const before = ran
      let seed = 1
      let interrupted = 0
      for (const fiber of fibers.slice(before)) {
        seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
        if (seed < 2 ** 31) {
          interrupted++
          fiber.interruptUnsafe()
        }
      }
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual(before, 1000)
      assert.strictEqual(ran + interrupted, 100_000)
      const [status] = yield* RateLimiter.status()
      assert.strictEqual(status?.inFlight, 0)
      assert.strictEqual(status?.free, 1000)
    }).pipe(Effect.provide(RateLimiter.layerWith({ queueBound: 200_000 })))
  )

  it.effect("starves no large claim by small ones that come later", () =>
    Effect.gen(function* () {
      const order: Array<string> = []
      const quota = Quota.rolling(4, "1 second", { name: "rate", slack: 0, rateMargin: 0 })
      const take = (name: string, cost: number) =>
        Effect.sync(() => order.push(name)).pipe(
          RateLimiter.withPermit(Claim.make({ needs: [Claim.need(quota, { cost })] }))
        )
      yield* take("first", 2)
      yield* Effect.forkChild(take("large", 4), { startImmediately: true })
      for (let i = 0; i < 3; i++) yield* Effect.forkChild(take(`small ${i}`, 1), { startImmediately: true })
      assert.deepStrictEqual(order, ["first"])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(order, ["first", "large", "small 0", "small 1", "small 2"])
    }).pipe(Effect.provide(RateLimiter.layer))
  )

  it.effect("keeps the units of a blocked head in the quotas that do not block it, when its turn is near", () =>
    Effect.gen(function* () {
      const order: Array<string> = []
      const second = Quota.rolling(1, "1 second", { name: "second" })
      const ten = Quota.rolling(2, "10 seconds", { name: "ten" })
      const take = (name: string, ...quotas: ReadonlyArray<Quota.Quota>) =>
        Effect.sync(() => order.push(name)).pipe(RateLimiter.withPermit(Claim.of(...quotas)))
      yield* take("a", second, ten)
      yield* Effect.forkChild(take("b", second, ten), { startImmediately: true })
      yield* Effect.forkChild(take("c", ten), { startImmediately: true })
      assert.deepStrictEqual(order, ["a"])
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(order, ["a", "b"])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(order, ["a", "b", "c"])
    }).pipe(Effect.provide(RateLimiter.layer))
  )

  it.effect("learns a refusal from an exit that is no HTTP response", () =>
    Effect.gen(function* () {
      const claim = Claim.of(Quota.rolling(5, "1 second", { name: "rate" }))
      const events = yield* Effect.forkChild(RateLimiter.events.pipe(Stream.take(1), Stream.runCollect))
      yield* TestClock.adjust(1)
      yield* Effect.succeed("throttled").pipe(
        RateLimiter.withPermit(claim, {
          decode: () => ({ readings: [], isRefusal: true, retry: { kind: "after", millis: 9000, toleranceMillis: 0 } })
        })
      )
      const [event] = yield* Fiber.join(events)
      assert.strictEqual(event?._tag, "Refused")
      const [status] = yield* RateLimiter.status()
      assert.strictEqual(status?.refusals, 1)
      assert.strictEqual(status?.limitInForce, 4)
      const fiber = yield* Effect.forkChild(Clock.currentTimeMillis.pipe(RateLimiter.withPermit(claim)))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Fiber.join(fiber), 9001)
    }).pipe(Effect.provide(RateLimiter.layer))
  )

  it.effect("logs refusals with what was said, only where that is asked for", () =>
    Effect.gen(function* () {
      const logged: Array<string> = []
      const logger = Logger.layer([Logger.make(({ message }) => logged.push(JSON.stringify(message)))])
      const refuse = Effect.void.pipe(
        RateLimiter.withPermit(Claim.of(Quota.rolling(5, "1 second", { name: "rate" })), {
          decode: () => ({ readings: [], isRefusal: true })
        }),
        Effect.andThen(TestClock.adjust(1))
      )
      yield* refuse.pipe(Effect.provide([RateLimiter.layer, logger], { local: true }))
      assert.strictEqual(logged.length, 0)
      const logging = Layer.provideMerge(RateLimiter.layerLogRefusals, RateLimiter.layer)
      yield* refuse.pipe(Effect.provide(Layer.provideMerge(logging, logger), { local: true }))
      assert.strictEqual(logged.length, 1)
      assert.include(logged[0], "Refused")
    })
  )

  it.effect("lets everything through when unlimited", () =>
    Effect.gen(function* () {
      const claim = Claim.of(Quota.rolling(1, "1 day", { name: "rate" }))
      for (let i = 0; i < 10; i++) yield* Effect.void.pipe(RateLimiter.withPermit(claim))
      assert.strictEqual(yield* Clock.currentTimeMillis, 0)
    }).pipe(Effect.provide(RateLimiter.layerUnlimited))
  )

  it.effect("forgets who waited no longer, however far the deadline was", () =>
    Effect.gen(function* () {
      const quota = Quota.rolling(1, "1 hour")
      yield* Effect.void.pipe(RateLimiter.withPermit(Claim.of(quota)))
      const claims = []
      for (let i = 0; i < 500; i++) {
        const claim = Claim.of(quota)
        claims.push(new WeakRef(claim))
        const call = Effect.void.pipe(RateLimiter.withPermit(claim), RateLimiter.within("1 day"))
        yield* Fiber.interrupt(yield* Effect.forkChild(call, { startImmediately: true }))
      }
      yield* TestClock.withLive(Effect.sleep(10))
      collectGarbage()
      assert.isBelow(claims.filter((claim) => claim.deref() !== undefined).length, 150)
    }).pipe(Effect.provide(RateLimiter.layer))
  )

  it.effect("forgets partitions that are idle", () =>
    Effect.gen(function* () {
      const quota = Quota.rolling(1, "1 second", { name: "rate" })
      for (let i = 0; i < 100; i++) {
        const claim = Claim.make({ needs: [Claim.need(quota)], partition: `key ${i}` })
        yield* Effect.void.pipe(RateLimiter.withPermit(claim))
      }
      assert.strictEqual((yield* RateLimiter.status()).length, 100)
      yield* TestClock.adjust("2 minutes")
      yield* Effect.void.pipe(RateLimiter.withPermit(Claim.of(quota)))
      assert.strictEqual((yield* RateLimiter.status()).length, 1)
    }).pipe(Effect.provide(RateLimiter.layer))
  )
})
