import { Claim, Quota, RateLimiter } from "@sluice/core"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"

const exact = { slack: 0, rateMargin: 0 } as const

/** A limiter with calls under way, and who was admitted. */
const queue = Effect.sync(() => {
  const admitted: Array<string> = []
  const call = (name: string, ...needs: ReadonlyArray<Quota.Quota | Claim.Draw>) =>
    Effect.sync(() => admitted.push(name)).pipe(
      RateLimiter.withPermit(
        Claim.make({ needs: needs.map((each) => ("quota" in each ? each : Claim.need(each))), partition: "key" })
      )
    )
  const start = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })
  const countOf = (name: string) => admitted.filter((each) => each === name).length
  return { admitted, call, countOf, start }
})

describe("RateLimiter.tenant", () => {
  for (const quota of [
    Quota.rolling(60, "1 minute", exact),
    Quota.fixed(60, "1 minute", exact),
    Quota.tokenBucket({ capacity: 10, refill: 1, every: "1 second" }, exact)
  ]) {
    it.effect(`shares ${quota.kind} quotas by weight, however loud one is`, () =>
      Effect.gen(function* () {
        const { call, countOf, start } = yield* queue
        const weights = { loud: 1, quiet: 1, large: 4 }
        // What has room goes at once, whosever it is.
        yield* Effect.replicateEffect(call("before", quota), 60, { discard: true, concurrency: 60 }).pipe(start)
        const busy = (name: keyof typeof weights, calls: number) =>
          Effect.replicateEffect(call(name, quota), calls, { discard: true, concurrency: "unbounded" }).pipe(
            RateLimiter.tenant(name, { weight: weights[name] }),
            start
          )
        yield* busy("loud", 2000)
        yield* busy("quiet", 150)
        yield* busy("large", 600)
        yield* TestClock.adjust("12 minutes")
        const all = countOf("loud") + countOf("quiet") + countOf("large")
        assert.isAtLeast(all, 600)
        for (const [name, weight] of Object.entries(weights)) {
          assert.approximately(countOf(name) / all, weight / 6, 0.05 * (weight / 6), name)
        }
      }).pipe(Effect.scoped, Effect.provide(RateLimiter.layer))
    )
  }

  it.effect(
    "lets a tenant that comes anew go with the next slot, and gives nothing for the time that it was away",
    () =>
      Effect.gen(function* () {
        const { admitted, call, start } = yield* queue
        const quota = Quota.concurrency(1)
        const held = yield* call("first", quota).pipe(start)
        yield* Fiber.join(held)
        const slow = (name: string) =>
          Effect.andThen(
            Effect.sync(() => admitted.push(name)),
            Effect.sleep("1 second")
          ).pipe(
            RateLimiter.withPermit(Claim.make({ needs: [Claim.need(quota)], partition: "key" })),
            RateLimiter.tenant(name)
          )
        yield* Effect.replicateEffect(slow("loud"), 100, { concurrency: "unbounded" }).pipe(start)
        yield* TestClock.adjust("9500 millis")
        yield* Effect.replicateEffect(slow("quiet"), 3, { concurrency: "unbounded" }).pipe(start)
        yield* TestClock.adjust("6 seconds")
        assert.deepStrictEqual(admitted.slice(-6), ["quiet", "loud", "quiet", "loud", "quiet", "loud"])
      }).pipe(Effect.scoped, Effect.provide(RateLimiter.layer))
  )

  it.effect("looks at once after a tenant whose turn comes before that of those who wait", () =>
    Effect.gen(function* () {
      const { admitted, call, start } = yield* queue
      const quota = Quota.rolling(1, "1 second", exact)
      yield* call("used", quota)
      for (const name of ["l1", "l2", "l3"]) yield* call(name, quota).pipe(RateLimiter.tenant("loud"), start)
      yield* TestClock.adjust("1 second")
      yield* call("q1", quota).pipe(RateLimiter.tenant("quiet"), start)
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(admitted, ["used", "l1", "q1", "l2", "l3"])
    }).pipe(Effect.scoped, Effect.provide(RateLimiter.layer))
  )

  it.effect("puts priorities first, and keeps each tenant's order", () =>
    Effect.gen(function* () {
      const { admitted, call, start } = yield* queue
      const quota = Quota.rolling(1, "1 second", exact)
      yield* call("used", quota)
      for (const name of ["a1", "a2", "a3"]) yield* call(name, quota).pipe(RateLimiter.tenant("a"), start)
      for (const name of ["b1", "b2"]) yield* call(name, quota).pipe(RateLimiter.tenant("b"), start)
      yield* call("urgent", quota).pipe(RateLimiter.tenant("a"), RateLimiter.priority("high"), start)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(admitted, ["used", "urgent", "a1", "b1", "a2", "b2", "a3"])
    }).pipe(Effect.scoped, Effect.provide(RateLimiter.layer))
  )

  it.effect("counts the units of what each takes", () =>
    Effect.gen(function* () {
      const { call, countOf, start } = yield* queue
      const quota = Quota.rolling(100, "1 minute", exact)
      yield* call("used", Claim.need(quota, { cost: 100 }))
      const busy = (name: string, cost: number) =>
        Effect.replicateEffect(call(name, Claim.need(quota, { cost })), 2000, { concurrency: "unbounded" }).pipe(
          RateLimiter.tenant(name),
          start
        )
      yield* busy("one", 1)
      yield* busy("five", 5)
      yield* TestClock.adjust("10 minutes")
      assert.approximately(countOf("five") * 5, countOf("one"), 0.05 * countOf("one"))
      assert.isAtLeast(countOf("one") + 5 * countOf("five"), 900)
    }).pipe(Effect.scoped, Effect.provide(RateLimiter.layer))
  )

  it.effect("starves no large call by small ones of others", () =>
    Effect.gen(function* () {
      const { admitted, call, start } = yield* queue
      const quota = Quota.rolling(10, "1 second", exact)
      yield* Effect.replicateEffect(call("used", quota), 10, { concurrency: "unbounded" })
      yield* call("large", Claim.need(quota, { cost: 10 })).pipe(RateLimiter.tenant("slow"), start)
      const small = (i: number) => Effect.forever(call("small", quota)).pipe(RateLimiter.tenant(`t${i}`), start)
      for (let i = 0; i < 30; i++) yield* small(i)
      yield* TestClock.adjust("6 seconds")
      assert.include(admitted, "large")
    }).pipe(Effect.scoped, Effect.provide(RateLimiter.layer))
  )

  it.effect("shares where claims meet in one of several quotas", () =>
    Effect.gen(function* () {
      const { call, countOf, start } = yield* queue
      const minute = Quota.rolling(60, "1 minute", { ...exact, name: "minute" })
      const second = Quota.rolling(5, "1 second", { ...exact, name: "second" })
      const busy = (name: string, weight: number, ...quotas: ReadonlyArray<Quota.Quota>) =>
        Effect.replicateEffect(call(name, ...quotas), 1000, { concurrency: "unbounded" }).pipe(
          RateLimiter.tenant(name, { weight }),
          start
        )
      yield* busy("a", 1, minute, second)
      yield* busy("b", 3, minute, second)
      yield* TestClock.adjust("20 minutes")
      const [a, b] = [countOf("a"), countOf("b")]
      assert.isAtLeast(a + b, 1199)
      assert.approximately(b / (a + b), 0.75, 0.05 * 0.75)
    }).pipe(Effect.scoped, Effect.provide(RateLimiter.layer))
  )

  it.effect("estimates a quiet tenant's turn before a loud one's", () =>
    Effect.gen(function* () {
      const { call, start } = yield* queue
      const quota = Quota.rolling(1, "1 second", exact)
      yield* call("used", quota)
      yield* Effect.replicateEffect(call("loud", quota), 50, { concurrency: "unbounded" }).pipe(
        RateLimiter.tenant("loud"),
        start
      )
      const claim = Claim.make({ needs: [Claim.need(quota)], partition: "key" })
      const loud = yield* RateLimiter.estimate(claim).pipe(RateLimiter.tenant("loud"))
      const quiet = yield* RateLimiter.estimate(claim).pipe(RateLimiter.tenant("quiet"))
      assert.strictEqual(Duration.toMillis(loud), 51_000)
      assert.isAtMost(Duration.toMillis(quiet), 2000)
      const began = yield* Clock.currentTimeMillis
      const fiber = yield* call("quiet", quota).pipe(
        RateLimiter.within(2000),
        RateLimiter.tenant("quiet"),
        Effect.andThen(Clock.currentTimeMillis),
        start
      )
      yield* TestClock.adjust("1 minute")
      const took = (yield* Fiber.join(fiber)) - began
      assert.isAtMost(Duration.toMillis(quiet), took)
      assert.isAtMost(took, 2000)
    }).pipe(Effect.scoped, Effect.provide(RateLimiter.layer))
  )

  it.effect("makes place in a full queue by sending the last call of the loudest away", () =>
    Effect.gen(function* () {
      const { admitted, call, start } = yield* queue
      const quota = Quota.rolling(1, "1 second", exact)
      yield* call("used", quota)
      const reasonOf = (name: string, tenant: string, weight = 1) =>
        call(name, quota).pipe(
          RateLimiter.tenant(tenant, { weight }),
          Effect.match({ onSuccess: () => "sent", onFailure: (error) => error.reason._tag }),
          start
        )
      const loud = yield* Effect.forEach(["c", "d", "a", "b"], (name) =>
        reasonOf(name, "loud").pipe(RateLimiter.priority(name < "c" ? "normal" : "low"))
      )
      const quiet = yield* Effect.forEach(["x", "y", "z"], (name) => reasonOf(name, "quiet"))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* Effect.forEach(loud, Fiber.join), ["QueueFull", "QueueFull", "sent", "sent"])
      assert.deepStrictEqual(yield* Effect.forEach(quiet, Fiber.join), ["sent", "sent", "QueueFull"])
      assert.deepStrictEqual(admitted, ["used", "a", "x", "b", "y"])
    }).pipe(Effect.scoped, Effect.provide(RateLimiter.layerWith({ queueBound: 4 })))
  )

  it("takes no weight that is none", () => {
    for (const weight of [0, -1, Number.NaN, Infinity]) {
      assert.throws(
        () => Effect.void.pipe(RateLimiter.tenant("acme", { weight })),
        `weight of acme takes a number above 0, but was given ${weight}.`
      )
    }
  })
})
