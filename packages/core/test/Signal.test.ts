import { assert, describe, it } from "@effect/vitest"
import * as Signal from "@sluice/core/Signal"
import { generator, mutatedHeaders } from "./support/MutatedHeaders.ts"

const after = (millis: number, toleranceMillis: number): Signal.Instant => ({ kind: "after", millis, toleranceMillis })
const at = (iso: string, toleranceMillis: number): Signal.Instant => ({
  kind: "at",
  millis: Date.parse(iso),
  toleranceMillis
})
const year = 366 * 86_400_000

describe("Signal.retryAfter", () => {
  it.each<[string | number | undefined, Signal.Instant | undefined]>([
    ["120", after(120_000, 1000)],
    ["0", after(0, 1000)],
    [" 7 ", after(7000, 1000)],
    [30, after(30_000, 1000)],
    // Shopify writes whole seconds as floats.
    ["2.0", after(2000, 1000)],
    ["64.57", after(64_570, 10)],
    [64.57, after(64_570, 10)],
    ["0.0001", after(1, 1)],
    // Attio: RFC 9110's preferred date, then the two obsolete ones.
    ["Sun, 22 Nov 2026 10:00:05 GMT", at("2026-11-22T10:00:05Z", 1000)],
    ["Sunday, 22-Nov-26 10:00:05 GMT", at("2026-11-22T10:00:05Z", 1000)],
    ["Sun Nov 22 10:00:05 2026", at("2026-11-22T10:00:05Z", 1000)],
    ["2026-11-22T10:00:05Z", at("2026-11-22T10:00:05Z", 1000)],
    ["1m30s", after(90_000, 1000)],
    // Two proxies, two opinions, one line.
    ["120, 60", after(120_000, 1000)],
    ["60,120", after(120_000, 1000)],
    [String(366 * 86_400), after(year, 1000)],
    [String(366 * 86_400 + 1), after(year, 1000)],
    ["9".repeat(100_000), after(year, 1000)],
    ["-1", undefined],
    ["-0.5", undefined],
    ["", undefined],
    ["   ", undefined],
    [undefined, undefined],
    ["NaN", undefined],
    [NaN, undefined],
    [Infinity, undefined],
    ["Infinity", undefined],
    ["1e9", undefined],
    ["0x10", undefined],
    ["soon", undefined],
    ["120 seconds please", undefined],
    ["120, soon", undefined],
    ["Sun, 31 Feb 2026 10:00:05 GMT", undefined],
    ["Thu, 01 Jan 1931 00:00:00 GMT", undefined]
  ])("reads %j", (value, expected) => {
    assert.deepStrictEqual(Signal.retryAfter(value), expected)
  })

  it("has no tolerance where the provider is exact", () => {
    assert.deepStrictEqual(Signal.retryAfter("14", { rounding: "exact" }), after(14_000, 0))
    assert.deepStrictEqual(Signal.retryAfter("64.57", { rounding: "exact" }), after(64_570, 0))
  })
})

describe("Signal.retryAfterMillis", () => {
  it.each<[string | undefined, Signal.Instant | undefined]>([
    ["1234", after(1234, 1)],
    ["1234.5", after(1235, 1)],
    ["99999999999999", after(year, 1)],
    ["-5", undefined],
    ["", undefined],
    [undefined, undefined]
  ])("reads %j", (value, expected) => {
    assert.deepStrictEqual(Signal.retryAfterMillis(value), expected)
  })
})

