import { assert, describe, it } from "@effect/vitest"
import { Quota, RateLimiter } from "@sluice/core"
import { PrayerLetters } from "@sluice/providers/prayerletters"
import { simulation } from "@sluice/providers/prayerletters/simulation"
import { NeverExceeds } from "@sluice/simulator"
import { Config, ConfigProvider, Effect, Layer, Redacted } from "effect"
import { HttpClientRequest } from "effect/http"

import * as Traffic from "../test/support/Traffic.ts"

const connected = (options: Partial<PrayerLetters.Options> = {}, scenario?: Parameters<typeof Traffic.server>[1]) =>
  Effect.provide(
    // A partition with a name takes no hash, whose end in real time the virtual clock would not wait for.
    PrayerLetters.layer({ apiKey: Redacted.make("token"), partition: "acme", ...options }).pipe(
      Layer.provide(RateLimiter.layer),
      Layer.provideMerge(Traffic.server(simulation, scenario))
    )
  )

const send = (request: HttpClientRequest.HttpClientRequest) =>
  PrayerLetters.Client.use((client) => client.execute(request))
const update = (contact: number) => send(HttpClientRequest.post(`/v3/contacts/c-1-${contact}`))

describe("layerConfig", () => {
  it.effect("takes the token from the configuration", () =>
    Effect.gen(function* () {
      const { value } = yield* Traffic.run(send(HttpClientRequest.get("/v1/contacts")))
      assert.strictEqual(value.status, 200)
      assert.strictEqual((yield* Traffic.Wire)[0]?.headers["authorization"], "Bearer env")
    }).pipe(
      Effect.provide(
        PrayerLetters.layerConfig({ apiKey: Config.Redacted("PRAYERLETTERS_TOKEN") }).pipe(
          Layer.provide(RateLimiter.layer),
          Layer.provideMerge(Traffic.server(simulation)),
          Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ PRAYERLETTERS_TOKEN: "env" })))
        )
      )
    )
  )
})

describe("traffic", () => {
  it.effect("of two days is never refused and uses the day in full", () =>
    Effect.gen(function* () {
      const updates = Effect.forEach(
        Array.from({ length: 1300 }, (_, i) => i),
        (i) => update(i % 40),
        {
          concurrency: "unbounded",
          discard: true
        }
      )
      const { elapsedMillis, stats } = yield* Traffic.run(updates)
      assert.strictEqual(stats.refusals, 0)
      assert.strictEqual(stats.requests, 1300)
      // 600 on each of two days, 100 on the third.
      assert.isAtLeast(elapsedMillis, 2 * 86_400_000)
      assert.isAtMost(elapsedMillis, 2 * 86_400_000 * 1.001 + 3 * 3_600_000)
      const days = NeverExceeds.limit(600, 86_400_000)
      days(stats.timeline.filter(({ quota }) => quota === "updateDay"))
    }).pipe(connected())
  )

  it.effect("to one endpoint holds back no other", () =>
    Effect.gen(function* () {
      const replace = send(HttpClientRequest.put("/v1/contacts"))
      const { stats } = yield* Traffic.run(
        Effect.gen(function* () {
          yield* Effect.forkChild(Effect.forEach([1, 2, 3, 4, 5], () => replace, { concurrency: 5 }))
          yield* Effect.sleep("1 second")
          return yield* send(HttpClientRequest.get("/v1/contacts")).pipe(RateLimiter.failFast)
        })
      )
      assert.strictEqual(stats.requests, 5)
      assert.strictEqual(stats.refusals, 0)
    }).pipe(connected())
  )
})

const get = HttpClientRequest.get("/v1/contacts")

