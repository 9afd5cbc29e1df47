import { assert, describe, it } from "@effect/vitest"
import { simulation } from "@sluice/providers/attio/simulation"
import { Simulator } from "@sluice/simulator"
import { Effect, Schema } from "effect"
import { HttpClient, HttpClientRequest, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"

const start = Date.UTC(2026, 10, 22, 10, 0, 0)
const provided = Effect.provide(Simulator.layer(simulation))

const send = (request: HttpClientRequest.HttpClientRequest, token = "a") =>
  HttpClient.execute(
    request.pipe(HttpClientRequest.prependUrl("https://api.attio.com"), HttpClientRequest.bearerToken(token))
  )
const get = (path: string, token?: string) => send(HttpClientRequest.get(path), token)
const query = (body: object, token?: string) =>
  send(HttpClientRequest.post("/v2/objects/people/records/query").pipe(HttpClientRequest.bodyJsonUnsafe(body)), token)

const statuses = <E, R>(n: number, call: Effect.Effect<HttpClientResponse.HttpClientResponse, E, R>) =>
  Effect.map(Effect.replicateEffect(call, n), (responses) => responses.map(({ status }) => status))

const page = HttpClientResponse.schemaBodyJson(Schema.Struct({ data: Schema.Array(Schema.Unknown) }))
const refusalBody = {
  status_code: 429,
  type: "rate_limit_error",
  code: "rate_limit_exceeded",
  message: "Rate limit exceeded, please try again later"
}

describe("simulation", () => {
  it.effect("refuses the 101st read of a clock second until the next one", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start + 250)
      assert.deepStrictEqual(new Set(yield* statuses(100, get("/v2/self"))), new Set([200]))
      const refused = yield* get("/v2/self")
      assert.strictEqual(refused.status, 429)
      assert.strictEqual(refused.headers["retry-after"], "Sun, 22 Nov 2026 10:00:01 GMT")
      assert.strictEqual(refused.headers["date"], "Sun, 22 Nov 2026 10:00:00 GMT")
      assert.deepStrictEqual(yield* refused.json, refusalBody)
      assert.strictEqual((yield* get("/v2/self", "b")).status, 200)
      yield* TestClock.setTime(start + 999)
      assert.strictEqual((yield* get("/v2/self")).status, 429)
      yield* TestClock.setTime(start + 1000)
      assert.strictEqual((yield* get("/v2/self")).status, 200)
    }).pipe(provided)
  )

  it.effect("counts writes apart from reads, and queries among the reads", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start)
      const write = send(
        HttpClientRequest.post("/v2/objects/people/records").pipe(
          HttpClientRequest.bodyJsonUnsafe({ data: { values: { name: "Ada" } } })
        )
      )
      assert.deepStrictEqual((yield* statuses(26, write)).indexOf(429), 25)
      yield* query({ limit: 1 })
      assert.deepStrictEqual((yield* statuses(100, get("/v2/self"))).indexOf(429), 99)
    }).pipe(provided)
  )

  it.effect("sums up the scores of ten seconds over all keys of the workspace", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start + 400)
      const heavy = { sorts: Array.from({ length: 20 }, () => ({ attribute: "name" })), limit: 1 }
      assert.deepStrictEqual(new Set(yield* statuses(4, query(heavy))), new Set([200]))
      const refused = yield* query(heavy, "b")
      assert.strictEqual(refused.status, 429)
      // The oldest score leaves at 10.4 s, which a date rounds up to 11.
      assert.strictEqual(refused.headers["retry-after"], "Sun, 22 Nov 2026 10:00:11 GMT")
      assert.strictEqual((yield* query({ limit: 1 }, "b")).status, 200)
      assert.strictEqual((yield* get("/v2/self")).status, 200)
      yield* TestClock.setTime(start + 11_000)
      assert.strictEqual((yield* query(heavy, "b")).status, 200)
    }).pipe(provided)
  )

  it.effect("refuses a query beyond the ceiling whenever it comes", () =>
    Effect.gen(function* () {
      const tooComplex = { filter: { $or: Array.from({ length: 50 }, (_, i) => ({ name: `${i}` })) } }
      for (let i = 0; i < 3; i++) {
        yield* TestClock.setTime(start + i * 60_000)
        const refused = yield* query(tooComplex)
        assert.strictEqual(refused.status, 429)
        assert.strictEqual(refused.headers["retry-after"], `Sun, 22 Nov 2026 10:0${i}:01 GMT`)
        assert.deepStrictEqual(yield* refused.json, refusalBody)
      }
    }).pipe(provided)
  )

  it.effect("gives records by limit and offset", () =>
    Effect.gen(function* () {
      const sizes = yield* Effect.forEach(
        [{}, { offset: 500 }, { offset: 1000 }, { offset: 1200 }, { limit: 7 }],
        (body) => Effect.map(Effect.flatMap(query(body), page), ({ data }) => data.length)
      )
      assert.deepStrictEqual(sizes, [500, 500, 200, 0, 7])
      assert.strictEqual((yield* query({ limit: 501 })).status, 400)
      assert.strictEqual((yield* Effect.flatMap(get("/v2/notes"), page)).data.length, 10)
      assert.strictEqual((yield* Effect.flatMap(get("/v2/notes?limit=50&offset=100"), page)).data.length, 20)
    }).pipe(provided)
  )

  it.effect("remembers the records it was given", () =>
    Effect.gen(function* () {
      const created = yield* send(
        HttpClientRequest.post("/v2/objects/people/records").pipe(
          HttpClientRequest.bodyJsonUnsafe({ data: { values: { name: "Ada" } } })
        )
      )
      const { data } = yield* HttpClientResponse.schemaBodyJson(
        Schema.Struct({ data: Schema.Struct({ id: Schema.Struct({ record_id: Schema.String }) }) })
      )(created)
      assert.strictEqual((yield* get(`/v2/objects/people/records/${data.id.record_id}`)).status, 200)
      assert.strictEqual((yield* get("/v2/objects/people/records/nobody")).status, 404)
    }).pipe(provided)
  )

  it.effect("answers 401 without a token, and counts nothing", () =>
    Effect.gen(function* () {
      const response = yield* HttpClient.get("https://api.attio.com/v2/self")
      assert.strictEqual(response.status, 401)
      const { stats } = yield* Simulator.Simulator
      assert.strictEqual((yield* stats).intercepted, 1)
    }).pipe(provided)
  )
})
