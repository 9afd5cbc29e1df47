import { assert, describe, it } from "@effect/vitest"
import { simulation } from "@sluice/providers/productlane/simulation"
import { Simulator } from "@sluice/simulator"
import { Effect, Schema } from "effect"
import { HttpClient, HttpClientRequest, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"

const start = Date.UTC(2026, 10, 22, 10, 0, 0)
const minutesBeginAt = 12_300
const provided = Effect.provide(Simulator.layer(simulation, { counting: { phaseMillis: minutesBeginAt } }))

const send = (request: HttpClientRequest.HttpClientRequest, token = "pl_v2_a") =>
  HttpClient.execute(
    request.pipe(HttpClientRequest.prependUrl("https://productlane.com/api/v2"), HttpClientRequest.bearerToken(token))
  )
const get = (path: string, token?: string) => send(HttpClientRequest.get(path), token)
const create = (body: object) => send(HttpClientRequest.post("/threads").pipe(HttpClientRequest.bodyJsonUnsafe(body)))
const feedback = create({ text: "<p>More coffee</p>", contact_email: "ada@example.com" })

const Page = Schema.Struct({
  data: Schema.Array(Schema.Struct({ id: Schema.String, created_at: Schema.String })),
  page: Schema.Struct({ cursor: Schema.NullOr(Schema.String), has_more: Schema.Boolean, limit: Schema.Int })
})
const Thread = Schema.Struct({
  id: Schema.String,
  text: Schema.String,
  contact: Schema.Struct({ email: Schema.String })
})
const pageOf = (path: string) => Effect.flatMap(get(path), HttpClientResponse.schemaBodyJson(Page))
const Failure = HttpClientResponse.schemaBodyJson(
  Schema.Struct({
    error: Schema.Struct({
      code: Schema.String,
      message: Schema.String,
      details: Schema.optionalKey(Schema.Json),
      request_id: Schema.String
    })
  })
)

const rates = ({ headers }: HttpClientResponse.HttpClientResponse) => [
  headers["x-ratelimit-limit"],
  headers["x-ratelimit-remaining"],
  headers["x-ratelimit-reset"]
]
// 12.3 s rounded up to a whole second.
const reset = String(start / 1000 + 13)

describe("simulation", () => {
  it.effect("tells the state of the method's class on every answer, in minutes of its own", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start)
      assert.deepStrictEqual(rates(yield* get("/me")), ["1000", "999", reset])
      assert.deepStrictEqual(rates(yield* feedback), ["60", "59", reset])
      assert.deepStrictEqual(rates(yield* get("/threads?cursor=x")), ["1000", "998", reset])
      yield* TestClock.setTime(start + minutesBeginAt)
      assert.deepStrictEqual(rates(yield* get("/me")), ["1000", "999", String(start / 1000 + 73)])
    }).pipe(provided)
  )

  it.effect("refuses the 21st write of ten seconds", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start)
      yield* Effect.replicateEffect(feedback, 20)
      yield* TestClock.setTime(start + 400)
      const refused = yield* feedback
      assert.strictEqual(refused.status, 429)
      assert.strictEqual(refused.headers["retry-after"], "10")
      assert.strictEqual(rates(refused)[0], "60")
      const { error } = yield* Failure(refused)
      assert.deepInclude(error, { code: "rate_limited", message: "Rate limit exceeded." })
      assert.deepStrictEqual(error.details, { limit: 20, window: "10s" })
      assert.strictEqual(refused.headers["x-request-id"], error.request_id)
      assert.strictEqual((yield* get("/me")).status, 200)
      yield* TestClock.setTime(start + 10_000)
      assert.strictEqual((yield* feedback).status, 201)
    }).pipe(provided)
  )

  it.effect("refuses the 61st write of a minute until the next one", () =>
    Effect.gen(function* () {
      for (let part = 0; part < 3; part++) {
        yield* TestClock.setTime(start + minutesBeginAt + part * 11_000)
        yield* Effect.replicateEffect(feedback, 20)
      }
      yield* TestClock.setTime(start + minutesBeginAt + 33_000)
      const refused = yield* feedback
      assert.strictEqual(refused.status, 429)
      assert.strictEqual(refused.headers["retry-after"], "27")
      assert.deepStrictEqual(rates(refused), ["60", "0", String(start / 1000 + 73)])
      assert.deepStrictEqual((yield* Failure(refused)).error.details, { limit: 60, window: "1m" })
    }).pipe(provided)
  )

  it.effect("gives threads newest first, by a cursor", () =>
    Effect.gen(function* () {
      const sizes: Array<number> = []
      const ids = new Set<string>()
      let last = "9999"
      let cursor: string | null = ""
      while (cursor !== null) {
        const query: string = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`
        const { data, page }: typeof Page.Type = yield* pageOf(`/threads?limit=200${query}`)
        assert.strictEqual(page.has_more, page.cursor !== null)
        sizes.push(data.length)
        for (const { created_at, id } of data) {
          assert.isBelow(created_at.localeCompare(last), 0)
          last = created_at
          ids.add(id)
        }
        cursor = page.cursor
      }
      assert.deepStrictEqual(sizes, [200, 200, 80])
      assert.strictEqual(ids.size, 480)
      assert.strictEqual((yield* pageOf("/companies")).data.length, 50)
      const [id = ""] = ids
      assert.strictEqual((yield* get(`/threads/${id}`)).status, 200)
      assert.strictEqual((yield* get("/threads/thr_zzzzzz")).status, 404)
    }).pipe(provided)
  )

  it.effect("remembers the threads that it was given, and shows them first", () =>
    Effect.gen(function* () {
      const page = yield* pageOf("/threads?limit=1")
      const made = yield* Effect.forEach(["<p>One</p>", "<p>Two</p>"], (text) =>
        Effect.flatMap(create({ text, contact_email: "ada@example.com" }), HttpClientResponse.schemaBodyJson(Thread))
      )
      assert.deepStrictEqual(
        (yield* pageOf("/threads?limit=3")).data.map(({ id }) => id),
        [...made.map(({ id }) => id).toReversed(), page.data[0]?.id]
      )
      const found = yield* Effect.flatMap(get(`/threads/${made[1]?.id}`), HttpClientResponse.schemaBodyJson(Thread))
      assert.deepInclude(found, { text: "<p>Two</p>", contact: { email: "ada@example.com" } })
      // Whoever was reading goes on where it was.
      const next = yield* pageOf(`/threads?limit=1&cursor=${encodeURIComponent(page.page.cursor ?? "")}`)
      assert.isBelow(next.data[0]?.created_at.localeCompare(page.data[0]?.created_at ?? "") ?? 0, 0)
      assert.notStrictEqual(next.data[0]?.id, page.data[0]?.id)
    }).pipe(provided)
  )

  it.effect("says what is wrong with a request", () =>
    Effect.gen(function* () {
      const refusals = yield* Effect.forEach(
        [get("/threads?limit=201"), get("/threads?cursor=%%%"), create({ text: "" }), get("/me", "pl_v1_a")],
        (call) =>
          Effect.flatMap(call, (response) =>
            Effect.map(Failure(response), ({ error }) => [response.status, error.code])
          )
      )
      assert.deepStrictEqual(refusals, [
        [400, "validation_failed"],
        [422, "unprocessable"],
        [400, "validation_failed"],
        [410, "unsupported_key_version"]
      ])
      const response = yield* HttpClient.get("https://productlane.com/api/v2/me")
      assert.strictEqual(response.status, 401)
      assert.deepStrictEqual(rates(response), [undefined, undefined, undefined])
    }).pipe(provided)
  )
})
