import { assert, layer } from "@effect/vitest"
import { Claim, Quota, RateLimiter, type Signal } from "@sluice/core"
import * as RateLimiterStoreRedis from "@sluice/core/RateLimiterStoreRedis"
import { NeverExceeds } from "@sluice/simulator"
import { Context, DateTime, Deferred, Duration, Effect, Exit, Fiber, Layer, Option, Random, Schedule } from "effect"
import { Redis } from "effect/persistence"
import { describeRedis, layer as layerRedis, layerCluster } from "./RedisServer.ts"

/** A worker: a limiter and a store of its own, on the Redis that all share. */
const worker = (prefix: string, options?: RateLimiterStoreRedis.Options) =>
  Effect.map(
    Layer.build(
      Layer.fresh(
        RateLimiter.layerStore().pipe(Layer.provide(Layer.fresh(RateLimiterStoreRedis.layer({ prefix, ...options }))))
      )
    ),
    (context) =>
      <A, E>(effect: Effect.Effect<A, E, RateLimiter.RateLimiter>): Effect.Effect<A, E> =>
        Effect.provideService(effect, RateLimiter.RateLimiter, Context.get(context, RateLimiter.RateLimiter))
  )

/** A server on this machine that counts each request at some moment of its way. */
const server = () => {
  const countedAt: Array<number> = []
  const request = Effect.gen(function* () {
    yield* Effect.sleep(Duration.millis(yield* Random.nextBetween(0, 5)))
    countedAt.push(performance.now())
    yield* Effect.sleep(Duration.millis(yield* Random.nextBetween(0, 5)))
  })
  return { countedAt, request }
}

const retryIn = (millis: number): Signal.Signal => ({
  readings: [],
  isRefusal: true,
  retry: { kind: "after", millis, toleranceMillis: 0 }
})

