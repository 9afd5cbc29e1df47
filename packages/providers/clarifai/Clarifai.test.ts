import { assert, describe, it } from "@effect/vitest"
import { assertNone, assertSome } from "@effect/vitest/utils"
import type { Wire } from "@sluice/core/Provider"
import * as Quota from "@sluice/core/Quota"
import { isRateLimited } from "@sluice/core/RateLimited"
import { Clarifai } from "@sluice/providers/clarifai"
import { DateTime, Duration, Effect, Exit, Option, Schedule } from "effect"
import { HttpClientRequest } from "effect/http"
import * as Wires from "../test/support/Wires.ts"

const file = new URL("./fixtures/429.string.http", import.meta.url)
const numeric = new URL("./fixtures/429.numeric.http", import.meta.url)
const withStatus200 = new URL("./fixtures/200.throttled.http", import.meta.url)

const refused = (more: Partial<Wire> = {}, from = file) => {
  const { refusal, signal } = Clarifai.provider.decode(Wires.fixture(from, more))
  assert.isDefined(refusal)
  return { refusal, signal }
}
const bodyOf = (status: object) => JSON.stringify({ status })
const answered = (body: string, status = 200) => Clarifai.provider.decode(Wires.fixture(file, { status, body }))

describe("quotas", () => {
  it("are what the page says, in both readings", () => {
    const { requests } = Clarifai.quotas
    assert.deepInclude(requests, { kind: "rolling", limit: 15, windowMillis: 1000, penaltyMillis: 0 })
    assert.deepInclude(Clarifai.quotasWith("penalty").requests, {
      limit: 15,
      windowMillis: 1000,
      penaltyMillis: 15_000
    })
    assert.strictEqual(Clarifai.providerWith("penalty").quotas.requests.penaltyMillis, 15_000)
  })
})

describe("classify", () => {
  it.each([
    ["GET", "/v2/models/types"],
    ["POST", "/v2/models/general-image-recognition/outputs"],
    ["DELETE", "/v2/inputs"]
  ] as const)("draws %s %s on the one quota", (method, path) => {
    const draws = Clarifai.provider.classify(HttpClientRequest.make(method)(path), Clarifai.quotas)
    assert.deepStrictEqual(
      draws.map(({ cost, quota }) => [quota.name, cost]),
      [["requests", 1]]
    )
  })

  it("lets every refused request be repeated", () => {
    assert.isTrue(Clarifai.provider.repeatsRefused(HttpClientRequest.post("/v2/inputs")))
  })
})

describe("claim", () => {
  it("is of the quota that is read, replaced, or published", () => {
    const [published] = Clarifai.claim("").needs
    assert.deepInclude(published, { cost: 1, key: "clarifai||requests|" })
    assert.strictEqual(published?.quota.limit, 15)
    const [penalty] = Clarifai.claim("", { reading: "penalty" }).needs
    assert.strictEqual(penalty?.quota.penaltyMillis, 15_000)
    const [own] = Clarifai.claim("acme", { quotas: { requests: Quota.rolling(50, "1 second") } }).needs
    assert.deepInclude(own, { key: "clarifai|acme|requests|" })
    assert.deepInclude(own?.quota, { name: "requests", limit: 50 })
  })
})

