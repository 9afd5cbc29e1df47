import { assert, layer } from "@effect/vitest"
import { Claim, Quota, Signal } from "@sluice/core"
import { Call, type Options } from "@sluice/core/redis/Call"
import * as Library from "@sluice/core/redis/Library"
import { Effect, Schedule } from "effect"
import { Redis } from "effect/persistence"
import { describeRedis, layer as layerRedis, layerCluster } from "./RedisServer.ts"
import { loaded } from "./Way.ts"

const exact = { slack: 0, rateMargin: 0 } as const
const abandonMillis = 500

/** Calls on one prefix, at instants that the test says; the answers come in words. */
const store = Effect.fnUntraced(function* (prefix: string, more: Partial<Options> = {}) {
  const redis = yield* Redis.Redis
  const run = yield* loaded("FCALL")
  const layout = { prefix, tagBy: "partition" } as const
  const call = (at: number, build: (call: Call) => Call) => {
    const made = build(new Call({ layout, abandonMillis, maxPauseMillis: undefined, at, shows: true, ...more }))
    return Effect.map(run(made), (lines) => made.read(lines))
  }
  const ask = (at: number, claim: Claim.Claim, lease: string, slots = 1, ttlMillis = 1000) =>
    Effect.map(
      call(at, (call) => call.want(claim, lease, slots, ttlMillis)),
      ({ answers }) =>
        Object.values(answers[0] ?? {})
          .slice(0, 3)
          .join(" ")
    )
  const free = (at: number, claim: Claim.Claim) =>
    Effect.map(
      call(at, (call) => call.look(claim)),
      ({ shown }) => claim.needs.map(({ key }) => shown.get(key)?.free)
    )
  const keys = redis.send<ReadonlyArray<string>>("KEYS", `${prefix}:*`)
  return { redis, call, ask, free, keys }
})

const costing = (quota: Quota.Quota, cost: number) => Claim.make({ needs: [Claim.need(quota, { cost })] })

