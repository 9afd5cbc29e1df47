import { assert, layer } from "@effect/vitest"
import { Claim, Quota, RateLimiter } from "@sluice/core"
import * as RateLimiterStoreRedis from "@sluice/core/RateLimiterStoreRedis"
import { Context, Duration, Effect, Layer } from "effect"
import { Redis } from "effect/persistence"
import { describeRedis, layer as layerRedis } from "./RedisServer.ts"

/** A worker: a limiter and a store of its own, on the Redis that all share. */
const worker = (prefix: string) =>
  Effect.map(
    Layer.build(
      Layer.fresh(RateLimiter.layerStore().pipe(Layer.provide(Layer.fresh(RateLimiterStoreRedis.layer({ prefix })))))
    ),
    (context) =>
      <A, E>(effect: Effect.Effect<A, E, RateLimiter.RateLimiter>): Effect.Effect<A, E> =>
        Effect.provideService(effect, RateLimiter.RateLimiter, Context.get(context, RateLimiter.RateLimiter))
  )

const claim = Claim.make({
  needs: [Claim.need(Quota.rolling(4, "1 minute", { name: "calls" }))],
  partition: "p",
  origin: "acme"
})
const call = RateLimiter.withPermit(Effect.void, claim)

const commands = Effect.gen(function* () {
  const redis = yield* Redis.Redis
  const stats = yield* redis.send<string>("INFO", "commandstats")
  return Number(/cmdstat_publish:calls=(\d+)/.exec(stats)?.[1] ?? 0)
})

describeRedis("RateLimiter.survey", () => {
  layer(layerRedis, { excludeTestServices: true })((it) => {
    it.effect("tells of all workers' slots and of who waits at each of them, wherever it is asked", () =>
      Effect.gen(function* () {
        const [one, two, three] = yield* Effect.all([worker("survey"), worker("survey"), worker("survey")])
        yield* one(call)
        yield* two(Effect.all([call, call, call], { concurrency: "unbounded" }))
        const waits = (run: typeof one, tenant: string, priority: "high" | "low", calls: number) =>
          Effect.forEach(
            Array.from({ length: calls }),
            () => Effect.forkScoped(run(call.pipe(RateLimiter.tenant(tenant), RateLimiter.priority(priority)))),
            { discard: true }
          )
        yield* waits(one, "ada", "high", 1)
        yield* waits(two, "ada", "high", 2)
        yield* waits(two, "bob", "low", 3)
        yield* waits(three, "", "low", 1)
        yield* Effect.sleep("300 millis")
        for (const run of [one, two, three]) {
          const { quotas, scope } = yield* run(RateLimiter.survey())
          assert.strictEqual(scope, "workers")
          assert.lengthOf(quotas, 1)
          const [quota] = quotas
          assert.deepInclude(quota, {
            provider: "acme",
            partition: "p",
            quota: "calls",
            inFlight: 0,
            cooling: 4,
            free: 0
          })
          assert.deepStrictEqual(
            quota?.waiting
              .map(({ calls, priority, tenant, units }) => [tenant, priority, calls, units])
              .toSorted((a, b) => String(a).localeCompare(String(b))),
            [
              ["", -1, 1, 1],
              ["ada", 1, 3, 3],
              ["bob", -1, 3, 3]
            ]
          )
        }
        // Each knows by itself only who waits there.
        const [alone] = yield* three(RateLimiter.status())
        assert.deepStrictEqual(
          alone?.waiting.map(({ calls }) => calls),
          [1]
        )
        assert.lengthOf((yield* three(RateLimiter.survey("nobody"))).quotas, 0)
      })
    )

    it.effect("asks once a second at most, however many ask, and leaves nothing behind", () =>
      Effect.gen(function* () {
        const redis = yield* Redis.Redis
        const [one, two] = yield* Effect.all([worker("seldom"), worker("seldom")])
        yield* one(call)
        yield* two(call)
        yield* Effect.sleep("1300 millis")
        const [keys, before] = [yield* redis.send<number>("DBSIZE"), yield* commands]
        const surveys = yield* Effect.all(
          Array.from({ length: 20 }, (_, i) => Effect.delay(one(RateLimiter.survey()), 40 * i)),
          { concurrency: "unbounded" }
        )
        for (const { quotas } of surveys) assert.strictEqual(quotas[0]?.cooling, 2)
        // Nobody waits, and who has nothing to tell is silent.
        assert.strictEqual((yield* commands) - before, 1)
        assert.strictEqual(yield* redis.send<number>("DBSIZE"), keys)
      })
    )

    it.effect("tells what this process knows where Redis does not answer, and does not wait for it long", () =>
      Effect.gen(function* () {
        const redis = yield* Redis.Redis
        let isAway = false
        const send: typeof redis.send = (...command) => (isAway ? Effect.never : redis.send(...command))
        const one = yield* Effect.provideService(worker("away"), Redis.Redis, { ...redis, send })
        yield* one(call)
        yield* one(RateLimiter.survey())
        yield* Effect.sleep("1 second")
        isAway = true
        const [took, { quotas }] = yield* Effect.timed(one(RateLimiter.survey()))
        assert.isBelow(Duration.toMillis(took), 3000)
        assert.deepInclude(quotas[0], { quota: "calls", limit: 4 })
        isAway = false
      })
    )

    it.effect("takes no message for more than it is", () =>
      Effect.gen(function* () {
        const redis = yield* Redis.Redis
        const one = yield* worker("rubbish")
        yield* one(call)
        yield* Effect.sleep("100 millis")
        const [channel = ""] = yield* redis.send<ReadonlyArray<string>>("PUBSUB", "CHANNELS", "rubbish:survey:*")
        assert.notStrictEqual(channel, "")
        const asking = yield* Effect.forkChild(one(RateLimiter.survey()), { startImmediately: true })
        const key = "acme|p|calls|"
        const bad = ["", "no", "[]", "{}", "[[1,2]]", `[["${key}",[[1]]]]`, `[["${key}",[[0,"t",1e999,1,1]]]]`]
        for (const text of bad) yield* redis.send("PUBLISH", channel, text)
        yield* Effect.sleep("200 millis")
        const [quota] = (yield* one(RateLimiter.survey())).quotas
        assert.deepStrictEqual(quota?.waiting, [])
        assert.strictEqual(asking.pollUnsafe()?._tag, "Success")
      })
    )
  })
})
