import { assert, describe, it } from "@effect/vitest"
import { assertNone, assertSome } from "@effect/vitest/utils"
import type { Wire } from "@sluice/core/Provider"
import * as RateLimited from "@sluice/core/RateLimited"
import * as Signal from "@sluice/core/Signal"
import { DateTime, Duration, Option } from "effect"

const wire: Wire = {
  request: { method: "GET", path: "/" },
  status: 429,
  headers: { "retry-after": "30" },
  body: "slow down",
  receivedAtMillis: 1000
}

describe("refused", () => {
  it("gives the fields that every error shares, with the wait that was said", () => {
    const { common, signal } = RateLimited.refused("bakery", wire, Signal.fromHeaders(wire.headers))
    assertSome(Option.map(common.retryAfter, Duration.toMillis), 30_000)
    assertSome(Option.map(common.retryAt, DateTime.toEpochMillis), 31_000)
    assertNone(common.quota)
    assertNone(common.requestId)
    assert.deepInclude(common, { provider: "bakery", isRetryable: true, raw: "slow down" })
    assert.strictEqual(signal.retry?.millis, 30_000)
    assert.isUndefined(signal.closes)
  })

  it("closes the quota that is named, and none else", () => {
    const { common, signal } = RateLimited.refused("bakery", wire, Signal.none, {
      quota: Option.some("orders"),
      requestId: Option.some("r1"),
      isRetryable: false
    })
    assert.deepStrictEqual(signal.closes, ["orders"])
    assertSome(common.quota, "orders")
    assertSome(common.requestId, "r1")
    assert.isFalse(common.isRetryable)
    assertNone(common.retryAfter)
    assert.isUndefined(signal.retry)
  })
})