describeRedis("a lease", () => {
  layer(layerRedis, { excludeTestServices: true })((it) => {
    it.effect("that nobody settles is dead after its time and the abandonment bound, and cools from then", () =>
      Effect.gen(function* () {
        const { ask } = yield* store("dead")
        const claim = Claim.of(Quota.rolling(1, 100, exact))
        assert.strictEqual(yield* ask(0, claim, "a"), "Granted 1")
        assert.strictEqual(yield* ask(1499, claim, "b"), "Wait 1599 0")
        assert.strictEqual(yield* ask(1500, claim, "b"), "Wait 1600 0")
        assert.strictEqual(yield* ask(1599, claim, "b"), "Wait 1600 0")
        assert.strictEqual(yield* ask(1600, claim, "b"), "Granted 1")
      })
    )

    it.effect("of a concurrency quota is asked for again when it may be dead", () =>
      Effect.gen(function* () {
        const { ask } = yield* store("concurrency")
        const claim = Claim.of(Quota.concurrency(1))
        yield* ask(0, claim, "a")
        assert.strictEqual(yield* ask(1, claim, "b"), "Wait 1500 0")
        assert.strictEqual(yield* ask(1500, claim, "b"), "Granted 1")
      })
    )

    it.effect("dies in the order of deadlines, before what has ended is applied", () =>
      Effect.gen(function* () {
        const { ask, call } = yield* store("order")
        const quota = Quota.rolling(3, 1000, exact)
        yield* ask(0, Claim.of(quota), "late", 1, 1200)
        yield* ask(0, Claim.of(quota), "early", 1, 1000)
        yield* ask(0, Claim.of(quota), "settled", 1, 60_000)
        yield* call(2000, (call) => call.end(Claim.of(quota), "settled", 1, "answered", Signal.none))
        assert.strictEqual(yield* ask(2000, costing(quota, 1), "b"), "Wait 2500 0")
        assert.strictEqual(yield* ask(2000, costing(quota, 2), "b"), "Wait 2700 0")
        assert.strictEqual(yield* ask(2000, costing(quota, 3), "b"), "Wait 3000 0")
      })
    )

    it.effect("leaks from when it died, one after the other", () =>
      Effect.gen(function* () {
        const { ask } = yield* store("leaks")
        const quota = Quota.tokenBucket({ capacity: 3, refill: 1, every: 1000 }, exact)
        yield* ask(0, Claim.of(quota), "late", 1, 1200)
        yield* ask(0, Claim.of(quota), "early", 1, 1000)
        assert.strictEqual(yield* ask(2000, costing(quota, 3), "b"), "Wait 3500 0")
      })
    )

    it.effect("is granted once, however often it is asked for, and ends once", () =>
      Effect.gen(function* () {
        const { ask, call, free } = yield* store("once")
        const claim = Claim.of(Quota.rolling(2, 1000, exact), Quota.concurrency(2))
        yield* ask(0, claim, "a")
        assert.strictEqual(yield* ask(1, claim, "a"), "Granted 1")
        assert.deepStrictEqual(yield* free(1, claim), [1, 1])
        const returned = call(2, (call) => call.end(claim, "a", 1, "unsent", Signal.none))
        yield* returned
        yield* returned
        assert.deepStrictEqual(yield* free(2, claim), [2, 2])
      })
    )

    it.effect("of several slots ends each of them once", () =>
      Effect.gen(function* () {
        const { ask, call, free } = yield* store("each once")
        const claim = Claim.of(Quota.rolling(3, 1000, exact))
        yield* ask(0, claim, "a", 3)
        const returned = call(2, (call) => call.end(claim, "a", 1, "unsent", Signal.none))
        yield* returned
        yield* returned
        assert.deepStrictEqual(yield* free(2, claim), [1])
      })
    )

    it.effect("ended at its grant at the earliest, whatever age it is told with", () =>
      Effect.gen(function* () {
        const { ask, call, free } = yield* store("age")
        const claim = Claim.of(Quota.rolling(1, 1000, exact))
        yield* ask(5000, claim, "a")
        yield* call(5010, (call) => call.end(claim, "a", 1, "answered", Signal.none, undefined, 0, 900))
        assert.deepStrictEqual(yield* free(5999, claim), [0])
        assert.deepStrictEqual(yield* free(6000, claim), [1])
      })
    )

    it.effect("that is dead is not settled any more", () =>
      Effect.gen(function* () {
        const { ask, call, free } = yield* store("too late")
        const claim = Claim.of(Quota.rolling(1, 1000, exact))
        yield* ask(0, claim, "a")
        yield* call(1600, (call) => call.end(claim, "a", 1, "unsent", Signal.none))
        assert.deepStrictEqual(yield* free(2499, claim), [0])
        assert.deepStrictEqual(yield* free(2500, claim), [1])
      })
    )

    it.effect("of several slots takes what there is of all its quotas, and its slots end one by one", () =>
      Effect.gen(function* () {
        const { ask, call, free } = yield* store("several")
        const claim = Claim.of(Quota.rolling(5, 1000, { name: "wide", ...exact }), Quota.rolling(3, 1000, exact))
        assert.strictEqual(yield* ask(0, claim, "a", 10), "Granted 3")
        assert.deepStrictEqual(yield* free(0, claim), [2, 0])
        yield* call(10, (call) => call.end(claim, "a", 2, "answered", Signal.none))
        assert.deepStrictEqual(yield* free(1009, claim), [2, 0])
        assert.deepStrictEqual(yield* free(1010, claim), [3, 1])
        yield* call(1020, (call) => call.end(claim, "a", 0, "unsent", Signal.none))
        assert.deepStrictEqual(yield* free(1020, claim), [5, 3])
      })
    )

    it.effect("is of one definition of its quota; what another counted is settled by its own", () =>
      Effect.gen(function* () {
        const { ask, call, free } = yield* store("differs")
        const [before, after] = [3, 4].map((limit) => Claim.of(Quota.rolling(limit, 1000, { name: "rate", ...exact })))
        if (!before || !after) return
        yield* ask(0, before, "a")
        assert.strictEqual(yield* ask(1, after, "b"), "Differs 0")
        yield* call(2, (call) => call.end(after, "a", 1, "unsent", Signal.none))
        assert.deepStrictEqual(yield* free(2, before), [3])
      })
    )
  })
})

