import { assert, describe, it } from "@effect/vitest"
import { assertNone, assertSome } from "@effect/vitest/utils"
import type { Wire } from "@sluice/core/Provider"
import { isRateLimited } from "@sluice/core/RateLimited"
import { SuiteOp } from "@sluice/providers/suiteop"
import { DateTime, Duration, Effect, Option, Schedule } from "effect"
import { HttpClientRequest } from "effect/http"
import * as Wires from "../test/support/Wires.ts"

const file = new URL("./fixtures/429.http", import.meta.url)
const prepare = SuiteOp.provider.prepare ?? Effect.succeed

const refused = (more: Partial<Wire> = {}) => {
  const { refusal, signal } = SuiteOp.provider.decode(Wires.fixture(file, more))
  assert.isDefined(refusal)
  return { refusal, signal }
}

describe("quotas", () => {
  it("are what the page says", () => {
    const { burst, sustained } = SuiteOp.quotas
    assert.deepInclude(sustained, { kind: "rolling", limit: 1000, windowMillis: 60_000 })
    assert.deepStrictEqual(sustained.slowBelow, { remaining: 50, when: "others" })
    assert.deepInclude(burst, { kind: "rolling", limit: 50, windowMillis: 1000 })
  })

  it("belong to a region", () => {
    assert.strictEqual(SuiteOp.provider.baseUrl, "https://api-us.suiteop.com")
    assert.strictEqual(SuiteOp.providerIn("eu").baseUrl, "https://api-eu.suiteop.com")
  })
})

describe("classify", () => {
  it.each(["GET", "POST", "PATCH", "DELETE"] as const)("draws %s on both quotas", (method) => {
    const draws = SuiteOp.provider.classify(HttpClientRequest.make(method)("/api/v1/tasks"), SuiteOp.quotas)
    assert.deepStrictEqual(
      draws.map(({ cost, quota }) => [quota.name, cost]),
      [
        ["sustained", 1],
        ["burst", 1]
      ]
    )
  })
})

describe("decode", () => {
  it("reads every field of the refusal on the page", () => {
    const { refusal, signal } = refused()
    assert.strictEqual(refusal._tag, "SuiteOpRateLimited")
    assert.isTrue(isRateLimited(refusal))
    assertSome(refusal.quota, "sustained")
    assertSome(refusal.type, "rate_limit_error")
    assertSome(refusal.code, "rate_limit_exceeded")
    assertSome(refusal.serverMessage, "Rate limit exceeded. Retry after 14 seconds.")
    assertSome(refusal.requestId, "req_01j")
    assertSome(refusal.limit, 1000)
    assertSome(refusal.remaining, 0)
    assertSome(Option.map(refusal.retryAfter, Duration.toMillis), 14_000)
    assertSome(Option.map(refusal.retryAt, DateTime.toEpochMillis), Date.UTC(2024, 0, 1, 0, 0, 14))
    assert.deepStrictEqual(signal.retry, { kind: "after", millis: 14_000, toleranceMillis: 0 })
    assert.deepStrictEqual(signal.closes, ["sustained"])
    assert.strictEqual(
      refusal.message,
      'SuiteOp refused the request by its limit "sustained", saying "Rate limit exceeded. Retry after 14 seconds."; ' +
        "it may be asked again at 2024-01-01T00:00:14.000Z."
    )
  })

  it.each([
    ["1000", "sustained"],
    ["50", "burst"],
    ["5000", "sustained"],
    [undefined, "sustained"]
  ])("takes headers with a limit of %s for the quota %s", (limit, quota) => {
    const { signal } = SuiteOp.provider.decode(
      Wires.fixture(file, {
        status: 200,
        headers: { "x-ratelimit-limit": limit, "x-ratelimit-remaining": "7", "x-ratelimit-reset": "1720000000" }
      })
    )
    assert.lengthOf(signal.readings, 1)
    assert.deepInclude(signal.readings[0], { quota, remaining: 7, ...(limit && { limit: Number(limit) }) })
    assert.deepInclude(signal.readings[0]?.reset, { kind: "at", millis: 1_720_000_000_000 })
    assert.isUndefined(signal.closes)
  })

  it.each([
    [{ "x-ratelimit-limit": "50", "x-ratelimit-remaining": "0" }, "burst"],
    [{ "x-ratelimit-limit": "1000", "x-ratelimit-remaining": "12" }, undefined],
    [{}, undefined]
  ])("tells from %j which quota refused", (headers, quota) => {
    const { refusal, signal } = refused({ headers })
    assert.deepStrictEqual(refusal.quota, Option.fromUndefinedOr(quota))
    assert.deepStrictEqual(signal.closes, quota === undefined ? undefined : [quota])
  })

  it.each(["0", "-3", "soon", ""])("takes a wait of %j for none", (wait) => {
    const { refusal, signal } = refused({ headers: { "retry-after": wait } })
    assertNone(refusal.retryAfter)
    assertNone(refusal.retryAt)
    assert.isUndefined(signal.retry)
  })

  it.each(["", "<html>", "[]", '{"error":"rate_limit_error","meta":7}', '{"error":{"code":429}}'])(
    "is still a refusal with the body %j",
    (body) => {
      const { refusal } = refused({ body })
      assert.strictEqual(refusal.raw, body)
      assertNone(refusal.code)
      assertNone(refusal.requestId)
      assertSome(Option.map(refusal.retryAfter, Duration.toMillis), 14_000)
    }
  )

  it("hears nothing in a 401, which carries no headers", () => {
    const decoded = SuiteOp.provider.decode(Wires.fixture(file, { status: 401, headers: {} }))
    assert.deepStrictEqual(decoded, { signal: { readings: [] } })
  })
})

describe("prepare", () => {
  const create = HttpClientRequest.post("/api/v1/tasks").pipe(HttpClientRequest.bodyJsonUnsafe({ title: "Clean" }))

  it.effect("gives a POST a key of its own", () =>
    Effect.gen(function* () {
      const first = yield* prepare(create)
      const second = yield* prepare(create)
      assert.match(
        first.headers["idempotency-key"] ?? "",
        /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
      )
      assert.notStrictEqual(first.headers["idempotency-key"], second.headers["idempotency-key"])
      assert.strictEqual(first.body, create.body)
    })
  )

  it.effect("keeps the key that a POST has", () =>
    Effect.gen(function* () {
      const request = yield* prepare(HttpClientRequest.setHeader(create, "Idempotency-Key", "mine"))
      assert.strictEqual(request.headers["idempotency-key"], "mine")
    })
  )

  it.effect("leaves other methods as they are", () =>
    Effect.gen(function* () {
      const request = HttpClientRequest.patch("/api/v1/tasks/1")
      assert.strictEqual(yield* prepare(request), request)
    })
  )

  it.effect("makes every request one that may be repeated", () =>
    Effect.gen(function* () {
      assert.isFalse(SuiteOp.provider.repeatsRefused(create))
      assert.isTrue(SuiteOp.provider.repeatsRefused(yield* prepare(create)))
      assert.isTrue(SuiteOp.provider.repeatsRefused(HttpClientRequest.patch("/api/v1/tasks/1")))
    })
  )
})

describe("retrySchedule", () => {
  it.effect("waits exactly as long as the refusal tells", () =>
    Effect.gen(function* () {
      const step = yield* Schedule.toStep(SuiteOp.retrySchedule)
      for (let i = 0; i < 5; i++) {
        const [, delay] = yield* step(0, refused().refusal)
        assert.strictEqual(Duration.toMillis(delay), 14_000)
      }
    })
  )
})
