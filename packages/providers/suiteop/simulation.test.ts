import { assert, describe, it } from "@effect/vitest"
import { simulation } from "@sluice/providers/suiteop/simulation"
import { Simulator } from "@sluice/simulator"
import { Effect, Schema } from "effect"
import { HttpClient, HttpClientRequest, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"

const start = Date.UTC(2026, 10, 22, 10, 0, 0)
const provided = Effect.provide(Simulator.layer(simulation))

const send = (request: HttpClientRequest.HttpClientRequest, token = "sk_test_a") =>
  HttpClient.execute(
    request.pipe(HttpClientRequest.prependUrl("https://api-us.suiteop.com"), HttpClientRequest.bearerToken(token))
  )
const list = (query = "", token?: string) => send(HttpClientRequest.get(`/api/v1/tasks${query}`), token)
const create = (title: string, key?: string, propertyId = "prop_01") =>
  send(
    HttpClientRequest.post("/api/v1/tasks").pipe(
      HttpClientRequest.bodyJsonUnsafe({ title, propertyId }),
      HttpClientRequest.setHeaders(key === undefined ? {} : { "Idempotency-Key": key })
    )
  )

const Page = Schema.Struct({
  data: Schema.Array(Schema.Struct({ id: Schema.String, status: Schema.String })),
  meta: Schema.Struct({
    requestId: Schema.String,
    pagination: Schema.Struct({ total: Schema.Int, limit: Schema.Int, offset: Schema.Int })
  })
})
const Created = Schema.Struct({
  data: Schema.Struct({ id: Schema.String, title: Schema.String, status: Schema.String })
})
const Failure = Schema.Struct({
  error: Schema.Struct({ type: Schema.String, code: Schema.String, message: Schema.String }),
  meta: Schema.Struct({ requestId: Schema.String })
})

const rates = ({ headers }: HttpClientResponse.HttpClientResponse) => [
  headers["x-ratelimit-limit"],
  headers["x-ratelimit-remaining"],
  headers["x-ratelimit-reset"]
]

describe("simulation", () => {
  it.effect("tells the state of the sustained window on every answer", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start + 250)
      assert.deepStrictEqual(rates(yield* list()), ["1000", "999", String(start / 1000 + 61)])
      assert.deepStrictEqual(rates(yield* list("?limit=0")), ["1000", "998", String(start / 1000 + 61)])
    }).pipe(provided)
  )

  it.effect("refuses the 51st request of a second", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start + 250)
      yield* Effect.replicateEffect(list(), 50)
      const refused = yield* list()
      assert.strictEqual(refused.status, 429)
      assert.strictEqual(refused.headers["retry-after"], "1")
      assert.deepStrictEqual(rates(refused), ["50", "0", String(start / 1000 + 2)])
      const { error } = yield* HttpClientResponse.schemaBodyJson(Failure)(refused)
      assert.deepStrictEqual(error, {
        type: "rate_limit_error",
        code: "rate_limit_exceeded",
        message: "Rate limit exceeded. Retry after 1 seconds."
      })
      assert.strictEqual((yield* list("", "sk_live_b")).status, 200)
    }).pipe(provided)
  )

  it.effect("refuses the 1001st request of a minute until the first has left it", () =>
    Effect.gen(function* () {
      for (let second = 0; second < 40; second++) {
        yield* TestClock.setTime(start + second * 1001)
        yield* Effect.replicateEffect(list(), 25)
      }
      yield* TestClock.setTime(start + 45_500)
      const refused = yield* list()
      assert.strictEqual(refused.status, 429)
      assert.strictEqual(refused.headers["retry-after"], "15")
      assert.deepStrictEqual(rates(refused).slice(0, 2), ["1000", "0"])
    }).pipe(provided)
  )

  it.effect("gives tasks by limit and offset, and none past the end", () =>
    Effect.gen(function* () {
      const pages = yield* Effect.forEach(["", "?limit=100", "?limit=100&offset=200", "?offset=240"], (query) =>
        Effect.flatMap(list(query), HttpClientResponse.schemaBodyJson(Page))
      )
      assert.deepStrictEqual(
        pages.map(({ data, meta }) => [data.length, meta.pagination]),
        [
          [20, { total: 240, limit: 20, offset: 0 }],
          [100, { total: 240, limit: 100, offset: 0 }],
          [40, { total: 240, limit: 100, offset: 200 }],
          [0, { total: 240, limit: 20, offset: 240 }]
        ]
      )
      assert.strictEqual((yield* list("?limit=101")).status, 400)
    }).pipe(provided)
  )

  it.effect("remembers the tasks that it was given, and gets done with those of a property where somebody works", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start)
      const made = yield* Effect.forEach(["prop_01", "prop_02", "prop_01"], (propertyId) =>
        Effect.flatMap(create("Clean", undefined, propertyId), HttpClientResponse.schemaBodyJson(Created))
      )
      const shown = Effect.gen(function* () {
        const { data, meta } = yield* Effect.flatMap(list("?offset=239"), HttpClientResponse.schemaBodyJson(Page))
        assert.strictEqual(meta.pagination.total, 243)
        assert.deepStrictEqual(
          data.slice(1).map(({ id }) => id),
          made.map(({ data }) => data.id)
        )
        return data.map(({ status }) => status)
      })
      assert.deepStrictEqual(yield* shown, ["completed", "open", "open", "open"])
      yield* TestClock.setTime(start + 1000)
      assert.deepStrictEqual(yield* shown, ["completed", "completed", "open", "open"])
      yield* TestClock.setTime(start + 2999)
      assert.deepStrictEqual(yield* shown, ["completed", "completed", "open", "open"])
      yield* TestClock.setTime(start + 3000)
      assert.deepStrictEqual(yield* shown, ["completed", "completed", "open", "completed"])
      const one = yield* send(HttpClientRequest.get(`/api/v1/tasks/${made[2]?.data.id}`))
      assert.strictEqual((yield* HttpClientResponse.schemaBodyJson(Created)(one)).data.status, "completed")
      assert.strictEqual((yield* send(HttpClientRequest.get("/api/v1/tasks/task_zzzzzz"))).status, 404)
    }).pipe(provided)
  )

  it.effect("carries out a POST once for each key, for a day", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start)
      const body = HttpClientResponse.schemaBodyJson(Created)
      const first = yield* create("Clean", "k")
      assert.strictEqual(first.status, 201)
      assert.isUndefined(first.headers["idempotency-replayed"])
      const replay = yield* create("Clean", "k")
      assert.strictEqual(replay.headers["idempotency-replayed"], "true")
      const { data } = yield* body(first)
      assert.deepStrictEqual((yield* body(replay)).data, data)
      assert.notStrictEqual((yield* Effect.flatMap(create("Clean", "l"), body)).data.id, data.id)
      assert.notStrictEqual((yield* Effect.flatMap(create("Clean"), body)).data.id, data.id)
      yield* TestClock.setTime(start + 86_400_000)
      assert.isUndefined((yield* create("Clean", "k")).headers["idempotency-replayed"])
    }).pipe(provided)
  )

  it.effect("refuses a key with another body, and a blank one", () =>
    Effect.gen(function* () {
      yield* create("Clean", "k")
      const reused = yield* create("Paint", "k")
      assert.strictEqual(reused.status, 422)
      assert.strictEqual((yield* HttpClientResponse.schemaBodyJson(Failure)(reused)).error.type, "business_rule_error")
      const blank = yield* create("Clean", "")
      assert.strictEqual(blank.status, 400)
      assert.strictEqual((yield* HttpClientResponse.schemaBodyJson(Failure)(blank)).error.type, "validation_error")
    }).pipe(provided)
  )

  it.effect("answers 401 without a key: not counted, and without headers", () =>
    Effect.gen(function* () {
      const response = yield* HttpClient.get("https://api-us.suiteop.com/api/v1/tasks")
      assert.strictEqual(response.status, 401)
      assert.deepStrictEqual(rates(response), [undefined, undefined, undefined])
      const { stats } = yield* Simulator.Simulator
      const { intercepted, quotas } = yield* stats
      assert.strictEqual(intercepted, 1)
      assert.deepStrictEqual(quotas, { suiteop: {} })
    }).pipe(provided)
  )
})
