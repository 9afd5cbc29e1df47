/** Texts as servers, proxies and attackers write them where a number, a time or a list is expected. */
import type { Seeded } from "../Seeded.ts"

export const below = (seeded: Seeded, count: number): number => seeded.nextInt() % count

/** One of a list that is not empty. */
export const pick = <A>(seeded: Seeded, list: readonly [A, ...ReadonlyArray<A>]): A =>
  list[below(seeded, list.length)] ?? list[0]

export const chance = (seeded: Seeded, oneIn: number): boolean => below(seeded, oneIn) === 0

/** The dialects that `Signal.fromHeaders` knows, and some that it does not. */
export const headerNames = [
  "retry-after",
  "retry-after-ms",
  "date",
  "age",
  "content-type",
  "ratelimit",
  "ratelimit-policy",
  "ratelimit-limit",
  "ratelimit-remaining",
  "ratelimit-reset",
  "x-ratelimit-limit",
  "x-ratelimit-remaining",
  "x-ratelimit-reset",
  "x-ratelimit-reset-after",
  "x-ratelimit-resource",
  "x-ratelimit-limit-requests",
  "x-ratelimit-remaining-requests",
  "x-ratelimit-reset-requests",
  "x-rate-limit-limit",
  "x-rate-limit-remaining",
  "x-rate-limit-reset",
  "anthropic-ratelimit-tokens-remaining",
  "zendesk-ratelimit-tickets-index",
  "x-request-id",
  "__proto__",
  "constructor"
] as const

/** Headers of requests by which some providers let their refusals be tried out. */
export const testHeaders = [
  "x-ratelimit",
  "x-ratelimit-hour",
  "x-ratelimit-day",
  "x-ratelimit-limit",
  "x-mock"
] as const

/** Parts of paths that nobody expects. */
export const pathParts = [
  "",
  "1",
  "..",
  ".",
  "%",
  "%zz",
  "%00",
  "%2F",
  "%7C",
  "|",
  "a|b|c",
  "a b",
  "é",
  "\ud800",
  "🕐",
  ":id",
  "{id}",
  "query",
  "search",
  "v1",
  "__proto__",
  "constructor",
  "x".repeat(8000)
] as const

/** The path with parts replaced, added or gone. */
export const pathLike = (seeded: Seeded, path: string): string => {
  const made = path.split("/")
  for (let edits = below(seeded, 3); edits > 0; edits--) {
    made.splice(below(seeded, made.length + 1), below(seeded, 2), pick(seeded, pathParts))
  }
  return made.join("/")
}

const literals = [
  "",
  " ",
  "0",
  "-0",
  "-1",
  "+18",
  "2.5",
  "1e9",
  "1e309",
  "-1e309",
  "NaN",
  "Infinity",
  "null",
  "undefined",
  "true",
  "0x12",
  "1,000",
  "18, 19",
  "000000000018",
  "99999999999999999999999999",
  "9007199254740993",
  "1746489660",
  "1720000000000",
  "Thu, 01 Jan 1970 00:00:00 GMT",
  "Tue, 23 May 2023 14:42:01 GMT",
  "Mon, 32 Jan 2024 00:00:07 GMT",
  "Fri, 31 Dec 9999 23:59:59 GMT",
  "Sunday, 06-Nov-94 08:49:37 GMT",
  "Sun Nov  6 08:49:37 1994",
  "2024-01-01T00:00:07Z",
  "+275760-09-13T00:00:00.000Z",
  "6m0s",
  "1h2m3.5s",
  "17ms",
  '"default";r=50;t=30',
  '"burst";q=100;w=60, "day";q=1000;w=86400',
  "default;r=0;t=99999999999",
  "limit=100, remaining=50, reset=5",
  "total=100; remaining=99; resets=41",
  '"unfinished;r=',
  "100;w=60, 1000;w=3600",
  "__proto__",
  "\u0000",
  "\u0661\u0668",
  "１８",
  "\ud800",
  "🕐"
] as const

const spans = [1, 60, 3600, 86_400, 31_622_400] as const

/** A header's value; times lie around `nowMillis`. */
export const headerValue = (seeded: Seeded, nowMillis: number): string => {
  switch (below(seeded, 8)) {
    case 0:
    case 1:
      return pick(seeded, literals)
    case 2:
      return String(below(seeded, pick(seeded, spans)))
    case 3:
      return (seeded.nextFraction() * pick(seeded, spans)).toFixed(below(seeded, 4))
    case 4:
      return new Date(near(seeded, nowMillis)).toUTCString()
    case 5:
      return new Date(near(seeded, nowMillis)).toISOString()
    case 6:
      return String(Math.floor(near(seeded, nowMillis) / (chance(seeded, 2) ? 1000 : 1)))
    default:
      return `"${pick(seeded, words)}";r=${below(seeded, 2000)};t=${below(seeded, 4000)}`
  }
}

/** An instant up to a year before or after. */
const near = (seeded: Seeded, nowMillis: number): number =>
  nowMillis + Math.floor((seeded.nextFraction() - 0.5) * 2000 * pick(seeded, spans))

const words = ["default", "requests", "burst", "day", "hour", "constructor", ""] as const

const values: readonly [unknown, ...ReadonlyArray<unknown>] = [
  null,
  true,
  "",
  0,
  -1,
  429,
  2.5,
  1e308,
  "429",
  "1e9",
  [],
  [[]],
  {},
  { __proto__: null },
  "\u0000\ud800",
  "a".repeat(300),
  { code: { code: { code: 1 } } }
]

/** A value where the body has another. */
export const jsonValue = (seeded: Seeded): unknown =>
  chance(seeded, 4)
    ? pick(seeded, literals)
    : chance(seeded, 3)
      ? below(seeded, 2 ** 31) - 2 ** 30
      : pick(seeded, values)

/** Whole bodies that are nobody's refusal. */
export const bodies: readonly [string, ...ReadonlyArray<string>] = [
  "",
  " ",
  "null",
  "[]",
  "{}",
  "429",
  '"Too many requests"',
  "NaN",
  "{",
  '{"error":',
  "<html><body><h1>429 Too Many Requests</h1></body></html>",
  "upstream connect error",
  "\u0000\u0001",
  "\ufeff{}",
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  "[".repeat(20_000),
  '{"a":'.repeat(5_000) + "1" + "}".repeat(5_000),
  '{"error":"' + "x".repeat(65_500) + '"}',
  '"\\'.repeat(32_000),
  "9".repeat(65_536),
  "é".repeat(32_768)
]