describe("decode", () => {
  it("reads every field of the refusal on the page", () => {
    const { refusal, signal } = refused()
    assert.strictEqual(refusal._tag, "ClarifaiRateLimited")
    assert.isTrue(isRateLimited(refusal))
    assert.isTrue(refusal.isRetryable)
    assertSome(refusal.quota, "requests")
    assertSome(refusal.code, "CONN_THROTTLED")
    assertSome(refusal.description, "Making too many requests")
    assertSome(refusal.details, "exceeded limit of 15 requests per second")
    assertSome(refusal.limit, 15)
    assertSome(refusal.requestId, "r1")
    assertSome(Option.map(refusal.retryAfter, Duration.toMillis), 15_000)
    assertSome(Option.map(refusal.retryAt, DateTime.toEpochMillis), Date.UTC(2024, 0, 1, 0, 0, 15))
    assert.deepStrictEqual(signal, {
      readings: [{ quota: "requests", limit: 15 }],
      closes: ["requests"],
      retry: { kind: "after", millis: 15_000, toleranceMillis: 0 }
    })
    assert.strictEqual(
      refusal.message,
      'Clarifai refused the request by its limit "requests", saying "exceeded limit of 15 requests per second"; ' +
        "it may be asked again at 2024-01-01T00:00:15.000Z."
    )
  })

  it("reads the form with a number", () => {
    const { refusal, signal } = refused({}, numeric)
    assertSome(refusal.code, 11005)
    assertSome(refusal.quota, "requests")
    assertSome(refusal.limit, 10)
    assertNone(refusal.requestId)
    assertSome(Option.map(refusal.retryAfter, Duration.toMillis), 15_000)
    assert.deepStrictEqual(signal.readings, [{ quota: "requests", limit: 10 }])
  })

  it("knows a refusal under any HTTP status", () => {
    const { refusal } = refused({}, withStatus200)
    assertSome(refusal.code, 11005)
    assertSome(refusal.requestId, "r2")
    for (const status of [400, 401, 403, 500, 503]) {
      assertSome(refused({ status }).refusal.quota, "requests")
    }
  })

  it.each([
    [11003, "hourly", true, undefined],
    ["CONN_EXCEED_HOURLY_LIMIT", "hourly", true, undefined],
    [11004, "monthly", false, undefined],
    ["CONN_EXCEED_MONTHLY_LIMIT", "monthly", false, undefined],
    [11005, "requests", true, 15_000],
    ["11005", "requests", true, 15_000],
    ["CONN_THROTTLED", "requests", true, 15_000],
    [11006, "requests", true, 15_000]
  ])("takes the code %j in a 429 for the limit %s", (code, quota, isRetryable, millis) => {
    const body = bodyOf({ code, details: "exceeded limit of 1000 requests per hour" })
    const { refusal, signal } = refused({ body })
    assertSome(refusal.quota, quota)
    assert.strictEqual(refusal.isRetryable, isRetryable)
    assert.deepStrictEqual(Option.map(refusal.retryAfter, Duration.toMillis), Option.fromUndefinedOr(millis))
    assert.strictEqual(signal.retry?.millis, millis)
    assert.deepStrictEqual(signal.readings, [])
    assert.deepStrictEqual(signal.closes, ["requests"])
  })

  it("reads no limit of a second where the hour or the month is spent", () => {
    for (const code of [11003, 11004]) {
      const { refusal, signal } = refused({ body: bodyOf({ code, details: "limit of 15 requests per second" }) })
      assertNone(refusal.limit)
      assert.deepStrictEqual(signal.readings, [])
    }
  })

  it("says after a spent month that repeating is of no use", () => {
    assert.strictEqual(
      refused({ body: bodyOf({ code: 11004, description: "Monthly limit exceeded" }) }).refusal.message,
      'Clarifai refused the request by its limit "monthly", saying "Monthly limit exceeded"; repeating the request cannot succeed.'
    )
  })

  it.each([
    [undefined, 15_000],
    ["", 15_000],
    ["0", 15_000],
    ["7", 15_000],
    ["60", 60_000],
    ["soon", 15_000],
    ["Mon, 01 Jan 2024 00:01:00 GMT", 60_000],
    ["Mon, 01 Jan 2024 00:00:02 GMT", 15_000]
  ])("waits 15 s, or longer where a Retry-After of %j says so", (header, millis) => {
    const { refusal, signal } = refused({ headers: { "retry-after": header } })
    assertSome(Option.map(refusal.retryAfter, Duration.toMillis), millis)
    assert.isDefined(signal.retry)
  })

  it.each([
    "exceeded limit of 0 requests per second",
    "exceeded limit of many",
    "",
    "9".repeat(40) + " requests per second",
    "exceeded limit of 1000001 requests per second",
    "exceeded limit of 1.5 requests per second",
    "exceeded limit of 1,500 requests per second"
  ])("reads no limit in %j", (details) => {
    const { refusal, signal } = refused({ body: bodyOf({ code: 11005, details }) })
    assertNone(refusal.limit)
    assert.deepStrictEqual(signal.readings, [])
  })

  it.each(["1".repeat(65_000), "1 requests per ".repeat(4300)])("ends at once with long details (%#)", (details) => {
    const startedAt = performance.now()
    assertNone(refused({ body: bodyOf({ code: 11005, details }) }).refusal.limit)
    assert.isBelow(performance.now() - startedAt, 1000)
  })

  it.each(["", "<html>", "[]", '{"status":"CONN_THROTTLED"}', '{"status":{"code":null,"details":7}}', "null"])(
    "takes a 429 with the body %j for a refusal",
    (body) => {
      const { refusal } = refused({ body })
      assert.strictEqual(refusal.raw, body)
      assertSome(refusal.quota, "requests")
      assertNone(refusal.code)
      assertSome(Option.map(refusal.retryAfter, Duration.toMillis), 15_000)
    }
  )

  it.each([
    [200, { code: 10000, description: "Ok" }],
    [200, { code: 10000, description: "CONN_THROTTLED is 11005" }],
    [200, { code: 10010, description: "Mixed Success" }],
    [200, { code: "constructor" }],
    [400, { code: 11006, description: "Exceeds limits" }],
    [401, { code: 11009, description: "API key not found" }],
    [404, { code: 21200, description: "Model does not exist" }]
  ])("hears no refusal in a %i with %j", (status, of) => {
    assert.deepStrictEqual(answered(bodyOf(of), status), { signal: { readings: [] } })
  })

  it("looks at the status of the answer and not at those of its outputs", () => {
    const body = JSON.stringify({ status: { code: 10010 }, outputs: [{ status: { code: 11005 } }] })
    assert.isUndefined(answered(body).refusal)
  })
})

