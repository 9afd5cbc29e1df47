import { assert, describe, it } from "@effect/vitest"
import { assertSome } from "@effect/vitest/utils"
import { RateLimiter, Signal } from "@sluice/core"
import type { Response, Simulation } from "@sluice/core/Simulation"
import { Clarifai } from "@sluice/providers/clarifai"
import { simulation, simulationPenalty } from "@sluice/providers/clarifai/simulation"
import { NeverExceeds } from "@sluice/simulator"
import { Clock, Config, ConfigProvider, Effect, Exit, Layer, Redacted, Schema, Stream } from "effect"
import { HttpClientRequest } from "effect/http"
import * as Traffic from "../test/support/Traffic.ts"

const connected = (
  scenario?: Parameters<typeof Traffic.server>[1],
  options: Partial<Clarifai.Options> = {},
  server = simulation
) =>
  Effect.provide(
    Clarifai.layer({ apiKey: Redacted.make("pat_a"), ...options }).pipe(
      Layer.provideMerge(RateLimiter.layer),
      Layer.provideMerge(Traffic.server(server, scenario))
    )
  )

const list = Clarifai.Client.use((clarifai) => clarifai.get("/v2/models/types?per_page=1"))
const predict = Clarifai.Client.use((clarifai) =>
  clarifai.execute(
    HttpClientRequest.post("/v2/models/general-image-recognition/outputs").pipe(
      HttpClientRequest.bodyJsonUnsafe({ inputs: [{ data: { image: { url: "https://example.com/a.jpg" } } }] })
    )
  )
)
const many = <A, E, R>(call: Effect.Effect<A, E, R>, count: number) =>
  Effect.replicateEffect(call, count, { concurrency: "unbounded" })

/** Clarifai, refusing in another way. */
const refusing = (code: number, status: number, server = simulation): Simulation => ({
  ...server,
  refuse: (): Response => ({ status, body: { status: { code, description: "Too Many Requests", req_id: "r4" } } })
})

/** Nothing is sent within 15 s of the answer that refused. */
const assertWaited = (wire: ReadonlyArray<Traffic.Exchange>) => {
  const refusals = wire.filter(({ status }) => status === 429)
  assert.isAbove(refusals.length, 0)
  for (const { receivedAt } of refusals) {
    for (const { sentAt } of wire) if (sentAt > receivedAt) assert.isAtLeast(sentAt, receivedAt + 15_000)
  }
}

describe("layerConfig", () => {
  it.effect("takes the key from the configuration", () =>
    Effect.gen(function* () {
      const { value } = yield* Traffic.run(list)
      assert.strictEqual(value.status, 200)
      assert.strictEqual((yield* Traffic.Wire)[0]?.headers["authorization"], "Key pat_env")
    }).pipe(
      Effect.provide(
        Clarifai.layerConfig({ apiKey: Config.Redacted("CLARIFAI_PAT") }).pipe(
          Layer.provide(RateLimiter.layer),
          Layer.provideMerge(Traffic.server(simulation)),
          Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ CLARIFAI_PAT: "pat_env" })))
        )
      )
    )
  )
})

