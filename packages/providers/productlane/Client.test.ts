import { assert, describe, it } from "@effect/vitest"
import { assertSome } from "@effect/vitest/utils"
import { RateLimiter } from "@sluice/core"
import { Productlane } from "@sluice/providers/productlane"
import { simulation } from "@sluice/providers/productlane/simulation"
import { Config, ConfigProvider, Effect, Layer, Option, Redacted, Schema, Stream } from "effect"
import { HttpClientRequest } from "effect/http"
import * as Traffic from "../test/support/Traffic.ts"

const connected = (
  scenario?: Parameters<typeof Traffic.server>[1],
  options: Partial<Productlane.Options> = {},
  server = simulation
) =>
  Effect.provide(
    Productlane.layer({ apiKey: Redacted.make("pl_v2_a"), ...options }).pipe(
      Layer.provide(RateLimiter.layer),
      Layer.provideMerge(Traffic.server(server, scenario))
    )
  )

const me = Productlane.Client.use((productlane) => productlane.get("/me"))
const create = Productlane.Client.use((productlane) =>
  productlane.execute(
    HttpClientRequest.post("/threads").pipe(
      HttpClientRequest.bodyJsonUnsafe({ text: "<p>More</p>", contact_email: "a@example.com" })
    )
  )
)

describe("layerConfig", () => {
  it.effect("takes the key from the configuration", () =>
    Effect.gen(function* () {
      const { value } = yield* Traffic.run(me)
      assert.strictEqual(value.status, 200)
      assert.strictEqual((yield* Traffic.Wire)[0]?.headers["authorization"], "Bearer pl_v2_env")
    }).pipe(
      Effect.provide(
        Productlane.layerConfig({ apiKey: Config.Redacted("PRODUCTLANE_API_KEY"), burst: "literal" }).pipe(
          Layer.provide(RateLimiter.layer),
          Layer.provideMerge(Traffic.server(simulation)),
          Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ PRODUCTLANE_API_KEY: "pl_v2_env" })))
        )
      )
    )
  )
})

describe("make", () => {
  it.effect("takes the burst as it is told to read it", () =>
    Effect.gen(function* () {
      yield* Traffic.run(me)
      const limits = (yield* RateLimiter.status()).map(({ limit, quota }) => [quota, limit])
      assert.deepStrictEqual(limits, [
        ["reads", 1000],
        ["readsBurst", 2000]
      ])
    }).pipe(
      Effect.provide(
        Productlane.layer({ apiKey: Redacted.make("pl_v2_a"), burst: "literal" }).pipe(
          Layer.provideMerge(RateLimiter.layer),
          Layer.provideMerge(Traffic.server(simulation))
        )
      )
    )
  )
})

describe("pages", () => {
  it.effect("gives every item once, in order, in as few requests as can be", () =>
    Effect.gen(function* () {
      const Thread = Schema.Struct({ id: Schema.String, created_at: Schema.DateTimeUtcFromString })
      const { stats, value } = yield* Traffic.run(Stream.runCollect(Productlane.pages("/threads", { item: Thread })))
      assert.strictEqual(value.length, 480)
      const instants = value.map(({ created_at }) => created_at.epochMilliseconds)
      assert.deepStrictEqual(
        instants,
        instants.toSorted((a, b) => b - a)
      )
      assert.strictEqual(new Set(instants).size, 480)
      assert.strictEqual(stats.requests, 3)
    }).pipe(connected())
  )

  it.effect(
    "ends with the page that has no more, also if it is full, and leaves items as they are without a schema",
    () =>
      Effect.gen(function* () {
        const { stats, value } = yield* Traffic.run(Stream.runCollect(Productlane.pages("/companies", { limit: 35 })))
        assert.strictEqual(value.length, 70)
        assert.deepInclude(value[69], { name: "Company 0" })
        assert.strictEqual(stats.requests, 2)
      }).pipe(connected())
  )

  it.effect("fails with what the server answers, and with items that are not what they should be", () =>
    Effect.gen(function* () {
      const [tooMany, wrong] = (yield* Traffic.run(
        Effect.all([
          Effect.flip(Stream.runDrain(Productlane.pages("/threads", { limit: 201 }))),
          Effect.flip(Stream.runDrain(Productlane.pages("/threads", { item: Schema.Struct({ id: Schema.Int }) })))
        ])
      )).value
      assert.strictEqual(tooMany._tag === "HttpClientError" && tooMany.reason._tag, "StatusCodeError")
      assert.strictEqual(wrong._tag, "SchemaError")
    }).pipe(connected())
  )
})

describe("Client", () => {
  it.effect(
    "is never refused at its limits, and uses them, whatever the server's clock says",
    () =>
      Effect.gen(function* () {
        const both = Effect.all([Traffic.saturate(me, 100), Traffic.saturate(create, 10)], { concurrency: 2 })
        const traffic = yield* Traffic.run(both)
        assert.strictEqual(traffic.stats.refusals, 0)
        Traffic.assertUsed(traffic, simulation, { reads: 0.97, writes: 0.97 })
      }).pipe(connected({ skew: "-1700 millis" })),
    Traffic.timeout
  )

  it.effect("tells a refusal as Productlane's error", () =>
    Effect.gen(function* () {
      const { value: error } = yield* Traffic.run(Effect.flip(Effect.all([create, create], { concurrency: 2 })))
      assert.strictEqual(error._tag, "ProductlaneRateLimited")
      if (error._tag !== "ProductlaneRateLimited") return
      assertSome(error.quota, "writes")
      assertSome(error.details, { limit: Option.some(1), window: Option.some("1m") })
      assert.isTrue(error.isRetryable)
    }).pipe(connected({ lower: [{ quota: "writes", limit: 1 }] }, { retry: "none" }))
  )

  it.effect("comes back when it was told and never earlier, and reads on while writes wait", () =>
    Effect.gen(function* () {
      const writes = Effect.replicateEffect(create, 8, { concurrency: "unbounded" })
      const reads = Effect.replicateEffect(Effect.andThen(me, Effect.sleep("1 second")), 60)
      const { stats, value } = yield* Traffic.run(Effect.all([writes, reads], { concurrency: 2 }))
      assert.isTrue(value[0].every(({ status }) => status === 201))
      const wire = yield* Traffic.Wire
      assert.isAbove(stats.refusals, 0)
      Traffic.assertWaited(wire, (refused, later) => refused.method === later.method)
      const inThatMinute = wire.filter(({ method, status }) => method === "GET" && status === 200).length
      assert.strictEqual(inThatMinute, 60)
      const [first, ...others] = wire.filter(({ method }) => method === "GET").map(({ sentAt }) => sentAt)
      assert.isBelow((others.at(-1) ?? NaN) - (first ?? NaN), 60 * 1110)
    }).pipe(connected({ lower: [{ quota: "writesBurst", limit: 3 }] }))
  )

  it.effect.each(Traffic.unusableWaits)("neither hangs nor spins when it is told to wait %j", (retryAfter) =>
    Traffic.assertOutlives(me).pipe(
      connected(
        { lower: [{ quota: "reads", limit: 0, until: "30 minutes" }] },
        {},
        Traffic.telling(simulation, retryAfter)
      )
    )
  )
})