describeRedis("the time of the script", () => {
  layer(layerRedis, { excludeTestServices: true })((it) => {
    const claim = Claim.of(Quota.rolling(1, 1000, exact))
    const [key = ""] = claim.needs.map((need) => need.key)

    it.effect("stands still while Redis's clock is behind what it was", () =>
      Effect.gen(function* () {
        const { ask, call } = yield* store("back")
        yield* ask(5000, claim, "a")
        yield* call(5000, (call) => call.end(claim, "a", 1, "answered", Signal.none))
        assert.strictEqual(yield* ask(3000, claim, "b"), "Wait 6000 0")
        assert.strictEqual((yield* call(4999, (call) => call.look(claim))).shown.get(key)?.at, 5000)
        assert.strictEqual(yield* ask(6000, claim, "b"), "Granted 1")
      })
    )

    it.effect("leaves out a step forward that workers find out, once for all who saw it", () =>
      Effect.gen(function* () {
        const { call } = yield* store("forward")
        const nowAt = (at: number, step: (call: Call) => Call) =>
          Effect.map(
            call(at, (call) => step(call.look(claim))),
            ({ shown }) => shown.get(key)?.at
          )
        assert.strictEqual(yield* nowAt(1000, (call) => call), 1000)
        assert.strictEqual(yield* nowAt(2000, (call) => call.step(900, 2000, 900)), 1100)
        assert.strictEqual(yield* nowAt(2010, (call) => call.step(1000, 2010, 900)), 1110)
        assert.strictEqual(yield* nowAt(2020, (call) => call.step(950, 2015, 950)), 1110)
        assert.strictEqual(yield* nowAt(3100, (call) => call.step(2050, 3100, 1000)), 1150)
      })
    )

    it.effect("is Redis's own where the call says none", () =>
      Effect.gen(function* () {
        const call = new Call({
          layout: { prefix: "own", tagBy: "partition" },
          abandonMillis,
          maxPauseMillis: undefined,
          shows: true
        }).look(claim)
        const before = Date.now()
        const lines = yield* Library.call(call.keys, call.args)
        const { at } = call.read(lines)
        assert.isTrue(at >= before - 1000 && at <= Date.now() + 1000, `${at}`)
      })
    )
  })
})

