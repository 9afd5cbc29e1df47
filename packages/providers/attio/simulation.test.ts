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
const one = HttpClientResponse.schemaBodyJson(
  Schema.Struct({
    data: Schema.Struct({
      id: Schema.Struct({ record_id: Schema.String }),
      values: Schema.Record(Schema.String, Schema.Array(Schema.Record(Schema.String, Schema.Unknown)))
    })
  })
)
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

  it.effect("remembers the records that it was given, and shows them last", () =>
    Effect.gen(function* () {
      const post = (name: unknown) =>
        send(
          HttpClientRequest.post("/v2/objects/people/records").pipe(
            HttpClientRequest.bodyJsonUnsafe({ data: { values: { name, email_addresses: ["Ada@example.com"] } } })
          )
        ).pipe(Effect.flatMap(one))
      const patch = (id: string) =>
        send(
          HttpClientRequest.patch(`/v2/objects/people/records/${id}`).pipe(
            HttpClientRequest.bodyJsonUnsafe({ data: { values: { name: "King, Ada" } } })
          )
        )
      const { data } = yield* post("Lovelace, Ada")
      assert.deepInclude(data.values["name"]?.[0], { first_name: "Ada", last_name: "Lovelace" })
      assert.strictEqual((yield* Effect.flatMap(query({ offset: 1200 }), page)).data.length, 1)
      const id = data.id.record_id
      assert.strictEqual((yield* patch(id)).status, 200)
      const changed = yield* Effect.flatMap(get(`/v2/objects/people/records/${id}`), one)
      assert.deepInclude(changed.data.values["name"]?.[0], { full_name: "Ada King" })
      assert.deepInclude(changed.data.values["email_addresses"]?.[0], { email_address: "ada@example.com" })
      for (const missing of [get("/v2/objects/people/records/nobody"), patch("nobody")]) {
        assert.strictEqual((yield* missing).status, 404)
      }
    }).pipe(provided)
  )

  it.effect.each([
    [{ name: "Person 7" }, 1],
    [{ email_addresses: "user-7@example.com" }, 1],
    [{ email_addresses: { $eq: "user-7@example.com" } }, 1],
    [{ email_addresses: { email_domain: { $eq: "example.com" } } }, 500],
    [{ name: { last_name: "7" }, email_addresses: "user-8@example.com" }, 0],
    [{ $or: [{ name: { last_name: "7" } }, { email_addresses: "user-8@example.com" }] }, 2],
    [{ $and: [{ name: "Person 7" }, { $not: { email_addresses: "user-7@example.com" } }] }, 0],
    [{ job_title: "Analyst" }, 0],
    [{}, 500]
  ] as const)("filters records by %j", ([filter, found]) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flatMap(query({ filter }), page)).data.length, found)
    }).pipe(provided)
  )

  it.effect("answers 400 to a filter that it does not know", () =>
    Effect.gen(function* () {
      for (const filter of [{ name: { $contains: "x" } }, { name: { full_name: { $in: ["x"] } } }, { $nor: [] }, "x"]) {
        assert.strictEqual((yield* query({ filter })).status, 400)
      }
    }).pipe(provided)
  )

  it.effect("remembers the notes that it was given", () =>
    Effect.gen(function* () {
      const data = {
        parent_object: "people",
        parent_record_id: "x",
        title: "Hello",
        format: "plaintext",
        content: "Ada"
      }
      const post = HttpClientRequest.post("/v2/notes").pipe(HttpClientRequest.bodyJsonUnsafe({ data }))
      const created = yield* (yield* send(post)).json
      const listed = yield* Effect.flatMap(get("/v2/notes?offset=120"), page)
      assert.deepStrictEqual<unknown>({ data: listed.data[0] }, created)
      assert.deepInclude(listed.data[0], { title: "Hello", content_plaintext: "Ada" })
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
