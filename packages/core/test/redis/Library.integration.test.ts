import { assert, layer } from "@effect/vitest"
import { Claim, Quota } from "@sluice/core"
import { Call } from "@sluice/core/redis/Call"
import * as Library from "@sluice/core/redis/Library"
import { Effect } from "effect"
import { Redis } from "effect/persistence"
import { describeRedis, layer as layerRedis } from "./RedisServer.ts"

const claim = Claim.of(Quota.rolling(5, "1 minute"))

/** Asks for a slot of the claim's books under a prefix. */
const ask = (prefix: string, lease: string) => {
  const options = { layout: { prefix, tagBy: "partition" }, abandonMillis: 500, maxPauseMillis: undefined } as const
  const call = new Call({ ...options, shows: true }).want(claim, lease, 1, 1000)
  return Effect.map(Library.call(call.keys, call.args), (lines) => call.read(lines))
}

const inFlight = ({ shown }: ReturnType<Call["read"]>) => [...shown.values()].map((books) => books.inFlight)

const libraries = Effect.gen(function* () {
  const redis = yield* Redis.Redis
  return yield* redis.send<ReadonlyArray<unknown>>("FUNCTION", "LIST", "LIBRARYNAME", "sluice_*")
})

describeRedis("Library", () => {
  layer(layerRedis, { excludeTestServices: true })((it) => {
    it.effect("is loaded where Redis has not got it, or not any more, and once for many calls", () =>
      Effect.gen(function* () {
        const redis = yield* Redis.Redis
        for (const lease of ["a", "b"]) {
          yield* redis.send("FUNCTION", "FLUSH")
          yield* Effect.all([ask(lease, "1"), ask(lease, "2"), ask(lease, "3")], { concurrency: "unbounded" })
          assert.deepStrictEqual(inFlight(yield* ask(lease, "4")), [4])
          assert.strictEqual((yield* libraries).length, 1)
        }
      })
    )

    it.effect("reads anew what is not what it saved", () =>
      Effect.gen(function* () {
        const redis = yield* Redis.Redis
        yield* ask("before", "a")
        const keys = yield* redis.send<ReadonlyArray<string>>("KEYS", "before:*")
        yield* Effect.forEach(keys, (key) => redis.send("COPY", key, `kept:${key}`))
        assert.deepStrictEqual(inFlight(yield* ask("before", "b")), [2])
        yield* Effect.forEach(keys, (key) => redis.send("COPY", `kept:${key}`, key, "REPLACE"))
        assert.deepStrictEqual(inFlight(yield* ask("before", "b")), [2])
        yield* Effect.forEach(keys, (key) => redis.send("DEL", key))
        assert.deepStrictEqual(inFlight(yield* ask("before", "b")), [1])
      })
    )

    it.effect("says which process answers, and since when that runs", () =>
      Effect.gen(function* () {
        const redis = yield* Redis.Redis
        const { server, startedAt = NaN } = yield* ask("server", "a")
        const info = yield* redis.send<string>("INFO", "server")
        assert.include(info, `run_id:${server}`)
        const uptime = 1000 * Number(/uptime_in_seconds:(\d+)/.exec(info)?.[1])
        assert.approximately(startedAt, Date.now() - uptime, 3000)
      })
    )
  })

  layer(layerRedis, { excludeTestServices: true })((it) => {
    it.effect("is evaluated where functions are not allowed", () =>
      Effect.gen(function* () {
        const redis = yield* Redis.Redis
        yield* redis.send("FUNCTION", "FLUSH")
        yield* redis.send("ACL", "SETUSER", "plain", "on", ">secret", "~*", "+@all", "-fcall", "-info")
        yield* redis.send("AUTH", "plain", "secret")
        assert.deepStrictEqual(inFlight(yield* ask("evaluated", "a")), [1])
        assert.strictEqual((yield* ask("evaluated", "b")).server, undefined)
        assert.strictEqual((yield* libraries).length, 0)
        yield* redis.send("SCRIPT", "FLUSH")
        assert.deepStrictEqual(inFlight(yield* ask("evaluated", "c")), [3])
        yield* redis.send("AUTH", "default", "")
      })
    )
  })
})