describe("pages", () => {
  it.effect("gives every item once, in order, in as few requests as can be", () =>
    Effect.gen(function* () {
      const Input = Schema.Struct({ id: Schema.String, created_at: Schema.DateTimeUtcFromString })
      const { stats, value } = yield* Traffic.run(
        Stream.runCollect(Clarifai.pages("/v2/inputs", { items: "inputs", item: Input }))
      )
      assert.strictEqual(value.length, 300)
      assert.strictEqual(new Set(value.map(({ id }) => id)).size, 300)
      assert.strictEqual(value[1]?.created_at.epochMilliseconds, Date.UTC(2026, 9, 1, 0, 1))
      assert.strictEqual(stats.requests, 3)
    }).pipe(connected())
  )

  it.effect("asks once more where the last page is full, and leaves items as they are without a schema", () =>
    Effect.gen(function* () {
      const { stats, value } = yield* Traffic.run(
        Stream.runCollect(Clarifai.pages("/v2/models/types", { items: "model_types", perPage: 5 }))
      )
      assert.strictEqual(value.length, 20)
      assert.deepInclude(value[0], { id: "visual-classifier", trainable: true })
      assert.strictEqual(stats.requests, 5)
    }).pipe(connected())
  )

  it.effect("takes an answer without the list for the end", () =>
    Effect.gen(function* () {
      const { value } = yield* Traffic.run(Stream.runCollect(Clarifai.pages("/v2/inputs", { items: "nothing" })))
      assert.deepStrictEqual(value, [])
    }).pipe(connected())
  )

  it.effect("fails with what the server answers, and with items that are not what they should be", () =>
    Effect.gen(function* () {
      const wrongItem = { items: "inputs", item: Schema.Struct({ id: Schema.Int }) }
      const [missing, wrong] = (yield* Traffic.run(
        Effect.all([
          Effect.flip(Stream.runDrain(Clarifai.pages("/v2/rooms", { items: "rooms" }))),
          Effect.flip(Stream.runDrain(Clarifai.pages("/v2/inputs", wrongItem)))
        ])
      )).value
      assert.strictEqual(missing._tag === "HttpClientError" && missing.reason._tag, "StatusCodeError")
      assert.strictEqual(wrong._tag, "SchemaError")
    }).pipe(connected())
  )

  it.effect("fails where the answer's own status is no success", () =>
    Effect.gen(function* () {
      const { value } = yield* Traffic.run(
        Effect.flip(Stream.runDrain(Clarifai.pages("/v2/inputs", { items: "inputs" })))
      )
      assert.strictEqual(value._tag, "SchemaError")
    }).pipe(connected({ lower: [{ quota: "requests", limit: 0 }] }, {}, refusing(10020, 200)))
  )

  it.each([0, 1001, 2.5, NaN])("takes no %d items a page", (perPage) => {
    assert.throws(() => Clarifai.pages("/v2/inputs", { items: "inputs", perPage }), RangeError, "perPage")
  })
})

describe("Client", () => {
  it.effect(
    "is never refused at its limit, and uses it",
    () =>
      Effect.gen(function* () {
        const traffic = yield* Traffic.run(Traffic.saturate(list, 30))
        assert.strictEqual(traffic.stats.refusals, 0)
        NeverExceeds.limit(15, 1000)(traffic.stats.timeline)
        Traffic.assertUsed(traffic, simulation, { requests: 0.93 })
      }).pipe(connected()),
    Traffic.timeout
  )

  it.effect.each([
    ["rolling", simulation],
    ["penalty", simulationPenalty]
  ] as const)("is never refused in an hour of bursts, with a halt read as %s", ([reading, server]) =>
    Effect.gen(function* () {
      const burst = Effect.all([many(list, 25), many(predict, 15)], { concurrency: "unbounded" })
      const { stats } = yield* Traffic.run(
        Effect.repeat(Effect.andThen(Effect.forkChild(burst), Effect.sleep("1 minute")), { times: 59 })
      )
      assert.strictEqual(stats.refusals, 0)
      assert.strictEqual(stats.requests, 60 * 40)
      NeverExceeds.limit(15, 1000)(stats.timeline)
    }).pipe(connected({}, { reading }, server))
  )

  it.effect("tells a refusal as Clarifai's error", () =>
    Effect.gen(function* () {
      const { value: error } = yield* Traffic.run(Effect.flip(many(list, 2)))
      assert.strictEqual(error._tag, "ClarifaiRateLimited")
      if (error._tag !== "ClarifaiRateLimited") return
      assertSome(error.quota, "requests")
      assertSome(error.limit, 1)
      assertSome(error.code, "CONN_THROTTLED")
      assert.isTrue(error.isRetryable)
    }).pipe(connected({ lower: [{ quota: "requests", limit: 1 }] }, { retry: "none" }))
  )

  it.effect.each([
    ["rolling", simulation],
    ["penalty", simulationPenalty]
  ] as const)(
    "comes back after 15 s and keeps to the limit that it was told, with a halt read as %s",
    ([reading, server]) =>
      Effect.gen(function* () {
        const { stats } = yield* Traffic.run(Traffic.saturate(predict, 30, "2 minutes"))
        // What went out with the first burst is all that is refused.
        assert.strictEqual(stats.refusals, 5)
        assertWaited(yield* Traffic.Wire)
        const [status] = yield* RateLimiter.status()
        assert.strictEqual(status?.limit, 10)
      }).pipe(connected({ lower: [{ quota: "requests", limit: 10 }] }, { reading }, server))
  )

  it.effect("hears a refusal in an answer with HTTP status 200, and leaves other bodies readable", () =>
    Effect.gen(function* () {
      const error = (yield* Traffic.run(Effect.flip(many(list, 16)))).value
      assert.strictEqual(error._tag, "ClarifaiRateLimited")
      const response = (yield* Traffic.run(list)).value
      const { model_types } = Object(yield* response.json)
      assert.strictEqual(model_types.length, 1)
      const wire = yield* Traffic.Wire
      assert.isTrue(wire.every(({ status }) => status === 200))
      assert.isAtLeast(wire.at(-1)?.sentAt ?? 0, (wire[0]?.receivedAt ?? 0) + 15_000)
    }).pipe(
      connected(
        { lower: [{ quota: "requests", limit: 10, until: "1 second" }] },
        { retry: "none" },
        refusing(11005, 200)
      )
    )
  )

  it.effect("asks a few times more where the hour is spent, and not again where the month is", () =>
    Effect.gen(function* () {
      const { stats, value } = yield* Traffic.run(Effect.flip(list))
      assert.strictEqual(value._tag, "ClarifaiRateLimited")
      assert.strictEqual(stats.requests, 9)
      const month = yield* Traffic.run(Effect.flip(list)).pipe(
        connected({ lower: [{ quota: "requests", limit: 0 }] }, {}, refusing(11004, 429))
      )
      assert.strictEqual(month.value._tag === "ClarifaiRateLimited" && month.value.isRetryable, false)
      assert.strictEqual(month.stats.requests, 1)
    }).pipe(connected({ lower: [{ quota: "requests", limit: 0 }] }, {}, refusing(11003, 429)))
  )
})