describe("Signal.reset", () => {
  it.each<[string, Signal.Instant | undefined]>([
    ["41", after(41_000, 1000)],
    ["0.5", after(500, 100)],
    ["31622400", after(year, 1000)],
    // Neither a delay nor an epoch can be meant.
    ["31622401", undefined],
    ["999999999", undefined],
    ["1000000000", at("2001-09-09T01:46:40Z", 1000)],
    ["1795341605", at("2026-11-22T10:00:05Z", 1000)],
    ["1795341605.123", at("2026-11-22T10:00:05.123Z", 1)],
    ["1795341605.5", at("2026-11-22T10:00:05.500Z", 100)],
    ["99999999999", { kind: "at", millis: 99_999_999_999_000, toleranceMillis: 1000 }],
    ["100000000000", undefined],
    ["1000000000000", at("2001-09-09T01:46:40Z", 1000)],
    ["1795341605123", at("2026-11-22T10:00:05.123Z", 1)],
    ["1795341605000", at("2026-11-22T10:00:05Z", 1000)],
    ["99999999999999", { kind: "at", millis: 99_999_999_999_999, toleranceMillis: 1 }],
    ["100000000000000", undefined],
    ["2026-11-22T10:00Z", at("2026-11-22T10:00:00Z", 60_000)],
    ["2026-11-22T10:00:05+02:00", at("2026-11-22T08:00:05Z", 1000)],
    ["2026-11-22T10:00:05.5-0130", at("2026-11-22T11:30:05.500Z", 100)],
    ["2026-11-22 10:00:05 UTC", at("2026-11-22T10:00:05Z", 1000)],
    ["2026-11-22T10:00:05.123456789Z", at("2026-11-22T10:00:05.124Z", 1)],
    ["2026-02-29T10:00:05Z", undefined],
    ["2026-13-01T10:00:05Z", undefined],
    ["2026-00-01T10:00:05Z", undefined],
    ["2026-11-22T24:00:00Z", undefined],
    ["0099-01-01T00:00:00Z", undefined],
    ["1970-01-01T00:00:00+14:00", { kind: "at", millis: 0, toleranceMillis: 1000 }],
    ["Sun, 22 Nov 2026 10:00:05 GMT", at("2026-11-22T10:00:05Z", 1000)],
    ["1s", after(1000, 1000)],
    ["6m0s", after(360_000, 1000)],
    ["17ms", after(17, 1)],
    ["8.64s", after(8640, 10)],
    ["1h2m3.5s", after(3_723_500, 100)],
    ["250µs", after(1, 1)],
    ["1d", after(86_400_000, 1000)],
    ["9999d", after(year, 1000)],
    ["6m0", undefined],
    ["5 parsecs", undefined],
    ["-3", undefined],
    ["", undefined]
  ])("reads %j", (value, expected) => {
    assert.deepStrictEqual(Signal.reset(value), expected)
  })
})

describe("Signal.date", () => {
  const imfDate = "Sun, 22 Nov 2026 10:00:05 GMT"
  it.each<[Record<string, string>, number | undefined]>([
    [{ date: imfDate }, 1_795_341_605_000],
    [{ date: imfDate, age: "0" }, 1_795_341_605_000],
    [{ date: imfDate, age: "" }, 1_795_341_605_000],
    [{ date: imfDate, age: "1" }, undefined],
    [{ date: imfDate, age: "unreadable" }, undefined],
    [{ date: "2026-11-22T10:00:05Z" }, undefined],
    [{ date: "yesterday" }, undefined],
    [{}, undefined]
  ])("reads %j", (headers, expected) => {
    assert.strictEqual(Signal.date(headers), expected)
  })
})

const retry = (millis: string, seconds: string) =>
  Signal.fromHeaders({ "retry-after-ms": millis, "retry-after": seconds }).retry

const reset = at("2026-11-22T10:00:05Z", 1000)