describe("decodeStatus", () => {
  it.each([
    ["as in the API", { code: 11005, details: "exceeded limit of 15 requests per second", req_id: "r3" }],
    ["in camel case", { code: 11005, details: "exceeded limit of 15 requests per second", reqId: "r3" }],
    ["with names", { code: "CONN_THROTTLED", details: "exceeded limit of 15 requests per second", req_id: "r3", n: 0n }]
  ])("reads the status of a gRPC response written %s", (_form, status) => {
    const { refusal, signal } = Clarifai.decodeStatus(status, Date.UTC(2024, 0, 1))
    assert.isDefined(refusal)
    assertSome(refusal.code, status.code)
    assertSome(refusal.requestId, "r3")
    assertSome(refusal.limit, 15)
    assertSome(Option.map(refusal.retryAt, DateTime.toEpochMillis), Date.UTC(2024, 0, 1, 0, 0, 15))
    assert.include(refusal.raw, "exceeded limit of 15 requests per second")
    assert.deepStrictEqual(signal, {
      readings: [{ quota: "requests", limit: 15 }],
      closes: ["requests"],
      isRefusal: true,
      retry: { kind: "after", millis: 15_000, toleranceMillis: 0 }
    })
  })

  it("tells how long to wait, and until when only if it knows when the response came", () => {
    const { refusal } = Clarifai.decodeStatus({ code: 11005 })
    assert.isDefined(refusal)
    assertNone(refusal.retryAt)
    assertSome(Option.map(refusal.retryAfter, Duration.toMillis), 15_000)
    assert.strictEqual(
      refusal.message,
      'Clarifai refused the request by its limit "requests", saying "11005"; it may be asked again after 15s.'
    )
  })

  it("tells the hour and the month from the second", () => {
    assertSome(Clarifai.decodeStatus({ code: 11003 }).refusal?.quota ?? Option.none(), "hourly")
    const month = Clarifai.decodeStatus({ code: 11004 })
    assert.isFalse(month.refusal?.isRetryable)
    assert.isTrue(month.signal.isRefusal)
    assert.isUndefined(month.signal.retry)
  })

  const circle: { self?: unknown; code: number } = { code: 11005 }
  circle.self = circle
  const hostile = {
    get code(): number {
      throw new Error("no")
    }
  }
  it.each([
    ["a success", { code: 10000 }],
    ["an empty object", {}],
    ["null", null],
    ["undefined", undefined],
    ["a number", 11005],
    ["a text", "11005"],
    ["a list", [11005]],
    ["a function", () => 11005],
    ["an object within itself", circle],
    ["an object that throws", hostile]
  ])("hears no refusal in %s", (_what, status) => {
    assert.deepStrictEqual(Clarifai.decodeStatus(status), { signal: { readings: [] } })
  })
})

describe("retrySchedule", () => {
  const delays = (refusal: unknown) =>
    Effect.gen(function* () {
      const step = yield* Schedule.toStep(Clarifai.retrySchedule)
      const waited: Array<number> = []
      for (let i = 0; i < 20; i++) {
        const exit = yield* Effect.exit(step(0, refusal))
        if (Exit.isFailure(exit)) break
        waited.push(Duration.toMillis(exit.value[1]))
      }
      return waited
    })

  it.effect("waits 15 s, eight times at most", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        yield* delays(refused().refusal),
        Array.from({ length: 8 }, () => 15_000)
      )
    })
  )

  it.effect("backs off where the hour is spent, and stops where the month is", () =>
    Effect.gen(function* () {
      const [first, second] = yield* delays(refused({ body: bodyOf({ code: 11003 }) }).refusal)
      assert.deepStrictEqual([first, second], [1000, 2000])
      assert.deepStrictEqual(yield* delays(refused({ body: bodyOf({ code: 11004 }) }).refusal), [])
    })
  )
})