describe("claim and decodeStatus", () => {
  interface Answered {
    readonly status: { readonly code: number; readonly details: string }
  }
  /** A gRPC call: a throttled one is an RPC without an error. */
  const rpc = (code: number, at: Array<number>): Effect.Effect<Answered> =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      at.push(now)
      return { status: { code, details: code === 11005 ? "exceeded limit of 10 requests per second" : "" } }
    })
  const admitted = (call: Effect.Effect<Answered>, partition = "") =>
    RateLimiter.withPermit(call, Clarifai.claim(partition), {
      decode: (exit) => (Exit.isSuccess(exit) ? Clarifai.decodeStatus(exit.value.status).signal : Signal.none)
    })

  it.effect("let 15 calls a second through", () =>
    Effect.gen(function* () {
      const at: Array<number> = []
      yield* Traffic.run(many(admitted(rpc(10000, at)), 31))
      NeverExceeds.limit(15, 1000)(at)
      assert.isAtMost((at.at(-1) ?? Infinity) - (at[0] ?? 0), 2100)
    }).pipe(Effect.provide([RateLimiter.layer, Traffic.server(simulation)]))
  )

  it.effect("halt for 15 s after a throttled call, and with it the client of the same partition", () =>
    Effect.gen(function* () {
      const at: Array<number> = []
      const { code } = (yield* Traffic.run(admitted(rpc(11005, at), "acme"))).value.status
      assert.strictEqual(code, 11005)
      yield* Traffic.run(Effect.all([admitted(rpc(10000, at), "acme"), list], { concurrency: "unbounded" }))
      const [refusedAt = NaN, nextAt] = at
      assert.isAtLeast(nextAt ?? 0, refusedAt + 15_000)
      const [exchange] = yield* Traffic.Wire
      assert.isAtLeast(exchange?.sentAt ?? 0, refusedAt + 15_000)
      const [status] = yield* RateLimiter.status("acme")
      assert.deepInclude(status, { quota: "requests", limit: 10, refusals: 1 })
    }).pipe(connected({}, { partition: "acme" }))
  )
})
