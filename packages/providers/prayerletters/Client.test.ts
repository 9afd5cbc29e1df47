import { assert, describe, it } from "@effect/vitest"
import { RateLimiter } from "@sluice/core"
import { PrayerLetters } from "@sluice/providers/prayerletters"
import { simulation } from "@sluice/providers/prayerletters/simulation"
import { Config, ConfigProvider, Effect, Layer, Redacted } from "effect"
import { HttpClientRequest } from "effect/http"
import * as Traffic from "../test/support/Traffic.ts"

const connected = (options: Partial<PrayerLetters.Options> = {}, scenario?: Parameters<typeof Traffic.server>[1]) =>
  Effect.provide(
    PrayerLetters.layer({ apiKey: Redacted.make("token"), ...options }).pipe(
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

describe("test headers", () => {
  it.effect("provoke a refusal that is not repeated and teaches the live counters nothing", () =>
    Effect.gen(function* () {
      const forced = PrayerLetters.forceRateLimit(HttpClientRequest.get("/v1/contacts"))
      const { value: error } = yield* Traffic.run(Effect.flip(send(forced)))
      assert.strictEqual(error._tag, "PrayerLettersRateLimited")
      assert.isFalse(error._tag === "PrayerLettersRateLimited" && error.isRetryable)
      assert.strictEqual((yield* Traffic.Wire).length, 1)
      const { value } = yield* Traffic.run(send(HttpClientRequest.get("/v1/contacts")).pipe(RateLimiter.failFast))
      assert.strictEqual(value.status, 200)
    }).pipe(connected())
  )

  it.effect("hold a request to a lower limit, which is kept to as well", () =>
    Effect.gen(function* () {
      const held = PrayerLetters.limitTo("hour", 2)(HttpClientRequest.get("/v1/contacts"))
      const { elapsedMillis, stats } = yield* Traffic.run(Effect.forEach([1, 2, 3], () => send(held)))
      assert.strictEqual(stats.refusals, 0)
      assert.isAtLeast(elapsedMillis, 3_600_000)
    }).pipe(connected())
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
