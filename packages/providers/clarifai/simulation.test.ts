import { assert, describe, it } from "@effect/vitest"
import { simulation, simulationPenalty } from "@sluice/providers/clarifai/simulation"
import { Simulator } from "@sluice/simulator"
import { Effect, Schema } from "effect"
import { HttpClient, HttpClientRequest, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"

const start = Date.UTC(2026, 10, 22, 10, 0, 0)
const provided = Effect.provide(Simulator.layer(simulation))

const send = (request: HttpClientRequest.HttpClientRequest, key = "pat_a") =>
  HttpClient.execute(
    request.pipe(
      HttpClientRequest.prependUrl("https://api.clarifai.com"),
      HttpClientRequest.setHeader("Authorization", `Key ${key}`)
    )
  )
const list = (path: string, key?: string) => send(HttpClientRequest.get(path), key)
const types = (key?: string) => list("/v2/models/types", key)
const predict = (model: string, inputs: unknown) =>
  send(
    HttpClientRequest.post(`/v2/models/${model}/outputs`).pipe(
      HttpClientRequest.bodyJsonUnsafe({ inputs, user_app_id: { user_id: "clarifai", app_id: "main" } })
    )
  )

const Item = Schema.Struct({ id: Schema.String })
const Page = Schema.Struct({
  status: Schema.Struct({ code: Schema.Literal(10000), description: Schema.Literal("Ok"), req_id: Schema.String }),
  model_types: Schema.optionalKey(Schema.Array(Item)),
  inputs: Schema.optionalKey(Schema.Array(Item)),
  concepts: Schema.optionalKey(Schema.Array(Item))
})
const Outputs = Schema.Struct({
  outputs: Schema.Array(
    Schema.Struct({
      id: Schema.String,
      input: Schema.Unknown,
      data: Schema.Struct({ concepts: Schema.Array(Schema.Struct({ name: Schema.String, value: Schema.Finite })) })
    })
  )
})
const Failure = Schema.Struct({
  status: Schema.Struct({
    code: Schema.Union([Schema.Int, Schema.String]),
    description: Schema.String,
    details: Schema.String,
    req_id: Schema.String
  })
})
const failure = (response: HttpClientResponse.HttpClientResponse) =>
  Effect.map(HttpClientResponse.schemaBodyJson(Failure)(response), ({ status }) => [response.status, status.code])

describe("simulation", () => {
  it.effect("refuses the 16th request of any second as the page prints it, and no other key's", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start + 400)
      yield* Effect.replicateEffect(types(), 15)
      yield* TestClock.setTime(start + 1399)
      const refused = yield* types()
      assert.strictEqual(refused.status, 429)
      assert.isUndefined(refused.headers["retry-after"])
      const { status } = yield* HttpClientResponse.schemaBodyJson(Failure)(refused)
      assert.deepInclude(status, {
        code: "CONN_THROTTLED",
        description: "Making too many requests",
        details: "exceeded limit of 15 requests per second"
      })
      assert.strictEqual((yield* types("pat_b")).status, 200)
      yield* TestClock.setTime(start + 1400)
      assert.strictEqual((yield* types()).status, 200)
    }).pipe(provided)
  )

  it.effect("names the limit that is in force", () =>
    Effect.gen(function* () {
      yield* Effect.replicateEffect(types(), 10)
      const { status } = yield* Effect.flatMap(types(), HttpClientResponse.schemaBodyJson(Failure))
      assert.strictEqual(status.details, "exceeded limit of 10 requests per second")
    }).pipe(Effect.provide(Simulator.layer(simulation, { lower: [{ quota: "requests", limit: 10 }] })))
  )

  it.effect("gives lists by page, and none past the end", () =>
    Effect.gen(function* () {
      const pages = yield* Effect.forEach(
        [
          "/v2/models/types?page=1&per_page=128",
          "/v2/users/acme/apps/shop/models/types?page=2&per_page=15",
          "/v2/inputs",
          "/v2/inputs?page=3",
          "/v2/inputs?page=4",
          "/v2/concepts?page=2&per_page=150"
        ],
        (path) => Effect.flatMap(list(path), HttpClientResponse.schemaBodyJson(Page))
      )
      assert.deepStrictEqual(
        pages.map(({ concepts, inputs, model_types }) => (model_types ?? inputs ?? concepts)?.length),
        [20, 5, 128, 44, 0, 50]
      )
      assert.deepStrictEqual(yield* Effect.flatMap(list("/v2/inputs?per_page=1001"), failure), [400, 11102])
      assert.deepStrictEqual(yield* Effect.flatMap(list("/v2/concepts?page=0"), failure), [400, 11102])
    }).pipe(provided)
  )

  it.effect("predicts, one output for each input", () =>
    Effect.gen(function* () {
      const inputs = [{ data: { image: { url: "https://example.com/a.jpg" } } }, { data: { text: { raw: "b" } } }]
      const response = yield* predict("general-image-recognition", inputs)
      const { outputs } = yield* HttpClientResponse.schemaBodyJson(Outputs)(response)
      assert.deepStrictEqual(
        outputs.map(({ input }) => input),
        inputs
      )
      assert.notStrictEqual(outputs[0]?.id, outputs[1]?.id)
      assert.deepStrictEqual(yield* Effect.flatMap(predict("nobody", inputs), failure), [404, 21200])
      assert.deepStrictEqual(yield* Effect.flatMap(predict("color-recognition", "all"), failure), [400, 11100])
      assert.deepStrictEqual(yield* Effect.flatMap(predict("color-recognition", []), failure), [400, 11102])
    }).pipe(provided)
  )

  it.effect("answers 401 without a key, which is not counted", () =>
    Effect.gen(function* () {
      const response = yield* HttpClient.get("https://api.clarifai.com/v2/models/types")
      assert.deepStrictEqual(yield* failure(response), [401, 11009])
      const { stats } = yield* Simulator.Simulator
      const { intercepted, quotas } = yield* stats
      assert.strictEqual(intercepted, 1)
      assert.deepStrictEqual(quotas, { clarifai: {} })
    }).pipe(provided)
  )
})

describe("simulationPenalty", () => {
  it.effect("refuses for 15 s once it has refused, and anew whoever comes earlier", () =>
    Effect.gen(function* () {
      const at = (millis: number) =>
        Effect.andThen(
          TestClock.setTime(start + millis),
          Effect.map(types(), ({ status }) => status)
        )
      yield* TestClock.setTime(start)
      yield* Effect.replicateEffect(types(), 15)
      assert.strictEqual(yield* at(500), 429)
      assert.strictEqual(yield* at(15_499), 429)
      assert.strictEqual(yield* at(30_498), 429)
      assert.strictEqual(yield* at(45_498), 200)
    }).pipe(Effect.provide(Simulator.layer(simulationPenalty)))
  )
})
