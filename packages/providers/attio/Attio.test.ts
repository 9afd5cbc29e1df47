import { assert, describe, it } from "@effect/vitest"
import { assertNone, assertSome } from "@effect/vitest/utils"
import * as Claim from "@sluice/core/Claim"
import type { Wire } from "@sluice/core/Provider"
import * as Quota from "@sluice/core/Quota"
import { isRateLimited } from "@sluice/core/RateLimited"
import { Attio } from "@sluice/providers/attio"
import { DateTime, Duration, Effect, Exit, Option, Schedule } from "effect"
import { HttpClientRequest } from "effect/http"
import * as Wires from "../test/support/Wires.ts"

const file = new URL("./fixtures/429.http", import.meta.url)
const resetsAt = Date.UTC(2023, 4, 23, 14, 42, 1)
const get = { method: "GET", path: "/v2/self" }
const queryPeople = { method: "POST", path: "/v2/objects/people/records/query" }

const refused = (more: Partial<Wire> = {}) => {
  const { refusal, signal } = Attio.provider.decode(Wires.fixture(file, more))
  assert.isDefined(refusal)
  return { refusal, signal }
}

const drawn = (method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE", url: string, provider = Attio.provider) =>
  provider
    .classify(HttpClientRequest.make(method)(url), provider.quotas)
    .map(({ quota, within }) => `${quota.name} ${within}`.trim())

describe("quotas", () => {
  it("are what the pages say", () => {
    const { queries, reads, writes } = Attio.quotas
    assert.deepInclude(reads, { kind: "fixed", limit: 100, windowMillis: 1000, phase: "clock" })
    assert.deepInclude(writes, { kind: "fixed", limit: 25, windowMillis: 1000, phase: "clock" })
    assert.deepInclude(queries, { kind: "unpublished", windowMillis: 10_000 })
  })
})

describe("classify", () => {
  it.each([
    ["GET", "/v2/self", ["reads"]],
    ["GET", "https://api.attio.com/v2/notes?limit=50", ["reads"]],
    ["POST", "/v2/objects/people/records/query", ["reads", "queries"]],
    ["POST", "https://api.attio.com/v2/objects/people/records/query", ["reads", "queries"]],
    ["POST", "http://localhost:8080/attio/v2/lists/sales/entries/query/", ["reads", "queries"]],
    ["POST", "/v2/meetings/query", ["reads"]],
    ["POST", "/v2/objects/records/search", ["reads"]],
    ["POST", "/v2/objects/people/records", ["writes"]],
    ["POST", "/v2/notes?next=/query", ["writes"]],
    ["PUT", "/v2/objects/people/records?matching_attribute=email_addresses", ["writes"]],
    ["PATCH", "/v2/objects/people/records/1", ["writes"]],
    ["DELETE", "/v2/objects/people/records/query", ["writes"]]
  ] as const)("draws %s %s on %j", (method, url, names) => {
    assert.deepStrictEqual(drawn(method, url), [...names])
  })

  it("adds an endpoint's own limit, counted apart", () => {
    const provider = Attio.providerWith({
      endpoints: {
        "GET /v2/notes": Quota.rolling(5, "1 second", { name: "notes" }),
        "PATCH /v2/objects/{object}/records/{record_id}": Quota.rolling(2, "1 second", { name: "updates" })
      }
    })
    assert.deepStrictEqual(drawn("GET", "/v2/notes", provider), ["reads", "notes GET /v2/notes"])
    assert.deepStrictEqual(drawn("GET", "https://api.attio.com/v2/notes/", provider), ["reads", "notes GET /v2/notes"])
    assert.deepStrictEqual(drawn("GET", "/v2/notes/1", provider), ["reads"])
    assert.deepStrictEqual(drawn("POST", "/v2/notes", provider), ["writes"])
    assert.deepStrictEqual(drawn("PATCH", "/v2/objects/people/records/1", provider), [
      "writes",
      "updates PATCH /v2/objects/{object}/records/{record_id}"
    ])
    assert.deepStrictEqual(drawn("PATCH", "/v2/objects/people/records", provider), ["writes"])
  })

  it.each(["/v2/notes", "get /v2/notes", "GET", "GET v2 notes"])("refuses %j as an endpoint", (endpoint) => {
    assert.throws(
      () => Attio.providerWith({ endpoints: { [endpoint]: Attio.quotas.reads } }),
      Claim.ClaimError,
      endpoint
    )
  })

  it("counts the scores of a named workspace together, and everything else by key", () => {
    const provider = Attio.providerWith({ workspace: "acme" })
    const claim = (partition: string) =>
      Claim.make({
        partition,
        needs: provider.classify(HttpClientRequest.post("/v2/objects/people/records/query"), provider.quotas)
      }).needs.map(({ key }) => key)
    const [firstReads, firstQueries] = claim("key-1")
    const [secondReads, secondQueries] = claim("key-2")
    assert.strictEqual(firstQueries, secondQueries)
    assert.notStrictEqual(firstReads, secondReads)
  })
})

describe("decode", () => {
  it("reads every field of the refusal on the page", () => {
    const { refusal } = refused()
    assert.strictEqual(refusal._tag, "AttioRateLimited")
    assert.isTrue(isRateLimited(refusal))
    assert.strictEqual(refusal.provider, "attio")
    assertSome(refusal.statusCode, 429)
    assertSome(refusal.type, "rate_limit_error")
    assertSome(refusal.code, "rate_limit_exceeded")
    assertSome(refusal.serverMessage, "Rate limit exceeded, please try again later")
    assert.deepStrictEqual(refusal.extra, {})
    assert.isTrue(refusal.isRetryable)
  })

  it("waits until the date, as the response's own clock has it", () => {
    const headers = {
      "retry-after": "Tue, 23 May 2023 14:42:01 GMT",
      date: "Tue, 23 May 2023 14:41:58 GMT"
    }
    const receivedAtMillis = Date.UTC(2031, 0, 1)
    const { refusal, signal } = refused({ headers, receivedAtMillis })
    assert.deepStrictEqual(signal.retry, { kind: "at", millis: resetsAt, toleranceMillis: 0 })
    assert.strictEqual(signal.serverDateMillis, resetsAt - 3000)
    assertSome(Option.map(refusal.retryAfter, Duration.toMillis), 3000)
    assertSome(Option.map(refusal.retryAt, DateTime.toEpochMillis), receivedAtMillis + 3000)
    assert.strictEqual(
      refusal.message,
      'Attio refused the request by its limit "reads", saying "Rate limit exceeded, please try again later"; ' +
        "it may be asked again at 2031-01-01T00:00:03.000Z."
    )
  })

  it("takes the date itself where the response has none", () => {
    const { refusal } = refused({ receivedAtMillis: resetsAt - 700 })
    assertSome(Option.map(refusal.retryAt, DateTime.toEpochMillis), resetsAt)
    assertSome(Option.map(refusal.retryAfter, Duration.toMillis), 700)
  })

  it.each([resetsAt, resetsAt + 1, Date.UTC(2031, 0, 1)])(
    "takes a date that is past at %d for none",
    (receivedAtMillis) => {
      const { refusal, signal } = refused({ receivedAtMillis })
      assertNone(refusal.retryAfter)
      assertNone(refusal.retryAt)
      assert.isUndefined(signal.retry)
    }
  )

  it.each([
    [get, "reads"],
    [{ method: "POST", path: "/v2/objects/records/search" }, "reads"],
    [{ method: "PATCH", path: "/v2/objects/people/records/1" }, "writes"],
    [queryPeople, "queries"],
    [{ method: "POST", path: "/v2/lists/sales/entries/query" }, "queries"]
  ])("takes the refusal of %j for one of its %s alone", (request, quota) => {
    const { refusal, signal } = refused({ request })
    assert.deepStrictEqual(signal.closes, [quota])
    assertSome(refusal.quota, quota)
  })

  it("keeps what the body says beyond its schema, and leaves out what has another type", () => {
    const body = JSON.stringify({ status_code: "429", code: "x", debug: { node: 7 }, limit: 100 })
    const { refusal } = refused({ body })
    assertNone(refusal.statusCode)
    assertNone(refusal.type)
    assertSome(refusal.code, "x")
    assert.deepStrictEqual(refusal.extra, { debug: { node: 7 }, limit: 100 })
    assert.strictEqual(refusal.raw, body)
  })

  it("leaves out what is nested so deep that it could not be written as JSON again", () => {
    const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`
    const { refusal } = refused({ body: `{"code":"x","shallow":${deep(20)},"deep":${deep(10_000)}}` })
    assertSome(refusal.code, "x")
    assert.deepStrictEqual(Object.keys(refusal.extra), ["shallow"])
    assert.include(JSON.stringify(refusal), '"shallow"')
  })

  it.each(["", "<html>Too many requests</html>", "[]", "null", "{"])("is still a refusal with the body %j", (body) => {
    const { refusal } = refused({ body })
    assert.strictEqual(refusal.raw, body)
    assertNone(refusal.code)
    assert.deepStrictEqual(refusal.extra, {})
  })

  it("learns nothing but the date from other answers", () => {
    const headers = { date: "Tue, 23 May 2023 14:42:01 GMT", "retry-after": "7", "x-ratelimit-remaining": "0" }
    for (const status of [200, 404, 503]) {
      const decoded = Attio.provider.decode(Wires.fixture(file, { status, headers }))
      assert.deepStrictEqual(decoded, { signal: { readings: [], serverDateMillis: resetsAt } })
    }
  })
})

describe("retrySchedule", () => {
  it.effect("waits as long as the refusal tells, and stops where repeating is of no use", () =>
    Effect.gen(function* () {
      const date = "Tue, 23 May 2023 14:41:58 GMT"
      const { refusal } = refused({ headers: { "retry-after": "Tue, 23 May 2023 14:42:01 GMT", date } })
      const step = yield* Schedule.toStep(Attio.retrySchedule)
      const [, delay] = yield* step(0, refusal)
      assert.strictEqual(Duration.toMillis(delay), 3000)
      const tooComplex = new Attio.RateLimited({ ...refusal, isRetryable: false })
      assert.isTrue(Exit.isFailure(yield* Effect.exit(step(0, tooComplex))))
      assert.isTrue(Exit.isFailure(yield* Effect.exit(step(0, new Error("other")))))
    })
  )
})
