import { assert, describe, it } from "@effect/vitest"
import { assertSome } from "@effect/vitest/utils"
import { RateLimiter } from "@sluice/core"
import { SuiteOp } from "@sluice/providers/suiteop"
import { simulation } from "@sluice/providers/suiteop/simulation"
import { Config, ConfigProvider, Effect, Layer, Redacted, Schema, Stream } from "effect"
import { HttpClientRequest } from "effect/http"
import * as Traffic from "../test/support/Traffic.ts"

const connected = (
  scenario?: Parameters<typeof Traffic.server>[1],
  options: Partial<SuiteOp.Options> = {},
  server = simulation
) =>
  Effect.provide(
    SuiteOp.layer({ apiKey: Redacted.make("sk_test_a"), ...options }).pipe(
      Layer.provide(RateLimiter.layer),
      Layer.provideMerge(Traffic.server(server, scenario))
    )
  )

const list = SuiteOp.Client.use((suiteop) => suiteop.get("/api/v1/tasks?limit=1"))
const create = (title: string) =>
  SuiteOp.Client.use((suiteop) =>
    suiteop.execute(
      HttpClientRequest.post("/api/v1/tasks").pipe(HttpClientRequest.bodyJsonUnsafe({ title, propertyId: "prop_01" }))
    )
  )

describe("layerConfig", () => {
  it.effect("takes the key and the region from the configuration", () =>
    Effect.gen(function* () {
      const { value } = yield* Traffic.run(list)
      assert.strictEqual(value.status, 200)
      assert.strictEqual((yield* Traffic.Wire)[0]?.headers["authorization"], "Bearer sk_test_env")
    }).pipe(
      Effect.provide(
        SuiteOp.layerConfig({
          apiKey: Config.Redacted("SUITEOP_API_KEY"),
          region: Config.Literals(["us", "eu"], "SUITEOP_REGION")
        }).pipe(
          Layer.provide(RateLimiter.layer),
          Layer.provideMerge(Traffic.server({ ...simulation, baseUrl: "https://api-eu.suiteop.com" })),
          Layer.provide(
            ConfigProvider.layer(ConfigProvider.fromUnknown({ SUITEOP_API_KEY: "sk_test_env", SUITEOP_REGION: "eu" }))
          )
        )
      )
    )
  )
})

describe("pages", () => {
  it.effect("gives every item once, in order, in as few requests as can be", () =>
    Effect.gen(function* () {
      const Task = Schema.Struct({ id: Schema.String, createdAt: Schema.DateTimeUtcFromString })
      const { stats, value } = yield* Traffic.run(Stream.runCollect(SuiteOp.pages("/api/v1/tasks", { item: Task })))
      assert.strictEqual(value.length, 240)
      assert.strictEqual(new Set(value.map(({ id }) => id)).size, 240)
      assert.strictEqual(value[1]?.createdAt.epochMilliseconds, Date.UTC(2026, 9, 1, 0, 1))
      assert.strictEqual(stats.requests, 3)
    }).pipe(connected())
  )

  it.effect("ends with the last page, also if it is full, and leaves items as they are without a schema", () =>
    Effect.gen(function* () {
      const { stats, value } = yield* Traffic.run(
        Stream.runCollect(SuiteOp.pages("/api/v1/tasks?status=open", { limit: 80 }))
      )
      assert.strictEqual(value.length, 240)
      assert.deepInclude(value[239], { title: "Clean unit 239" })
      assert.strictEqual(stats.requests, 3)
    }).pipe(connected())
  )

  it.effect("asks for no page that nobody reads", () =>
    Effect.gen(function* () {
      const { stats } = yield* Traffic.run(Stream.runCollect(Stream.take(SuiteOp.pages("/api/v1/tasks"), 150)))
      assert.strictEqual(stats.requests, 2)
    }).pipe(connected())
  )

  it.effect("fails with what the server answers, and with items that are not what they should be", () =>
    Effect.gen(function* () {
      const [missing, wrong] = (yield* Traffic.run(
        Effect.all([
          Effect.flip(Stream.runDrain(SuiteOp.pages("/api/v1/rooms"))),
          Effect.flip(Stream.runDrain(SuiteOp.pages("/api/v1/tasks", { item: Schema.Struct({ id: Schema.Int }) })))
        ])
      )).value
      assert.strictEqual(missing._tag === "HttpClientError" && missing.reason._tag, "StatusCodeError")
      assert.strictEqual(wrong._tag, "SchemaError")
    }).pipe(connected())
  )
})

describe("Client", () => {
  it.effect(
    "is never refused at its limits, and uses them",
    () =>
      Effect.gen(function* () {
        const traffic = yield* Traffic.run(Traffic.saturate(list, 100))
        assert.strictEqual(traffic.stats.refusals, 0)
        Traffic.assertUsed(traffic, simulation, { sustained: 0.97 })
      }).pipe(connected()),
    Traffic.timeout
  )

  it.effect("tells a refusal as SuiteOp's error", () =>
    Effect.gen(function* () {
      const { value: error } = yield* Traffic.run(Effect.flip(Effect.all([list, list], { concurrency: 2 })))
      assert.strictEqual(error._tag, "SuiteOpRateLimited")
      if (error._tag !== "SuiteOpRateLimited") return
      assertSome(error.quota, "sustained")
      assertSome(error.limit, 1)
      assertSome(error.code, "rate_limit_exceeded")
      assert.isTrue(error.isRetryable)
    }).pipe(connected({ lower: [{ quota: "sustained", limit: 1 }] }, { retry: "none" }))
  )

  it.effect("comes back when it was told and never earlier, with the same idempotency key", () =>
    Effect.gen(function* () {
      const titles = Array.from({ length: 6 }, (_, i) => `Clean ${i}`)
      const { stats, value } = yield* Traffic.run(Effect.forEach(titles, create, { concurrency: "unbounded" }))
      assert.deepStrictEqual(
        value.map(({ status }) => status),
        titles.map(() => 201)
      )
      const wire = yield* Traffic.Wire
      Traffic.assertWaited(wire)
      assert.isAbove(stats.refusals, 0)
      const keys = Map.groupBy(wire, ({ headers }) => headers["idempotency-key"])
      assert.strictEqual(keys.size, titles.length)
      assert.isFalse(keys.has(undefined))
      for (const exchanges of keys.values()) {
        assert.strictEqual(exchanges.filter(({ status }) => status === 201).length, 1)
      }
      assert.isTrue(wire.every(({ answer }) => answer["idempotency-replayed"] === undefined))
    }).pipe(
      connected(
        { lower: [{ quota: "sustained", limit: 3, until: "30 seconds" }] },
        {},
        Traffic.telling(simulation, "90")
      )
    )
  )

  it.effect.each(Traffic.unusableWaits)("neither hangs nor spins when it is told to wait %j", (retryAfter) =>
    Traffic.assertOutlives(list).pipe(
      connected(
        { lower: [{ quota: "sustained", limit: 0, until: "30 minutes" }] },
        {},
        Traffic.telling(simulation, retryAfter)
      )
    )
  )
})
