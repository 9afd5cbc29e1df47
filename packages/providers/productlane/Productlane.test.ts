import { assert, describe, it } from "@effect/vitest"
import { assertNone, assertSome } from "@effect/vitest/utils"
import type { Wire } from "@sluice/core/Provider"
import { isRateLimited } from "@sluice/core/RateLimited"
import { Productlane } from "@sluice/providers/productlane"
import { DateTime, Duration, Effect, Option, Schedule } from "effect"
import { HttpClientRequest } from "effect/http"
import * as Wires from "../test/support/Wires.ts"

const file = new URL("./fixtures/429.http", import.meta.url)
const post = { method: "POST", path: "/api/v2/threads" }

const refused = (more: Partial<Wire> = {}) => {
  const { refusal, signal } = Productlane.provider.decode(Wires.fixture(file, { request: post, ...more }))
  assert.isDefined(refusal)
  return { refusal, signal }
}

describe("quotas", () => {
  it("are what the page says", () => {
    const { reads, readsBurst, writes, writesBurst } = Productlane.quotas
    const minute = { kind: "fixed", windowMillis: 60_000, phase: "reset" } as const
    for (const { slowBelow } of [reads, writes]) assert.deepStrictEqual(slowBelow, { remaining: 5, when: "others" })
    assert.deepInclude(reads, { ...minute, limit: 1000 })
    assert.deepInclude(writes, { ...minute, limit: 60 })
    assert.deepInclude(readsBurst, { kind: "rolling", limit: 333, windowMillis: 10_000 })
    assert.deepInclude(writesBurst, { kind: "rolling", limit: 20, windowMillis: 10_000 })
  })

  it("have the larger burst when the page is taken literally", () => {
    const { quotas } = Productlane.providerWith("literal")
    assert.deepInclude(quotas.readsBurst, { limit: 2000, windowMillis: 10_000 })
    assert.deepInclude(quotas.writesBurst, { limit: 120, windowMillis: 10_000 })
    assert.deepEqual(quotas.reads, Productlane.quotas.reads)
  })
})

describe("classify", () => {
  it.each([
    ["GET", ["reads", "readsBurst"]],
    ["POST", ["writes", "writesBurst"]],
    ["PATCH", ["writes", "writesBurst"]],
    ["PUT", ["writes", "writesBurst"]],
    ["DELETE", ["writes", "writesBurst"]]
  ] as const)("draws %s on %j", (method, names) => {
    const draws = Productlane.provider.classify(HttpClientRequest.make(method)("/threads"), Productlane.quotas)
    assert.deepStrictEqual(
      draws.map(({ quota }) => quota.name),
      [...names]
    )
  })
})

describe("decode", () => {
  it("reads every field of the refusal on the page", () => {
    const { refusal, signal } = refused()
    assert.strictEqual(refusal._tag, "ProductlaneRateLimited")
    assert.isTrue(isRateLimited(refusal))
    assertSome(refusal.quota, "writes")
    assertSome(refusal.code, "rate_limited")
    assertSome(refusal.serverMessage, "Rate limit exceeded.")
    assertSome(refusal.requestId, "req_01")
    assert.deepStrictEqual(refusal.details, Option.some({ limit: Option.some(60), window: Option.some("1m") }))
    assertSome(Option.map(refusal.retryAfter, Duration.toMillis), 18_000)
    assertSome(Option.map(refusal.retryAt, DateTime.toEpochMillis), Date.UTC(2024, 0, 1, 0, 0, 18))
    assert.deepStrictEqual(signal.retry, { kind: "after", millis: 18_000, toleranceMillis: 0 })
    assert.deepStrictEqual(signal.closes, ["writes"])
    assert.deepInclude(signal.readings[0], { quota: "writes", limit: 60, remaining: 0 })
    assert.strictEqual(
      refusal.message,
      'Productlane refused the request by its limit "writes", saying "Rate limit exceeded."; ' +
        "it may be asked again at 2024-01-01T00:00:18.000Z."
    )
  })

  it.each([
    ["GET", "reads"],
    ["POST", "writes"],
    ["DELETE", "writes"]
  ])("takes the headers of %s for the state of %s", (method, quota) => {
    const { signal } = Productlane.provider.decode(
      Wires.fixture(file, {
        request: { method, path: "/api/v2/threads" },
        status: 200,
        headers: { "x-ratelimit-limit": "60", "x-ratelimit-remaining": "47", "x-ratelimit-reset": "1746489660" }
      })
    )
    assert.lengthOf(signal.readings, 1)
    assert.deepInclude(signal.readings[0], { quota, limit: 60, remaining: 47 })
    assert.deepInclude(signal.readings[0]?.reset, { kind: "at", millis: 1_746_489_660_000 })
  })

  it.each([
    ["GET", { limit: 1000, window: "1m" }, "reads"],
    ["GET", { limit: 333, window: "10s" }, "readsBurst"],
    ["POST", { limit: 20, window: "10s" }, "writesBurst"],
    ["POST", { limit: 20, window: "1h" }, undefined],
    ["POST", { window: 10 }, undefined],
    ["POST", [{ path: "text", message: "required" }], undefined],
    ["POST", undefined, undefined]
  ])("tells of a %s with details %j which quota refused", (method, details, quota) => {
    const body = JSON.stringify({ error: { code: "rate_limited", details } })
    const { refusal, signal } = refused({ request: { method, path: "/api/v2/threads" }, body })
    assert.deepStrictEqual(refusal.quota, Option.fromUndefinedOr(quota))
    assert.deepStrictEqual(signal.closes, quota === undefined ? undefined : [quota])
  })

  it("keeps details that are a list", () => {
    const { refusal } = refused({ body: '{"error":{"details":[{"path":"text","message":"required"},{"path":7}]}}' })
    assert.deepStrictEqual(
      refusal.details,
      Option.some([
        { path: Option.some("text"), message: Option.some("required") },
        { path: Option.none(), message: Option.none() }
      ])
    )
  })

  it("finds the request's id in the headers where the body has none", () => {
    const { refusal } = refused({ body: "", headers: { "x-request-id": "req_02" } })
    assertSome(refusal.requestId, "req_02")
  })

  it.each(["0", "-3", "soon", ""])("takes a wait of %j for none", (wait) => {
    const { refusal, signal } = refused({ headers: { "retry-after": wait } })
    assertNone(refusal.retryAfter)
    assertNone(refusal.retryAt)
    assert.isUndefined(signal.retry)
  })

  it.each(["", "<html>", "[]", '{"error":"rate_limited"}', '{"error":{"code":429,"details":"1m"}}'])(
    "is still a refusal with the body %j",
    (body) => {
      const { refusal } = refused({ body })
      assert.strictEqual(refusal.raw, body)
      assertNone(refusal.code)
      assertNone(refusal.details)
      assertSome(Option.map(refusal.retryAfter, Duration.toMillis), 18_000)
    }
  )
})

describe("retrySchedule", () => {
  it.effect("adds up to half a second to what the refusal tells", () =>
    Effect.gen(function* () {
      const delays = new Set<number>()
      for (let run = 0; run < 200; run++) {
        const step = yield* Schedule.toStep(Productlane.retrySchedule)
        const [, delay] = yield* step(0, refused().refusal)
        assert.isAtLeast(Duration.toMillis(delay), 18_000)
        assert.isAtMost(Duration.toMillis(delay), 18_500)
        delays.add(Duration.toMillis(delay))
      }
      assert.isAbove(delays.size, 50)
    })
  )
})
