/** Headers of responses at random, for what has to be total. */

/** A small generator (mulberry32), so that a failure names the seed that repeats it. */
export const generator = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
}

const names: ReadonlyArray<string> = [
  "retry-after",
  "retry-after-ms",
  "date",
  "age",
  "ratelimit",
  "ratelimit-policy",
  "ratelimit-limit",
  "x-rate-limit",
  "x-ratelimit-limit",
  "x-ratelimit-remaining",
  "x-ratelimit-reset",
  "x-ratelimit-reset-after",
  "x-rate-limit-reset",
  "x-ratelimit-resource",
  "anthropic-ratelimit-tokens-reset",
  "x-ratelimit-remaining-requests",
  "beta-ratelimit"
]
const values = [
  "0",
  "1",
  "60",
  "-1",
  "2.0",
  "64.57",
  "1795341605",
  "1795341605123",
  "1795341605.123",
  "NaN",
  "Infinity",
  "1e999",
  "9".repeat(400),
  "-0",
  "0.0000001",
  "99999999999999999",
  "6m0s",
  "17ms",
  "999999999d",
  "",
  " ",
  "\u0000",
  "💥",
  "Sun, 22 Nov 2026 10:00:05 GMT",
  "Fri, 31 Dec 9999 23:59:60 GMT",
  "Thu, 01 Jan 0001 00:00:00 GMT",
  "2026-11-22T10:00Z",
  "9999-12-31T23:59:60.999-23:59",
  "1970-01-01T00:00:00+23:59",
  "limit=100, remaining=50, reset=5",
  '"default";r=50;t=30',
  '"burst";q=100;w=60,"daily";q=1000;w=86400',
  "default;r=-5;t=-1",
  '"x";r=999999999999999;t=?1',
  "total=100; remaining=99; resets=41",
  '"d";r=@12;t=:AA==:;q=1.999',
  "100, 100;w=60",
  "((",
  '%"a%ff"'
]
const alphabet = `0123456789.,;:="'()-+ eEinfNaTZWhmsdµ\t\\%@*?\u0000é`

/** A few headers out of `from` and of those that Signal reads, whose values are right, nearly right, or rubbish. */
export const mutatedHeaders = (random: () => number, from: ReadonlyArray<string> = []): Record<string, string> => {
  const below = (bound: number) => Math.floor(random() * bound)
  const all = [...names, ...from]
  const headers: Record<string, string> = {}
  for (let count = 1 + below(6); count > 0; count--) {
    let value = values[below(values.length)] ?? ""
    for (let edits = below(4); edits > 0; edits--) {
      const place = below(value.length + 1)
      value = value.slice(0, place) + (alphabet[below(alphabet.length)] ?? "") + value.slice(place + below(2))
    }
    headers[all[below(all.length)] ?? ""] = value
  }
  return headers
}
