import { assert, describe, it } from "@effect/vitest"
import { assertNone, assertSome } from "@effect/vitest/utils"
import type { Wire } from "@sluice/core/Provider"
import { PrayerLetters } from "@sluice/providers/prayerletters"
import { Duration, Option } from "effect"
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
    .classify(request, provider.quotas)
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

  it.each([
    ["GET", "/v1/contacts/", "GET /v1/contacts"],
    ["DELETE", "/v1/contacts/opaque", "DELETE /v1/contacts/:id"],
    ["POST", "/v1/lists/abc/contacts?x=1", "POST /v1/lists/:id/contacts"],
    ["POST", "https://www.prayerletters.com/api/v2/contacts", "POST /v2/contacts"],
    ["POST", "/v2/contacts/c-0x7-pzm5", "POST /v3/contacts/:id"],
    ["POST", "/v3/contacts/c-0x7%2Dpzm5", "POST /v3/contacts/:id"]
  ] as const)("counts %s %s as %j", (method, url, endpoint) => {
    const [hour, day, contactDay] = drawsOf(HttpClientRequest.make(method)(url)).map(([, , , within]) => within)
    assert.deepStrictEqual([hour, day], [endpoint, endpoint])
    assert.strictEqual(contactDay, endpoint === "POST /v3/contacts/:id" ? `${endpoint} c-0x7-pzm5` : undefined)
  })

  it("takes one's own numbers by endpoint, and leaves what they do not name as it is", () => {
    const provider = PrayerLetters.providerWith({
      endpoints: {
        "GET /v1/contacts": { hour: 100 },
        "PUT /v1/contacts": { hour: 8 },
        "POST /v3/contacts/:id": { contactDay: 80 }
      }
    })
    const limits = (request: HttpClientRequest.HttpClientRequest) =>
      drawsOf(request, provider).map(([name, limit, isAssumed]) => [name, limit, isAssumed])
    assert.deepStrictEqual(limits(HttpClientRequest.get("/v1/contacts")), [
      ["hour", 100, false],
      ["day", 600, true]
    ])
    assert.deepStrictEqual(limits(HttpClientRequest.put("/v1/contacts")), [
      ["hour", 8, false],
      ["day", 12, false]
    ])
    assert.deepStrictEqual(limits(HttpClientRequest.post("/v3/contacts/c-1-2")), [
      ["hour", 200, false],
      ["day", 600, false],
      ["contact-day", 80, false]
    ])
    assert.deepStrictEqual(limits(HttpClientRequest.get("/v1/orders")), [
      ["hour", 50, true],
      ["day", 600, true]
    ])
    for (const endpoint of ["contacts", "get /v1/contacts", "GET /contacts", "POST /v2/contacts/:id", "GET /v1/a/b"]) {
      assert.throws(
        () => PrayerLetters.providerWith({ endpoints: { [endpoint]: { hour: 1 } } }),
        "endpoints takes names such as"
      )
    }
    assert.throws(
      () => PrayerLetters.providerWith({ endpoints: { "GET /v1/x": { hour: 0 } } }),
      "limit takes a whole number"
    )
  })

  it("draws requests that are to be refused on nothing", () => {
    assert.deepStrictEqual(drawsOf(PrayerLetters.forceRateLimit(HttpClientRequest.put("/v1/contacts"))), [])
    const own = (value: string) =>
      HttpClientRequest.get("/v1/contacts").pipe(HttpClientRequest.setHeader("X-RateLimit", value))
    for (const value of ["true", "2", "-1"]) assert.strictEqual(drawsOf(own(value)).length, 0, value)
    for (const value of ["", " ", "0", "00"]) assert.strictEqual(drawsOf(own(value)).length, 2, value)
  })

  it("draws requests with lower limits on counters of their own as well, where they are lower", () => {
    const request = HttpClientRequest.put("/v1/contacts")
    const live: ReturnType<typeof drawsOf> = [
      ["hour", 4, false, "PUT /v1/contacts"],
      ["day", 12, false, "PUT /v1/contacts"]
    ]
    const drawn = (interval: "hour" | "day", limit: number) => drawsOf(PrayerLetters.limitTo(interval, limit)(request))
    assert.deepStrictEqual(drawn("hour", 2), [...live, ["test-hour", 2, false, "test:2 PUT /v1/contacts"]])
    assert.deepStrictEqual(drawn("day", 11), [...live, ["test-day", 11, false, "test:11 PUT /v1/contacts"]])
    assert.deepStrictEqual(drawn("hour", 4), live)
    assert.deepStrictEqual(drawn("hour", 40), live)
    for (const [name, value] of [
      ["X-RateLimit-Hour", "2.5"],
      ["X-RateLimit-Hour", "-1"],
      ["X-RateLimit-Minute", "1"]
    ] as const) {
      assert.deepStrictEqual(drawsOf(HttpClientRequest.setHeader(request, name, value)), live)
    }
    for (const limit of [0, -1, 1.5, NaN]) {
      assert.throws(
        () => PrayerLetters.limitTo("day", limit),
        "limitTo day takes a whole number of requests, 1 or more"
      )
    }
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

  it("takes no part of a number for a limit", () => {
    const body = `{"limits":{"hour":5e3,"day":50.7,"month":7,}}`
    assert.deepStrictEqual(refused(fixture("429.http", { body })).refusal.limits, { month: 7 })
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

  it("reads the number of a contact's day for contacts alone", () => {
    const request = { method: "POST", path: "/api/v3/contacts/c-1-2" }
    const readings = (body: string) => refused(fixture("429.http", { request, body })).signal.readings
    assert.deepStrictEqual(readings(`{"limit_exceeded":"day","limits":{"hour":200,"day":50}}`), [
      { quota: "hour", limit: 200 },
      { quota: "contact-day", limit: 50 }
    ])
    assert.deepStrictEqual(readings(`{"limit_exceeded":"id","limits":{"day":600,"id":40,"x":1}}`), [
      { quota: "day", limit: 600 },
      { quota: "contact-day", limit: 40 }
    ])
  })

  it("closes what is named, and everything where it is an interval that nobody knows", () => {
    const { refusal, signal } = refused(
      fixture("429.http", { body: `{"limit_exceeded":"minute","limits":{"minute":5}}` })
    )
    assert.deepStrictEqual(signal, { readings: [], closes: ["minute"] })
    assertSome(refusal.quota, "minute")
  })

  it("learns nothing from a refusal that a test header provokes", () => {
    const told = (limit_exceeded: string | undefined, headers: Readonly<Record<string, string>>) => {
      const body = JSON.stringify({ limit_exceeded, limits: { hour: 2, day: 12 } })
      const request = { method: "PUT", path: "/api/v1/contacts", headers }
      const { refusal, signal } = refused(fixture("429.http", { request, body }))
      assert.deepStrictEqual(signal.readings, [])
      return [signal.closes, refusal.isRetryable]
    }
    assert.deepStrictEqual(told("hour", { "x-ratelimit": "1" }), [[], false])
    assert.deepStrictEqual(told("hour", { "x-ratelimit-hour": "2" }), [["test-hour"], true])
    assert.deepStrictEqual(told(undefined, { "x-ratelimit-hour": "2", "x-ratelimit-day": "3" }), [
      ["test-hour", "test-day"],
      true
    ])
    // The header has nothing to do with the day.
    assert.deepStrictEqual(told("day", { "x-ratelimit-hour": "2" }), [["day"], true])
  })

  it("learns from a refusal with a test header that was ignored", () => {
    const request = {
      method: "PUT",
      path: "/api/v1/contacts",
      headers: { "x-ratelimit-hour": "50", "x-ratelimit": "0" }
    }
    const { refusal, signal } = refused(
      fixture("429.http", { request, body: `{"limit_exceeded":"hour","limits":{"hour":3}}` })
    )
    assert.deepStrictEqual(signal, { readings: [{ quota: "hour", limit: 3 }], closes: ["hour"] })
    assert.isTrue(refusal.isRetryable)
  })

  it("comes back no earlier than somebody on the way says", () => {
    const { refusal, signal } = refused(fixture("429.http", { headers: { "retry-after": "18" } }))
    assert.strictEqual(signal.retry?.millis, 18_000)
    assertSome(Option.map(refusal.retryAfter, Duration.toMillis), 18_000)
  })

  it("learns nothing but the date from other answers", () => {
    for (const status of [200, 204, 404, 503]) {
      const wire = fixture("429.http", { status, headers: { date: "Tue, 23 May 2023 14:42:01 GMT" } })
      assert.deepStrictEqual(PrayerLetters.provider.decode(wire), {
        signal: { readings: [], serverDateMillis: Date.UTC(2023, 4, 23, 14, 42, 1) }
      })
    }
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
})
