import { assert, describe, it } from "@effect/vitest"
import * as Inspection from "@sluice/core/Inspection"
import * as Policy from "@sluice/core/Policy"
import * as Signal from "@sluice/core/Signal"
import { generator, mutatedHeaders } from "./support/MutatedHeaders.ts"

const receivedAt = Date.parse("2026-11-22T10:00:00.400Z")
const date = "Sun, 22 Nov 2026 10:00:01 GMT"

/** A limit in a line: `quota limit/window remaining=n from`. */
const lineOf = ({ dialect, from, isReading, limit, quota, remaining, windowMillis }: Inspection.Limit) =>
  `${dialect} ${quota ?? "-"} ${limit ?? "?"}/${windowMillis ?? "?"} ${remaining ?? "?"} ${from.join("+")}${isReading ? "" : " only"}`

/** What was passed over in a line: `field value what reason < by`. */
const passed = ({ by, field, reason, value, what }: Inspection.Ignored) =>
  [field, value, ...(what ? [what] : []), reason, ...(by.length > 0 ? [`< ${by.join("+")}`] : [])].join(" | ")

describe("Inspection.of", () => {
  it.each<[string, Record<string, string>, ReadonlyArray<string>, ReadonlyArray<string>]>([
    [
      "GitHub's own names",
      {
        "x-ratelimit-limit": "5000",
        "x-ratelimit-remaining": "4999",
        "x-ratelimit-used": "1",
        "x-ratelimit-resource": "core"
      },
      ["x-ratelimit core 5000/? 4999 x-ratelimit-limit+x-ratelimit-remaining+x-ratelimit-resource"],
      ["x-ratelimit-used | 1 | unknown"]
    ],
    [
      "windows of the draft, and a malformed member among others",
      { ratelimit: '"a";r=1, "b;r=2', "ratelimit-policy": '"a";q=100;w=60, "c";q=5;w=-1' },
      ["ratelimit a 100/60000 1 ratelimit+ratelimit-policy", "ratelimit c 5/? ? ratelimit-policy"],
      ['ratelimit | "b;r=2 | unreadable', 'ratelimit-policy | "c";q=5;w=-1 | window | unreadable']
    ],
    [
      "draft 03, the limit with its policies",
      { "ratelimit-limit": "10, 10;w=1, 50;window=60", "ratelimit-remaining": "9" },
      ["ratelimit - 10/1000 9 ratelimit-limit+ratelimit-remaining", "ratelimit - 50/60000 ? ratelimit-limit only"],
      []
    ],
    [
      "draft 07, of whose policies one is the limit's",
      { ratelimit: "limit=10, remaining=9, reset=1", "ratelimit-policy": "10;w=1, 50;w=60" },
      ["ratelimit - 10/1000 9 ratelimit+ratelimit-policy", "ratelimit - 50/60000 ? ratelimit-policy only"],
      ["ratelimit-policy | 50;w=60 | ambiguous"]
    ],
    [
      "a policy of a dialect that says less",
      { "x-ratelimit-limit": "100", "x-ratelimit-remaining": "7", "ratelimit-policy": "100;w=60" },
      [
        "x-ratelimit - 100/? 7 x-ratelimit-limit+x-ratelimit-remaining",
        "ratelimit - 100/60000 ? ratelimit-policy only"
      ],
      ["ratelimit-policy | 100;w=60 | superseded | < x-ratelimit-limit+x-ratelimit-remaining"]
    ],
    [
      "HubSpot's interval",
      {
        "x-hubspot-ratelimit-max": "100",
        "x-hubspot-ratelimit-interval-milliseconds": "10000",
        "x-hubspot-ratelimit-daily": "250000"
      },
      ["x-hubspot-ratelimit - 100/10000 ? x-hubspot-ratelimit-max+x-hubspot-ratelimit-interval-milliseconds"],
      ["x-hubspot-ratelimit-daily | 250000 | unknown"]
    ],
    [
      "an interval of nothing",
      { "x-ratelimit-interval-milliseconds": "10000" },
      [],
      ["x-ratelimit-interval-milliseconds | 10000 | ambiguous"]
    ],
    [
      "Kong, whose names are spans",
      { "x-ratelimit-limit-minute": "5", "x-ratelimit-remaining-minute": "3", "x-ratelimit-limit-hour": "100" },
      [
        "x-ratelimit minute 5/60000 3 x-ratelimit-limit-minute+x-ratelimit-remaining-minute",
        "x-ratelimit hour 100/3600000 ? x-ratelimit-limit-hour"
      ],
      []
    ],
    [
      "a name in a list, which is no span",
      { ratelimit: '"day";r=90', "ratelimit-policy": '"day";q=100' },
      ["ratelimit day 100/? 90 ratelimit+ratelimit-policy"],
      []
    ],
    [
      "Zendesk, three dialects at once",
      { "x-rate-limit": "700", "ratelimit-limit": "700", "ratelimit-remaining": "699", "ratelimit-reset": "41" },
      ["ratelimit - 700/? 699 ratelimit-limit+ratelimit-remaining+ratelimit-reset"],
      ["x-rate-limit | 700 | superseded | < ratelimit-limit+ratelimit-remaining+ratelimit-reset"]
    ],
    [
      "two that contradict, of which the tighter holds",
      { "x-ratelimit-limit": "100", "x-ratelimit-max": "60", "x-ratelimit-remaining": "-1" },
      ["x-ratelimit - 60/? ? x-ratelimit-max"],
      [
        "x-ratelimit-limit | 100 | limit | contradictory | < x-ratelimit-max",
        "x-ratelimit-remaining | -1 | remaining | unreadable"
      ]
    ],
    [
      "Discord, whose second reset needs no clock in common",
      { "x-ratelimit-limit": "5", "x-ratelimit-reset": "1795341665.123", "x-ratelimit-reset-after": "64.57" },
      ["x-ratelimit - 5/? ? x-ratelimit-limit+x-ratelimit-reset-after"],
      ["x-ratelimit-reset | 1795341665.123 | reset | superseded | < x-ratelimit-reset-after"]
    ],
    [
      "a reset that is past",
      { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1720000000" },
      ["x-ratelimit - ?/? 0 x-ratelimit-remaining+x-ratelimit-reset"],
      ["x-ratelimit-reset | 1720000000 | reset | past"]
    ],
    [
      "what a cache has kept",
      { age: "7", "x-ratelimit-remaining": "5", "x-runtime": "1", date },
      [],
      ["x-ratelimit-remaining | 5 | cached", "x-runtime | 1 | cached", `date | ${date} | cached`]
    ],
    [
      "names that only sound alike",
      { "x-shopify-shop-api-call-limit": "32/40", "twilio-concurrent-requests": "3", "x-generated": "1", server: "a" },
      [],
      ["x-shopify-shop-api-call-limit | 32/40 | unknown", "twilio-concurrent-requests | 3 | unknown"]
    ],
    ["nothing", {}, [], []]
  ])("tells what is used of %s, and what is not", (_, headers, limits, ignored) => {
    const inspection = Inspection.of(headers, { receivedAt })
    assert.deepStrictEqual(inspection.limits.map(lineOf), limits)
    assert.deepStrictEqual(inspection.ignored.map(passed), ignored)
  })

  it("reads more than 32 members no further, and says so", () => {
    const ratelimit = Array.from({ length: 40 }, (_, i) => `"q${i}";r=${i}`).join(", ")
    const { ignored, limits } = Inspection.of({ ratelimit })
    assert.lengthOf(limits, 32)
    assert.deepStrictEqual(
      ignored.map(({ field, reason }) => [field, reason]),
      [["ratelimit", "overlong"]]
    )
  })

  it.each<[Record<string, string>, string | undefined, number | undefined, boolean | undefined, ReadonlyArray<string>]>(
    [
      [{ "retry-after": "30" }, "retry-after", 31_400, false, []],
      [
        { "retry-after": "2", "retry-after-ms": "1234" },
        "retry-after-ms",
        1635,
        false,
        ["retry-after | 2 | superseded | < retry-after-ms"]
      ],
      [
        { "retry-after": "30", "retry-after-ms": "5" },
        "retry-after",
        31_400,
        false,
        ["retry-after-ms | 5 | contradictory | < retry-after"]
      ],
      [{ "retry-after": "0" }, "retry-after", 1400, true, ["retry-after | 0 | retry | past"]],
      [
        { "retry-after": "soon", "retry-after-ms": "1" },
        "retry-after-ms",
        402,
        false,
        ["retry-after | soon | unreadable"]
      ],
      [{ "retry-after": "Sun, 22 Nov 2026 10:00:05 GMT", date }, "retry-after", 5400, false, []],
      [
        { "retry-after": "Sun, 22 Nov 2026 10:00:01 GMT", date },
        "retry-after",
        1400,
        true,
        ["retry-after | Sun, 22 Nov 2026 10:00:01 GMT | retry | past"]
      ],
      [{ "retry-after": "later" }, undefined, undefined, undefined, ["retry-after | later | unreadable"]]
    ]
  )("tells until when %o asks to stay away", (headers, from, by, isPast, ignored) => {
    const inspection = Inspection.of(headers, { receivedAt })
    assert.strictEqual(inspection.retry?.from, from)
    // Milliseconds after the last full second.
    assert.strictEqual(inspection.retry?.byMillis, by === undefined ? undefined : receivedAt - 400 + by)
    assert.strictEqual(inspection.retry?.isPast, isPast)
    assert.deepStrictEqual(inspection.ignored.map(passed), ignored)
  })

  it("takes an instant of the server's for one of ours by the difference of the clocks", () => {
    const headers = { date, "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1795341605" }
    const { limits, skew } = Inspection.of(headers, { receivedAt, sentAt: receivedAt - 100 })
    assert.deepStrictEqual(skew, { fromMillis: 600, byMillis: 1700 })
    const reset = Date.parse("2026-11-22T10:00:05Z")
    assert.deepInclude(limits[0]?.reset, {
      fromMillis: reset - 1700 - 1000,
      byMillis: reset - 600 + 1000,
      isPast: false
    })
  })

  it("leaves instants by the server's clock, or none, where it is not known when the response came", () => {
    const headers = { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "5" }
    assert.notProperty(Inspection.of(headers).limits[0]?.reset, "byMillis")
    const { limits, skew } = Inspection.of({ ...headers, date })
    assert.isUndefined(skew)
    assert.strictEqual(limits[0]?.reset?.byMillis, Date.parse("2026-11-22T10:00:01Z") + 5000 + 1000 + 1000)
  })

  it("tells how long the server worked, and which header of several says so", () => {
    const { ignored, served } = Inspection.of({ "server-timing": "hit", "x-runtime": "0.25", "x-response-time": "9ms" })
    assert.deepStrictEqual(served, { millis: 240, from: "x-runtime" })
    assert.deepStrictEqual(ignored.map(passed), [
      "server-timing | hit | unreadable",
      "x-response-time | 9ms | superseded | < x-runtime"
    ])
  })

  it("says the same as the signal that a limiter reads, and leaves no header out that sounds like a limit", () => {
    let limits = 0
    const reasons = new Map<Inspection.Reason, number>()
    for (let seed = 1; seed <= 2500; seed++) {
      const random = generator(seed)
      const headers = mutatedHeaders(random, more)
      const options: Inspection.Options = {
        ...(random() < 0.5 && { receivedAt: receivedAt + random() * 1e6, sentAt: receivedAt - random() * 1e4 }),
        rounding: random() < 0.5 ? "exact" : "unknown"
      }
      const signal = Signal.fromHeaders(headers, options)
      const inspection = Inspection.of(headers, options)
      const told = `seed ${seed}: ${JSON.stringify(headers)}`
      assert.deepStrictEqual(
        inspection.limits.filter(({ isReading }) => isReading).map(readingOf),
        signal.readings,
        told
      )
      assert.deepStrictEqual(inspection.retry?.told, signal.retry, told)
      assert.strictEqual(inspection.served?.millis, signal.servedMillis, told)
      assert.strictEqual(inspection.serverDateMillis, signal.serverDateMillis, told)
      const used = new Set([...inspection.limits.flatMap(({ from }) => from), inspection.retry?.from])
      const passedOver = new Set(inspection.ignored.map(({ field }) => field))
      for (const name of Object.keys(headers)) {
        if (!/limit|retry|quota|throttle/.test(name) || used.has(name)) continue
        assert.isTrue(passedOver.has(name), `${told}: ${name}`)
        const { [name]: _, ...others } = headers
        assert.deepStrictEqual(sorted(Signal.fromHeaders(others, options)), sorted(signal), `${told}: without ${name}`)
      }
      for (const moment of [inspection.retry, ...inspection.limits.map(({ reset }) => reset)]) {
        assert.isTrue(moment === undefined || isOrdered(moment), told)
      }
      limits += inspection.limits.length
      for (const { reason } of inspection.ignored) reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
    }
    assert.isAbove(limits, 500)
    for (const reason of [
      "unknown",
      "unreadable",
      "cached",
      "past",
      "ambiguous",
      "contradictory",
      "superseded"
    ] as const) {
      assert.isAbove(reasons.get(reason) ?? 0, 0, reason)
    }
  })

  it("takes what is no header record for silence", () => {
    const odd: ReadonlyArray<unknown> = [null, undefined, 5, "x", [], { "retry-after": {}, ratelimit: [], date: null }]
    for (const headers of odd) {
      assert.deepStrictEqual(Inspection.of(headers as Record<string, string>).limits, [])
    }
  })
})

const more = [
  "x-throttle",
  "x-api-quota",
  "x-ratelimit-interval-milliseconds",
  "ratelimit-remaining",
  "x-ratelimit-max"
]

const readingOf = ({ limit, quota, remaining, reset }: Inspection.Limit): Signal.Reading => ({
  ...(quota !== undefined && { quota }),
  ...(limit !== undefined && { limit }),
  ...(remaining !== undefined && { remaining }),
  ...(reset && { reset: reset.told })
})

/** The order of readings is that of the headers, and nothing follows from it. */
const sorted = ({ readings, ...signal }: Signal.Signal) => ({
  ...signal,
  readings: readings.toSorted((a, b) => ((a.quota ?? "") < (b.quota ?? "") ? -1 : 1))
})

const isOrdered = ({ byMillis = 0, fromMillis = 0 }: Inspection.Moment) =>
  Number.isFinite(byMillis) && Number.isFinite(fromMillis) && fromMillis <= byMillis

describe("Inspection.toPolicy", () => {
  const statementOf = (headers: Record<string, string>) =>
    Inspection.toPolicy(Inspection.of(headers), { provider: "example" })

  it("states the quotas that are told in full, and refuses the others with what is missing", () => {
    const { assumed, policy, refused } = statementOf({
      ratelimit: '"default";r=50;t=30',
      "ratelimit-policy":
        '"burst";q=100;w=60, "heavy";q=5;qu="concurrent-requests", "bytes";q=9;w=1;qu="content-bytes", "all";q=7'
    })
    assert.isDefined(policy)
    assert.deepEqual<unknown>(policy && Policy.toJson(policy), {
      provider: "example",
      quotas: [
        { name: "burst", kind: "unknown", limit: 100, window: "1 minute", source: "ratelimit-policy header" },
        { name: "heavy", kind: "concurrency", limit: 5, source: "ratelimit-policy header" }
      ]
    })
    assert.deepStrictEqual(assumed, [{ quota: "burst", what: "how its server counts is not told" }])
    assert.deepStrictEqual(
      refused.map(({ limit, why }) => [limit.quota, why]),
      [
        ["default", "its limit is not told"],
        ["bytes", "it counts content-bytes and not requests"],
        ["all", "its window is not told"]
      ]
    )
  })

  it("states policies that have no names", () => {
    const { policy } = statementOf({ "ratelimit-policy": "10;w=1, 50;w=60" })
    assert.deepStrictEqual(
      policy?.quotas.map(({ quota }) => [quota.name, quota.limit, quota.windowMillis]),
      [
        ["10 per 1s", 10, 1000],
        ["50 per 1m", 50, 60_000]
      ]
    )
  })

  it.each<[Record<string, string>, RegExp]>([
    [{ "ratelimit-policy": '"none";q=0;w=1' }, /"none".*limit/],
    [{ "ratelimit-policy": '"vast";q=999999999999;w=999999999' }, /"vast".*limit/],
    [{ "x-ratelimit-limit": "60" }, /^its window is not told$/]
  ])("makes no policy of %o", (headers, why) => {
    const { policy, refused } = statementOf(headers)
    assert.isUndefined(policy)
    assert.match(refused[0]?.why ?? "", why)
  })

  it("refuses a second quota of the same name", () => {
    const { policy, refused } = statementOf({
      "ratelimit-policy": '"a";q=10;w=1',
      "beta-ratelimit-policy": '"a";q=20;w=60'
    })
    assert.lengthOf(policy?.quotas ?? [], 1)
    assert.deepStrictEqual(
      refused.map(({ why }) => why),
      ["another is told under its name"]
    )
  })
})