describeRedis("what was lost", () => {
  layer(layerRedis, { excludeTestServices: true })((it) => {
    const claim = Claim.of(Quota.rolling(1, 1000, exact))
    /** A window, and the abandonment bound, after which nothing of before is in anybody's way. */
    const bound = 1000 + abandonMillis

    it.effect("closes the books that another process goes on with", () =>
      Effect.gen(function* () {
        const before = yield* store("another", { server: "a" })
        const after = yield* store("another", { server: "b" })
        yield* before.ask(0, claim, "a")
        yield* before.call(10, (call) => call.end(claim, "a", 1, "answered", Signal.none))
        assert.strictEqual(yield* after.ask(20, claim, "b"), `Wait ${20 + bound} 0`)
        assert.strictEqual(yield* after.ask(1500, claim, "b"), `Wait ${20 + bound} 0`)
        assert.strictEqual(yield* after.ask(20 + bound, claim, "b"), "Granted 1")
      })
    )

    it.effect("closes books that a worker knows of and that are not there", () =>
      Effect.gen(function* () {
        const known = yield* store("gone", { isKnown: () => true })
        const unknown = yield* store("never was")
        assert.strictEqual(yield* known.ask(100, claim, "a"), `Wait ${100 + bound} 0`)
        assert.strictEqual(yield* unknown.ask(100, claim, "a"), "Granted 1")
        assert.strictEqual((yield* known.call(200, (call) => call.look(claim))).lostAt, 100)
        assert.strictEqual((yield* unknown.call(200, (call) => call.look(claim))).lostAt, -Infinity)
      })
    )

    it.effect("lets time go on from where it was, though another process's clock is behind", () =>
      Effect.gen(function* () {
        const before = yield* store("behind", { server: "a" })
        const after = yield* store("behind", { server: "b" })
        yield* before.ask(500_000, claim, "a")
        yield* before.call(500_000, (call) => call.end(claim, "a", 1, "answered", Signal.none))
        assert.strictEqual(yield* after.ask(1000, claim, "b"), `Wait ${500_000 + bound} 0`)
        assert.strictEqual(yield* after.ask(1000 + bound, claim, "b"), "Granted 1")
      })
    )

    it.effect("is registered again by who holds it, and ends as usual", () =>
      Effect.gen(function* () {
        const { ask, call, free } = yield* store("registered")
        yield* call(0, (call) => call.renew(Claim.of(Quota.rolling(3, 1000, exact)), "a", "heh", 1000))
        const wide = Claim.of(Quota.rolling(3, 1000, exact))
        assert.deepStrictEqual(yield* free(0, wide), [1])
        yield* call(10, (call) =>
          call.end(wide, "a", 1, "answered", Signal.none).end(wide, "a", 2, "answered", Signal.none)
        )
        assert.deepStrictEqual(yield* free(1010, wide), [2])
        yield* call(1020, (call) => call.end(wide, "a", 3, "unsent", Signal.none))
        assert.deepStrictEqual(yield* free(1020, wide), [3])
        assert.strictEqual(yield* ask(1020, wide, "b", 5), "Granted 3")
      })
    )

    it.effect("is no longer waited out where the clock stepped further than anything cools for", () =>
      Effect.gen(function* () {
        const { ask, call } = yield* store("stepped")
        yield* ask(0, claim, "a")
        yield* call(0, (call) => call.end(claim, "a", 1, "answered", Signal.none))
        const at = 9_000_000
        yield* call(at, (call) => call.look(claim).step(0, at, at))
        assert.strictEqual(yield* ask(at, claim, "b"), `Wait ${at + bound} 0`)
        assert.strictEqual(yield* ask(at + bound, claim, "b"), "Granted 1")
      })
    )
  })
})

describeRedis("a lease that is renewed", () => {
  layer(layerRedis, { excludeTestServices: true })((it) => {
    it.effect("lives from then on", () =>
      Effect.gen(function* () {
        const { ask, call } = yield* store("renewed")
        const claim = Claim.of(Quota.rolling(1, 100, exact))
        yield* ask(0, claim, "a")
        yield* call(1400, (call) => call.renew(claim, "a", "h", 1000))
        assert.strictEqual(yield* ask(2899, claim, "b"), "Wait 2999 0")
        yield* ask(2900, claim, "b")
        assert.strictEqual(yield* ask(3000, claim, "b"), "Granted 1")
      })
    )
  })
})