describe("Signal.fromHeaders", () => {
  it.each<[string, Record<string, string>, Signal.Signal]>([
    [
      "GitHub",
      {
        "x-ratelimit-limit": "5000",
        "x-ratelimit-remaining": "4999",
        "x-ratelimit-used": "1",
        "x-ratelimit-reset": "1795341605",
        "x-ratelimit-resource": "core"
      },
      { readings: [{ quota: "core", limit: 5000, remaining: 4999, reset }] }
    ],
    [
      "OpenAI",
      {
        "retry-after": "2",
        "retry-after-ms": "1234",
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "59",
        "x-ratelimit-reset-requests": "1s",
        "x-ratelimit-limit-tokens": "150000",
        "x-ratelimit-remaining-tokens": "149984",
        "x-ratelimit-reset-tokens": "6m0s"
      },
      {
        retry: after(1234, 1),
        readings: [
          { quota: "requests", limit: 60, remaining: 59, reset: after(1000, 1000) },
          { quota: "tokens", limit: 150_000, remaining: 149_984, reset: after(360_000, 1000) }
        ]
      }
    ],
    [
      "Anthropic",
      {
        "retry-after": "17",
        "anthropic-ratelimit-requests-limit": "4000",
        "anthropic-ratelimit-requests-remaining": "0",
        "anthropic-ratelimit-requests-reset": "2026-11-22T10:00:05Z",
        "anthropic-ratelimit-input-tokens-remaining": "3999000"
      },
      {
        retry: after(17_000, 1000),
        readings: [
          { quota: "requests", limit: 4000, remaining: 0, reset },
          { quota: "input-tokens", remaining: 3_999_000 }
        ]
      }
    ],
    [
      "Zendesk, three dialects at once",
      {
        "x-rate-limit": "700",
        "x-rate-limit-remaining": "699",
        "ratelimit-limit": "700",
        "ratelimit-remaining": "699",
        "ratelimit-reset": "41",
        "zendesk-ratelimit-tickets-index": "total=100; remaining=99; resets=41"
      },
      {
        readings: [
          { limit: 700, remaining: 699, reset: after(41_000, 1000) },
          { quota: "tickets-index", limit: 100, remaining: 99, reset: after(41_000, 1000) }
        ]
      }
    ],
    [
      "Zendesk, its oldest dialect alone",
      { "x-rate-limit": "700", "x-rate-limit-remaining": "699" },
      { readings: [{ limit: 700, remaining: 699 }] }
    ],
    [
      "Discord",
      {
        "x-ratelimit-limit": "5",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": "1795341605.123",
        "x-ratelimit-reset-after": "64.57",
        "x-ratelimit-bucket": "abcd1234"
      },
      { readings: [{ limit: 5, remaining: 0, reset: after(64_570, 10) }] }
    ],
    [
      "Linear",
      {
        "x-ratelimit-requests-limit": "5000",
        "x-ratelimit-requests-remaining": "4999",
        "x-ratelimit-requests-reset": "1795341605123",
        "x-complexity": "12",
        "x-ratelimit-complexity-limit": "3000000",
        "x-ratelimit-endpoint-name": "issues"
      },
      {
        readings: [
          { quota: "requests", limit: 5000, remaining: 4999, reset: at("2026-11-22T10:00:05.123Z", 1) },
          { quota: "complexity", limit: 3_000_000 }
        ]
      }
    ],
    [
      "Jira",
      {
        "x-ratelimit-limit": "350",
        "x-ratelimit-remaining": "10",
        "x-ratelimit-reset": "2026-11-22T10:01Z",
        "x-ratelimit-nearlimit": "true",
        "ratelimit-reason": "jira-burst-based",
        "beta-ratelimit-policy": '"jira-quota-tenant-based";q=100100;w=3600',
        "beta-ratelimit": '"jira-quota-tenant-based";r=99000;t=120'
      },
      {
        readings: [
          { limit: 350, remaining: 10, reset: at("2026-11-22T10:01:00Z", 60_000) },
          { quota: "jira-quota-tenant-based", limit: 100_100, remaining: 99_000, reset: after(120_000, 1000) }
        ]
      }
    ],
    [
      "Cloudflare",
      { ratelimit: '"default";r=50;t=30', "ratelimit-policy": '"burst";q=100;w=60' },
      {
        readings: [
          { quota: "default", remaining: 50, reset: after(30_000, 1000) },
          { quota: "burst", limit: 100 }
        ]
      }
    ],
    [
      "Intercom",
      { "x-ratelimit-limit": "1667", "x-ratelimit-remaining": "1600", "x-ratelimit-reset": "1795341605" },
      { readings: [{ limit: 1667, remaining: 1600, reset }] }
    ],
    [
      "Productlane",
      {
        date: "Sun, 22 Nov 2026 10:00:01 GMT",
        "retry-after": "4",
        "x-ratelimit-limit": "60",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": "1795341605"
      },
      {
        retry: after(4000, 1000),
        serverDateMillis: 1_795_341_601_000,
        readings: [{ limit: 60, remaining: 0, reset }]
      }
    ],
    [
      "SuiteOp",
      {
        "retry-after": "14",
        "x-ratelimit-limit": "1000",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": "1795341605"
      },
      { retry: after(14_000, 1000), readings: [{ limit: 1000, remaining: 0, reset }] }
    ],
    [
      "Attio",
      { date: "Sun, 22 Nov 2026 10:00:04 GMT", "retry-after": "Sun, 22 Nov 2026 10:00:05 GMT" },
      { retry: reset, serverDateMillis: 1_795_341_604_000, readings: [] }
    ],
    [
      "X",
      { "x-rate-limit-limit": "900", "x-rate-limit-remaining": "899", "x-rate-limit-reset": "1795341605" },
      { readings: [{ limit: 900, remaining: 899, reset }] }
    ],
    [
      "Kong, a quota for each span",
      { "x-ratelimit-limit-minute": "5", "x-ratelimit-remaining-minute": "3", "x-ratelimit-limit-hour": "100" },
      {
        readings: [
          { quota: "minute", limit: 5, remaining: 3 },
          { quota: "hour", limit: 100 }
        ]
      }
    ],
    [
      "several policies of the draft",
      {
        "ratelimit-policy": '"burst";q=100;w=60,"daily";q=1000;w=86400;qu="requests";pk=:cHNsMzI=:',
        ratelimit: '"daily";r=90;t=3000, "burst";r=0;t=5'
      },
      {
        readings: [
          { quota: "burst", limit: 100, remaining: 0, reset: after(5000, 1000) },
          { quota: "daily", limit: 1000, remaining: 90, reset: after(3_000_000, 1000) }
        ]
      }
    ],
    ["a name with a comma in it", { ratelimit: '"a,b";r=7' }, { readings: [{ quota: "a,b", remaining: 7 }] }],
    [
      "an unquoted name",
      { ratelimit: "default; r=50; t=30" },
      { readings: [{ quota: "default", remaining: 50, reset: after(30_000, 1000) }] }
    ],
    [
      "one malformed member among others",
      { ratelimit: '"a";r=1, "b;r=2' },
      { readings: [{ quota: "a", remaining: 1 }] }
    ],
    [
      "draft 07",
      { ratelimit: "limit=100, remaining=50, reset=5", "ratelimit-policy": "100;w=10" },
      { readings: [{ limit: 100, remaining: 50, reset: after(5000, 1000) }] }
    ],
    [
      "draft 03, the limit with its policies",
      { "ratelimit-limit": "10, 10;w=1, 50;w=60", "ratelimit-remaining": "9", "ratelimit-reset": "1" },
      { readings: [{ limit: 10, remaining: 9, reset: after(1000, 1000) }] }
    ],
    [
      "policies without names, of which none can be told",
      { "ratelimit-policy": "10;w=1, 50;w=60, 1000;w=3600" },
      { readings: [] }
    ]
  ])("reads %s", (_, headers, expected) => {
    assert.deepStrictEqual(Signal.fromHeaders(headers), expected)
  })

  it.each<[string, Record<string, string>]>([
    ["a negative count", { "x-ratelimit-remaining": "-1" }],
    ["a count that is no number", { "x-ratelimit-remaining": "unlimited" }],
    ["a count with thousands", { "x-ratelimit-limit": "1,000" }],
    ["a reset with thousands", { "x-ratelimit-reset": "1,795,341,605" }],
    ["an exponent", { "x-ratelimit-limit": "1e400" }],
    ["more digits than are exact", { "x-ratelimit-limit": "9".repeat(5000) }],
    ["unclosed quotes", { ratelimit: '"default;r=50' }],
    ["inner lists", { ratelimit: '("default");r=50' }],
    ["a header that only sounds alike", { "stripe-rate-limited-reason": "limit=1", "x-generated": "1" }],
    ["nothing", {}]
  ])("takes nothing from %s", (_, headers) => {
    assert.deepStrictEqual(Signal.fromHeaders(headers), Signal.none)
  })

  it.each<[number | undefined, Record<string, string>]>([
    [53, { "server-timing": "total;dur=53.2" }],
    [122, { "server-timing": 'cache;desc="hit;dur=900", db;dur=50, app;desc=app;dur=123' }],
    [11, { "server-timing": "miss", "x-envoy-upstream-service-time": "12", "x-runtime": "3" }],
    [12, { "x-runtime": "0.012345" }],
    [46, { "x-response-time": "47 ms" }],
    [1000, { "x-response-time": "2s" }],
    [0, { "x-response-time": "0.4ms" }],
    [year - 1000, { "x-runtime": "9".repeat(300) }],
    [undefined, { "server-timing": "db;dur=fast", "x-runtime": "-1", "x-response-time": "1e3" }],
    [undefined, { "server-timing": "total;dur=53.2", age: "1" }]
  ])("reads %s ms of a server's work from %o, never more than was meant", (expected, headers) => {
    assert.strictEqual(Signal.fromHeaders(headers).servedMillis, expected)
  })

  it("ignores what a cached response says of quotas, and keeps its retry", () => {
    const headers = {
      "retry-after": "3",
      "x-ratelimit-remaining": "5",
      ratelimit: '"a";r=1',
      date: "Sun, 22 Nov 2026 10:00:05 GMT"
    }
    assert.strictEqual(Signal.fromHeaders({ ...headers, age: "0" }).readings.length, 2)
    assert.deepStrictEqual(Signal.fromHeaders({ ...headers, age: "1" }), { retry: after(3000, 1000), readings: [] })
  })

  it("takes the later retry where two contradict", () => {
    assert.deepStrictEqual(retry("1000", "2"), after(1000, 1))
    assert.deepStrictEqual(retry("999", "2"), after(2000, 1000))
    assert.deepStrictEqual(retry("0", "30"), after(30_000, 1000))
    assert.deepStrictEqual(retry("90000", "30"), after(90_000, 1))
  })

  it("bounds an instant by the response's own date", () => {
    const headers = { "retry-after": "Fri, 31 Dec 9999 23:59:59 GMT", "x-ratelimit-reset": "99999999999" }
    const signal = Signal.fromHeaders({ ...headers, date: "Sun, 22 Nov 2026 10:00:05 GMT" })
    assert.strictEqual(signal.retry?.millis, 1_795_341_605_000 + year)
    assert.strictEqual(signal.readings[0]?.reset?.millis, 1_795_341_605_000 + year)
    assert.strictEqual(Signal.fromHeaders(headers).readings[0]?.reset?.millis, 99_999_999_999_000)
  })

  it("names readings as the provider's quotas are named", () => {
    const signal = Signal.fromHeaders(
      { "x-ratelimit-remaining": "1", ratelimit: '"default";r=2, "constructor";r=3' },
      { quota: "reads", names: { default: "sustained" } }
    )
    assert.deepStrictEqual(signal.readings, [
      { quota: "reads", remaining: 1 },
      { quota: "sustained", remaining: 2 },
      { quota: "constructor", remaining: 3 }
    ])
  })

  it("passes `exact` on to resets", () => {
    const signal = Signal.fromHeaders({ "ratelimit-remaining": "1", "ratelimit-reset": "5" }, { rounding: "exact" })
    assert.deepStrictEqual(signal.readings, [{ remaining: 1, reset: after(5000, 0) }])
  })

  it("stays total and bounded whatever a server sends", () => {
    let read = 0
    for (let seed = 1; seed <= 30_000; seed++) {
      const headers = mutatedHeaders(generator(seed))
      const signal = Signal.fromHeaders(headers)
      read += signal.readings.length
      // The last instant that a Date can hold.
      for (const [path, value] of numbersOf(signal)) {
        const isBounded = Number.isFinite(value) && value >= 0 && value <= 8_640_000_000_000_000
        if (!isBounded) assert.fail(`seed ${seed}: ${path} is ${value} for ${JSON.stringify(headers)}`)
      }
      for (const reading of signal.readings) {
        const isWhole = Number.isInteger(reading.limit ?? 0) && Number.isInteger(reading.remaining ?? 0)
        const isBounded = reading.reset?.kind !== "after" || reading.reset.millis <= year
        if (!isWhole || !isBounded) assert.fail(`seed ${seed}: ${JSON.stringify(reading)}`)
      }
    }
    assert.isAbove(read, 5000, "the mutations leave too little that can be read")
  })

  it("answers in time for values made to be slow", () => {
    const headers: Record<string, string> = {}
    const started = performance.now()
    for (const value of ['"', '\\"', "a", "limit=", ",", '"a";r=1,', "1h", "1.", " ", ";", "a-"]) {
      const text = value.repeat(1_000_000 / value.length)
      for (const name of [
        "retry-after",
        "date",
        "age",
        "ratelimit",
        "ratelimit-policy",
        "x-ratelimit-reset",
        "x-rate-limit",
        "server-timing",
        "x-runtime",
        "x-response-time"
      ]) {
        headers[name] = text
      }
      headers[`x-ratelimit-${value.repeat(10_000)}-limit`] = text
      Signal.fromHeaders(headers)
      Signal.fromHeaders({ ...headers, age: "0" })
    }
    assert.isBelow(performance.now() - started, 1000)
  })

  it("takes what is no header record for silence", () => {
    const odd: ReadonlyArray<unknown> = [null, undefined, 5, "x", [], { "retry-after": 5, ratelimit: {}, date: null }]
    for (const headers of odd) {
      const signal = Signal.fromHeaders(headers as Record<string, string>)
      assert.deepStrictEqual(signal.readings, [])
      assert.strictEqual(signal.serverDateMillis, undefined)
    }
  })
})

const numbersOf = (value: unknown, path = "signal"): ReadonlyArray<readonly [string, number]> => {
  if (typeof value === "number") return [[path, value]]
  if (typeof value !== "object" || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => numbersOf(inner, `${path}.${key}`))
}