describe("forceRateLimit", () => {
  it.effect("is refused at once as often as one likes, not repeated, and teaches the live counters nothing", () =>
    Effect.gen(function* () {
      const forced = Effect.flip(send(PrayerLetters.forceRateLimit(get)))
      const { elapsedMillis, value } = yield* Traffic.run(Effect.replicateEffect(forced, 60))
      for (const error of value) {
        assert.strictEqual(error._tag, "PrayerLettersRateLimited")
        assert.isFalse(error._tag === "PrayerLettersRateLimited" && error.isRetryable)
      }
      assert.strictEqual((yield* Traffic.Wire).length, 60)
      assert.isBelow(elapsedMillis, 60 * 100)
      const all = Effect.replicateEffect(send(get).pipe(RateLimiter.failFast), 50, { concurrency: "unbounded" })
      const live = yield* Traffic.run(all)
      assert.isTrue(live.value.every(({ status }) => status === 200))
      // A cap of one's own holds all the same, and is not closed by it.
    }).pipe(connected({ quotas: { ours: Quota.rolling(200, "1 hour") } }))
  )
})

describe("limitTo", () => {
  it.effect("holds requests to the lower limit, which is kept to", () =>
    Effect.gen(function* () {
      const held = PrayerLetters.limitTo("hour", 2)(get)
      const { elapsedMillis, stats } = yield* Traffic.run(Effect.forEach([1, 2, 3], () => send(held)))
      assert.strictEqual(stats.refusals, 0)
      assert.isAtLeast(elapsedMillis, 3_600_000)
    }).pipe(connected())
  )

  it.effect("leaves live requests what is left of the hour, as the server counts both", () =>
    Effect.gen(function* () {
      yield* Traffic.run(Effect.replicateEffect(send(PrayerLetters.limitTo("hour", 10)(get)), 10))
      const { stats } = yield* Traffic.run(Effect.replicateEffect(send(get), 50, { concurrency: "unbounded" }))
      assert.strictEqual(stats.requests, 60)
      assert.strictEqual(stats.refusals, 0)
    }).pipe(connected())
  )

  it.effect("provokes a refusal that holds back no live request", () =>
    Effect.gen(function* () {
      yield* Traffic.run(Effect.replicateEffect(send(get), 5))
      const { value: error } = yield* Traffic.run(Effect.flip(send(PrayerLetters.limitTo("hour", 5)(get))))
      assert.strictEqual(error._tag, "PrayerLettersRateLimited")
      if (error._tag !== "PrayerLettersRateLimited") return
      assert.isTrue(error.isRetryable)
      assert.deepStrictEqual(error.limits, { hour: 5, day: 600 })
      const all = Effect.replicateEffect(send(get).pipe(RateLimiter.failFast), 44, { concurrency: "unbounded" })
      const { stats } = yield* Traffic.run(all)
      assert.strictEqual(stats.refusals, 1)
    }).pipe(connected({ retry: "none" }))
  )
})

describe("make", () => {
  it.effect("keeps to the numbers that were granted, and to a contact's own day", () =>
    Effect.gen(function* () {
      const once = Effect.replicateEffect(update(1), 51, { concurrency: "unbounded" })
      const { elapsedMillis, stats } = yield* Traffic.run(once)
      assert.strictEqual(stats.refusals, 0)
      assert.isAtLeast(elapsedMillis, 86_400_000)
      const replaced = yield* Traffic.run(
        Effect.replicateEffect(send(HttpClientRequest.put("/v1/contacts")), 3, { concurrency: "unbounded" })
      )
      assert.isAtLeast(replaced.elapsedMillis, 3_600_000)
    }).pipe(connected({ endpoints: { "PUT /v1/contacts": { hour: 2 } } }))
  )
})

describe("a refusal", () => {
  it.effect("of a limit that was lowered is waited out, and the limit learned", () =>
    Effect.gen(function* () {
      const gets = Effect.forEach(Array.from({ length: 60 }), () => send(HttpClientRequest.get("/v1/contacts")), {
        concurrency: 1
      })
      const { stats } = yield* Traffic.run(gets)
      assert.isAtLeast(stats.refusals, 1)
      assert.isAtMost(stats.refusals, 3)
    }).pipe(connected({}, { lower: [{ quota: "hour", limit: 20 }] }))
  )
})
