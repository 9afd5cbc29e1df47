import { assert, describe, it } from "@effect/vitest"
import { assertNone, assertSome } from "@effect/vitest/utils"
import type { Wire } from "@sluice/core/Provider"
import { PrayerLetters } from "@sluice/providers/prayerletters"
import { HttpClientRequest } from "effect/http"
import * as Wires from "../test/support/Wires.ts"

const fixture = (name: string, more: Partial<Wire> = {}) =>
  Wires.fixture(new URL(`./fixtures/${name}`, import.meta.url), more)

const refused = (wire: Wire) => {
  const { refusal, signal } = PrayerLetters.provider.decode(wire)
  assert.isDefined(refusal)
  return { refusal, signal }
}

const drawsOf = (request: HttpClientRequest.HttpClientRequest, provider = PrayerLetters.provider) =>
  provider
    .classify(request, PrayerLetters.quotas)
    .map(({ quota, within }) => [quota.name, quota.limit, quota.assumed, within] as const)

describe("classify", () => {
  it.each([
    [
      HttpClientRequest.put("/v1/contacts"),
      [
        ["hour", 4, false, "PUT /v1/contacts"],
        ["day", 12, false, "PUT /v1/contacts"]
      ]
    ],
    [
      HttpClientRequest.post("https://www.prayerletters.com/api/v3/contacts/c-1-2"),
      [
        ["hour", 200, false, "POST /v3/contacts/:id"],
        ["day", 600, false, "POST /v3/contacts/:id"],
        ["contact-day", 50, false, "POST /v3/contacts/:id c-1-2"]
      ]
    ],
    [
      HttpClientRequest.get("http://127.0.0.1:99/prayerletters/api/v1/orders/17?x=1"),
      [
        ["hour", 50, true, "GET /v1/orders/:id"],
        ["day", 600, true, "GET /v1/orders/:id"]
      ]
    ]
  ] as const)("draws %s on its endpoint's quotas", (request, draws) => {
    assert.deepStrictEqual(drawsOf(request), draws as never)
  })

  it("takes one's own numbers by endpoint", () => {
    const provider = PrayerLetters.providerWith({ endpoints: { "GET /v1/contacts": { hour: 100 } } })
    assert.deepStrictEqual(drawsOf(HttpClientRequest.get("/v1/contacts"), provider), [
      ["hour", 100, false, "GET /v1/contacts"]
    ])
    assert.throws(
      () => PrayerLetters.providerWith({ endpoints: { contacts: { hour: 1 } } }),
      "endpoints takes names such as"
    )
    assert.throws(
      () => PrayerLetters.providerWith({ endpoints: { "GET /v1/x": { hour: 0 } } }),
      "limit takes a whole number"
    )
  })

  it("gives requests with test headers counters of their own, lowered where the endpoint has that interval and more", () => {
    const request = HttpClientRequest.put("/v1/contacts")
    assert.deepStrictEqual(
      drawsOf(PrayerLetters.forceRateLimit(request)).map(([, limit, , within]) => [limit, within]),
      [
        [4, "test:x-ratelimit=1:PUT /v1/contacts"],
        [12, "test:x-ratelimit=1:PUT /v1/contacts"]
      ]
    )
    assert.deepStrictEqual(
      drawsOf(PrayerLetters.limitTo("hour", 2)(request)).map(([, limit]) => limit),
      [2, 12]
    )
    assert.deepStrictEqual(
      drawsOf(PrayerLetters.limitTo("hour", 40)(request)).map(([, limit]) => limit),
      [4, 12]
    )
    assert.throws(
      () => PrayerLetters.limitTo("day", 0),
      "limit takes a whole number from 1 to 1000000, but was given 0"
    )
  })
})

describe("decode", () => {
  it.each(["429.http", "429.malformed.http"])("reads every field of %s", (name) => {
    const { refusal, signal } = refused(fixture(name))
    assert.strictEqual(refusal._tag, "PrayerLettersRateLimited")
    assertSome(refusal.quota, "hour")
    assertSome(refusal.status, 429)
    assertSome(refusal.error, "too_many_requests")
    assertSome(refusal.limitExceeded, "hour")
    assertSome(refusal.serverMessage, "...")
    assertSome(refusal.moreInfo, "https://www.prayerletters.com/dev/errors/429")
    assert.deepStrictEqual(refusal.limits, { hour: 50, day: 600 })
    assertNone(refusal.retryAt)
    assert.deepStrictEqual(signal, {
      readings: [
        { quota: "hour", limit: 50 },
        { quota: "day", limit: 600 }
      ],
      closes: ["hour"]
    })
  })

  it("takes the status as a text as well", () => {
    assertSome(refused(fixture("429.http", { body: `{"status":"429"}` })).refusal.status, 429)
  })

  it("tells a contact's day from the endpoint's", () => {
    const request = { method: "POST", path: "/api/v3/contacts/c-1-2" }
    const day = (limit: number) => `{"limit_exceeded":"day","limits":{"hour":200,"day":${limit}}}`
    assert.deepStrictEqual(refused(fixture("429.http", { request, body: day(50) })).signal.closes, ["contact-day"])
    assert.deepStrictEqual(refused(fixture("429.http", { request, body: day(600) })).signal.closes, ["day"])
    assert.deepStrictEqual(
      refused(fixture("429.http", { request, body: `{"limit_exceeded":"contact"}` })).signal.closes,
      ["contact-day"]
    )
  })

  it("keeps the text of a refusal that says something else", () => {
    const { refusal, signal } = refused(fixture("429.http", { body: "<html>slow down</html>" }))
    assert.strictEqual(refusal.raw, "<html>slow down</html>")
    assert.deepStrictEqual(signal, { readings: [] })
  })

  it("ends soon whatever it is given", () => {
    const startedAt = process.hrtime.bigint()
    for (const body of [
      `"error":"`.repeat(7000),
      `"error":"${"\\".repeat(65_000)}`,
      `"limits":{`.repeat(6500),
      `"message": ${" ".repeat(65_000)}`
    ]) {
      assert.isDefined(PrayerLetters.provider.decode(fixture("429.http", { body })).refusal)
    }
    assert.isBelow(Number(process.hrtime.bigint() - startedAt) / 1e9, 5)
  })

  it.prop(
    "is honest about rubbish",
    [
      Wires.rubbish({
        paths: ["/api/v1/contacts", "/api/v3/contacts/c-1", "/api/v1/orders"],
        headers: ["x-ratelimit-limit"],
        within: ["limits"],
        keys: ["status", "error", "limit_exceeded", "limits", "message", "more_info", "hour", "day"],
        body: fixture("429.malformed.http").body
      })
    ],
    ([wire]) => {
      // This provider tells no time, so that a Retry-After, which it does not document, is not read.
      const { "retry-after": _, ...headers } = wire.headers
      Wires.assertHonest({ ...wire, headers }, PrayerLetters.provider.decode({ ...wire, headers }))
    },
    { arbitrary: { runs: 5000 } }
  )
})