describeRedis("RateLimiterStoreRedis", () => {
  layer(layerRedis, { excludeTestServices: true })((it) => {
    it.effect("keeps one promise for several workers", () =>
      Effect.gen(function* () {
        const claim = Claim.of(Quota.rolling(20, 300))
        const { countedAt, request } = server()
        const workers = yield* Effect.all([worker("promise"), worker("promise"), worker("promise")])
        yield* Effect.forEach(
          workers,
          (run) =>
            Effect.forEach(Array.from({ length: 40 }), () => run(request.pipe(RateLimiter.withPermit(claim))), {
              concurrency: "unbounded"
            }),
          { concurrency: "unbounded" }
        )
        assert.strictEqual(countedAt.length, 120)
        NeverExceeds.limit(20, 300)(countedAt)
      })
    )

    it.effect("lets a refusal that one worker met pause the others", () =>
      Effect.gen(function* () {
        const claim = Claim.of(Quota.rolling(20, 100))
        const [one, other] = yield* Effect.all([worker("pause"), worker("pause")])
        yield* one(Effect.void.pipe(RateLimiter.withPermit(claim, { decode: () => retryIn(700) })))
        const refusedAt = performance.now()
        yield* other(Effect.void.pipe(RateLimiter.withPermit(claim)))
        assert.isAtLeast(performance.now() - refusedAt, 650)
      })
    )

    it.effect("admits at once what need not wait, and refuses what would have to", () =>
      Effect.gen(function* () {
        const claim = Claim.of(Quota.rolling(1, "1 minute"))
        const run = yield* worker("fail fast")
        const call = run(Effect.void.pipe(RateLimiter.withPermit(claim), RateLimiter.failFast))
        assert.isTrue(Exit.isSuccess(yield* Effect.exit(call)))
        const error = yield* Effect.flip(call)
        assert.strictEqual(error.reason._tag, "DeadlineExceeded")
      })
    )

    it.effect("admits as many at once as there is room for, of calls that are not to wait", () =>
      Effect.gen(function* () {
        const claim = Claim.of(Quota.rolling(3, "1 minute"))
        const run = yield* worker("fail fast together")
        const call = run(Effect.void.pipe(RateLimiter.withPermit(claim), RateLimiter.failFast))
        const exits = yield* Effect.all(
          Array.from({ length: 5 }, () => Effect.exit(call)),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(exits.map(Exit.isSuccess), [true, true, true, false, false])
      })
    )

    it.effect("gives back what an interrupted call was granted", () =>
      Effect.gen(function* () {
        const claim = Claim.of(Quota.rolling(1, "1 minute"))
        for (const turns of [0, 1, 2]) {
          const run = yield* worker(`interrupted ${turns}`)
          const call = run(Effect.never.pipe(RateLimiter.withPermit(claim)))
          const fiber = yield* Effect.forkChild(call, { startImmediately: true })
          for (let i = 0; i < turns; i++) yield* Effect.yieldNow
          yield* Fiber.interrupt(fiber)
          yield* run(Effect.void.pipe(RateLimiter.withPermit(claim), RateLimiter.within("10 seconds")))
        }
      })
    )

    it.effect("tells what has ended before its scope ends, so that the next worker finds it", () =>
      Effect.gen(function* () {
        const claim = Claim.of(Quota.concurrency(1))
        yield* Effect.scoped(
          Effect.flatMap(worker("restart"), (run) => run(Effect.void.pipe(RateLimiter.withPermit(claim))))
        )
        const run = yield* worker("restart")
        yield* run(Effect.void.pipe(RateLimiter.withPermit(claim), RateLimiter.within("1 second")))
      })
    )

    it.effect("shows the books that all workers share", () =>
      Effect.gen(function* () {
        const claim = Claim.make({ partition: "acme", needs: [Claim.need(Quota.rolling(10, "1 minute"))] })
        const [one, other] = yield* Effect.all([worker("status"), worker("status")])
        const call = Effect.void.pipe(RateLimiter.withPermit(claim))
        yield* one(call)
        yield* one(call)
        yield* Effect.sleep("50 millis")
        yield* other(call)
        const [status] = yield* other(RateLimiter.status("acme"))
        assert.isAtLeast((status?.inFlight ?? 0) + (status?.cooling ?? 0), 2)
        assert.isAtMost(status?.free ?? 10, 8)
      })
    )

    it.effect("explains by the books that all workers share, and tells how many leases are held", () =>
      Effect.gen(function* () {
        const claim = Claim.of(Quota.rolling(2, "1 minute", { name: "rate" }))
        const [one, other] = yield* Effect.all([worker("explain"), worker("explain")])
        const hasGone = yield* Deferred.make<void>()
        const mayEnd = yield* Deferred.make<void>()
        const call = Effect.andThen(Deferred.succeed(hasGone, undefined), Deferred.await(mayEnd))
        const held = yield* Effect.forkChild(one(call.pipe(RateLimiter.withPermit(claim))))
        yield* Deferred.await(hasGone)
        const leases = RateLimiter.RateLimiter.useSync((limiter) => limiter.leases())
        assert.strictEqual(yield* one(leases), 1)
        assert.strictEqual(yield* other(leases), 0)
        yield* Deferred.succeed(mayEnd, undefined)
        yield* Fiber.join(held)
        yield* other(Effect.void.pipe(RateLimiter.withPermit(claim)))
        const error = yield* Effect.flip(
          other(Effect.void.pipe(RateLimiter.withPermit(claim), RateLimiter.within("1 second")))
        )
        const explanation = yield* other(RateLimiter.explain(error))
        assert.strictEqual(explanation.why, "cooling")
        assert.deepInclude(explanation.quotas[0], { quota: "rate", limitInForce: 2, cost: 1 })
        const wait = DateTime.distance(explanation.at, Option.getOrThrow(explanation.next))
        assert.isAbove(Duration.toSeconds(wait), 55)
        assert.isBelow(Duration.toSeconds(wait), 61)
      })
    )

    it.effect("says plainly that a quota was redefined", () =>
      Effect.gen(function* () {
        const [before, after] = [5, 6].map((limit) => Claim.of(Quota.rolling(limit, "1 minute", { name: "rate" })))
        if (!before || !after) return
        const [one, other] = yield* Effect.all([worker("redefined"), worker("redefined")])
        yield* one(Effect.void.pipe(RateLimiter.withPermit(before)))
        const error = yield* Effect.flip(other(Effect.void.pipe(RateLimiter.withPermit(after))))
        assert.strictEqual(error.reason._tag, "Store")
        assert.match(error.message, /another definition of quota "rate".*prefix/)
        yield* one(Effect.void.pipe(RateLimiter.withPermit(before)))
      })
    )

    it.effect("fails at once what Redis takes in no case, and nothing else", () =>
      Effect.gen(function* () {
        const redis = yield* Redis.Redis
        yield* redis.send("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
        yield* Effect.repeat(redis.send("CLUSTER", "INFO"), {
          until: (info) => String(info).includes("cluster_state:ok"),
          schedule: Schedule.spaced("20 millis")
        })
        const run = yield* worker("refused", { awayDeadline: "2 seconds" })
        const quota = Quota.rolling(5, "1 minute")
        const shared = Claim.need(Quota.rolling(5, "1 minute", { name: "all" }), { partition: "workspace" })
        const split = Claim.make({ partition: "key", needs: [Claim.need(quota), shared] })
        const error = yield* Effect.flip(run(Effect.void.pipe(RateLimiter.withPermit(split))))
        assert.strictEqual(error.reason._tag, "Store")
        assert.match(error.message, /CROSSSLOT/)
        yield* run(Effect.void.pipe(RateLimiter.withPermit(Claim.of(quota))))
      }).pipe(Effect.provide(layerCluster))
    )

    it.effect("loads its script again where Redis has forgotten it", () =>
      Effect.gen(function* () {
        const claim = Claim.of(Quota.rolling(10, "1 minute"))
        const run = yield* worker("forgotten")
        const call = run(Effect.void.pipe(RateLimiter.withPermit(claim)))
        yield* call
        yield* (yield* Redis.Redis).send("SCRIPT", "FLUSH")
        yield* call
      })
    )
  })
})