describeRedis("the keys", () => {
  layer(layerRedis, { excludeTestServices: true })((it) => {
    it.effect("all expire, and not before two windows and the abandonment bound have passed", () =>
      Effect.gen(function* () {
        const { call, keys, redis } = yield* store("expiry")
        const quotas = [
          Quota.rolling(3, 10_000, { name: "rolling" }),
          Quota.fixed(3, 10_000, { name: "clock", phase: "clock" }),
          Quota.slidingCounter(3, 10_000, { name: "sliding" }),
          Quota.tokenBucket({ capacity: 3, refill: 3, every: 10_000 }, { name: "bucket" }),
          Quota.idleReset(3, 10_000, { name: "idle" }),
          Quota.concurrency(3, { name: "concurrency", releaseLag: 100 }),
          Quota.unpublished(10_000, { name: "unpublished" })
        ]
        const claim = Claim.of(...quotas)
        const others = { readings: quotas.map(({ name }) => ({ quota: name, remaining: 0 })), serverDateMillis: 1000 }
        for (const [i, outcome] of (["answered", "abandoned", "answered"] as const).entries()) {
          yield* call(i, (call) => call.want(claim, `${i}`, 1, 1000))
          yield* call(i, (call) => call.end(claim, `${i}`, 1, outcome, i === 2 ? others : Signal.none))
          yield* call(i, (call) => call.release(claim, `${i}`, 1, "read"))
        }
        yield* call(60_000, (call) => call.want(claim, "held", 1, 30_000))
        const all = yield* keys
        assert.isAbove(all.length, 20)
        for (const key of all) {
          const ttl = Number(yield* redis.send<number>("PTTL", key))
          assert.isAbove(ttl, (key.includes("|concurrency|") ? 0 : 20_000) + abandonMillis, key)
        }
      })
    )

    it.effect("of one partition have one hash tag, or those of one origin if so wished", () =>
      Effect.gen(function* () {
        const quota = Quota.rolling(1, 1000)
        const claim = Claim.make({
          origin: "acme",
          partition: "a {key}",
          needs: [Claim.need(quota), Claim.need(Quota.rolling(1, 1000, { name: "all" }), { partition: "workspace" })]
        })
        const tags = (tagBy: "partition" | "origin") => {
          const options = { layout: { prefix: "sluice", tagBy }, abandonMillis, maxPauseMillis: undefined }
          return new Set(new Call(options).look(claim).keys.map((key) => /\{(.*?)\}/.exec(key)?.[1]))
        }
        assert.deepStrictEqual([...tags("partition")], ["acme|a %7Bkey%7D", "acme|workspace"])
        assert.deepStrictEqual([...tags("origin")], ["acme|"])
      })
    )

    it.effect("of one tag are what a cluster takes", () =>
      Effect.gen(function* () {
        const quota = Quota.rolling(1, 1000)
        const shared = Claim.need(Quota.rolling(1, 1000, { name: "all" }), { partition: "workspace" })
        const claim = Claim.make({ origin: "acme", partition: "key", needs: [Claim.need(quota), shared] })
        const redis = yield* Redis.Redis
        yield* redis.send("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
        yield* redis
          .send("CLUSTER", "INFO")
          .pipe(
            Effect.repeat({ until: (info) => String(info).includes("cluster_state:ok"), schedule: Schedule.spaced(20) })
          )
        const ask = (tagBy: "partition" | "origin") => {
          const options = { layout: { prefix: "sluice", tagBy }, abandonMillis, maxPauseMillis: undefined }
          const { args, keys } = new Call(options).want(claim, "a", 1, 1000)
          return Library.call(keys, args)
        }
        assert.match(String((yield* Effect.flip(ask("partition"))).cause), /CROSSSLOT/)
        assert.deepStrictEqual((yield* ask("origin")).slice(1), ["Admitted 1"])
      }).pipe(Effect.provide(layerCluster))
    )

    it.effect("take at most 16 bytes of memory for a logged request of a quota that is used in full", () =>
      Effect.gen(function* () {
        const { call, keys, redis } = yield* store("memory")
        const claim = Claim.of(Quota.rolling(1000, "1 hour", exact))
        const count = 2000
        // Slots cool for an hour from the next request's instant.
        const everyMillis = 3604
        yield* Effect.forEach(
          Array.from({ length: count }, (_, i) => i),
          (i) =>
            call(i * everyMillis, (call) =>
              call.end(claim, `${i - 1}`, 1, "answered", Signal.none).want(claim, `${i}`, 1, 9e6)
            ),
          { concurrency: "unbounded" }
        )
        const { shown } = yield* call(count * everyMillis, (call) =>
          call.end(claim, `${count - 1}`, 1, "answered", Signal.none)
        )
        assert.strictEqual([...shown.values()][0]?.occupied, 999)
        const sizes = yield* Effect.forEach(yield* keys, (key) => redis.send<number>("MEMORY", "USAGE", key))
        const bytes = sizes.reduce((sum, size) => sum + size, 0)
        assert.isAtMost(bytes / (count - 1), 16)
      })
    )
  })
})
