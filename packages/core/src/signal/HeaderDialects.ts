/**
 * The dialects in which responses write the state of their quotas, read into `Reading`s.
 *
 * - `RateLimit` and `RateLimit-Policy` of the IETF draft: structured fields with named members (`"default";r=50;t=30`,
 *   also unquoted), or pairs as its drafts 07 and 08 have them (`limit=100, remaining=50, reset=5`);
 * - one header a field: `[vendor-]RateLimit-` or `[vendor-]Rate-Limit-` with `Limit`, `Remaining`, `Reset`, `Reset-After`,
 *   and before or after it what the field is about: `X-RateLimit-Limit-Requests`, `Anthropic-RateLimit-Tokens-Remaining`;
 * - pairs under a name of their own: `Zendesk-RateLimit-Tickets-Index: total=100; remaining=99; resets=41`.
 *
 * Total: what is not understood is left out.
 */
import { parseItem, Token } from "structured-headers"
import type { Instant, Reading } from "../Signal.ts"
import { reset, type Rounding } from "./WireTime.ts"

/** Longer header names and values are cut, and of more members or readings the first are taken. */
const longest = { name: 128, value: 2048, members: 32 }

const headerName = /^(|.*-)(rate-?limit)(?:-(.+))?$/
const fields: ReadonlyArray<readonly [string, keyof Values]> = [
  ["limit", "limit"],
  ["max", "limit"],
  ["total", "limit"],
  ["remaining", "remaining"],
  ["reset-after", "reset"],
  ["resets", "reset"],
  ["reset", "reset"]
]
const keys = new Map<string, keyof Values>([...fields, ["q", "limit"], ["r", "remaining"], ["t", "reset"]])

interface Values {
  readonly limit?: string
  readonly remaining?: string
  readonly reset?: string
}

/**
 * The readings of a response, at most one for each name of a quota (the unnamed reading is one of them).
 *
 * Where several dialects speak of the same quota, the one that says most is taken, and of equals the more standard one:
 * fields of different dialects are not mixed, because they may count different things.
 */
export const readings = (
  headers: Readonly<Record<string, string | undefined>>,
  rounding: Rounding
): ReadonlyArray<Reading> => {
  const families = new Map<string, Map<string, Reading>>()
  const resources = new Map<string, string>()
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== "string" || !name.includes("rate")) continue
    const [, vendor = "", limit = "", rest] = headerName.exec(name.slice(0, longest.name)) ?? []
    if (limit === "") continue
    const family = vendor + limit
    const text = value.slice(0, longest.value).trim()
    if (rest === "resource" && /^[\w.-]{1,64}$/.test(text)) resources.set(family, text)
    const known = families.get(family) ?? new Map<string, Reading>()
    families.set(family, known)
    for (const reading of readingsOf(rest, text, rounding).slice(0, longest.members)) {
      const quota = reading.quota ?? ""
      const before = known.get(quota)
      known.set(quota, before === undefined ? reading : merge(before, reading))
    }
  }
  const best = new Map<string, { readonly reading: Reading; readonly weight: number }>()
  for (const [family, known] of families) {
    for (const found of known.values()) {
      // GitHub says in a header of its own which of its quotas the others are about.
      const resource = found.quota === undefined ? resources.get(family) : undefined
      const reading = resource === undefined ? found : { ...found, quota: resource }
      const weight = Object.keys(reading).length * 10 - rank(family)
      const quota = reading.quota ?? ""
      if (weight > (best.get(quota)?.weight ?? -Infinity)) best.set(quota, { reading, weight })
    }
  }
  return [...best.values()].map(({ reading }) => reading).slice(0, longest.members)
}

/** What one header says; `rest` is its name after `ratelimit-`. */
const readingsOf = (rest: string | undefined, text: string, rounding: Rounding): ReadonlyArray<Reading> => {
  const isPolicy = rest === "policy"
  const field = rest === undefined || isPolicy ? undefined : fieldOf(rest)
  if (field !== undefined) return compact([toReading(field.quota, { [field.key]: text }, rounding)])
  if (/^[a-z]+ *=/i.test(text)) {
    // Of several policies without a name nothing tells which one the rest of the response is about.
    return isPolicy && text.includes(",")
      ? []
      : compact([toReading(isPolicy ? undefined : rest, pairs(text), rounding)])
  }
  if (rest !== undefined && !isPolicy) return []
  if (count(text) !== undefined && !isPolicy) return compact([toReading(undefined, { limit: text }, rounding)])
  const members = membersOf(text).flatMap((part) => member(part, rounding))
  return members.filter((reading) => reading.quota !== undefined || members.length === 1)
}

/** Which field a header is for, and what stands beside it: `requests-limit`, `limit-requests`, `limit`. */
const fieldOf = (rest: string): { readonly key: keyof Values; readonly quota: string | undefined } | undefined => {
  for (const [word, key] of fields) {
    if (rest === word) return { key, quota: undefined }
    if (rest.endsWith(`-${word}`)) return { key, quota: rest.slice(0, -word.length - 1) }
    if (rest.startsWith(`${word}-`)) return { key, quota: rest.slice(word.length + 1) }
  }
  return undefined
}

const pairs = (text: string): Values => {
  const values: { -readonly [K in keyof Values]: Values[K] } = {}
  for (const [, name = "", value = ""] of text.matchAll(/([a-z-]+) *= *"?([^,;"\s]+)/gi)) {
    const key = keys.get(name.toLowerCase())
    if (key !== undefined) values[key] ??= value
  }
  return values
}

/** A structured list cut at its commas, so that one malformed member does not take the others with it. */
const membersOf = (text: string): ReadonlyArray<string> => {
  const members: Array<string> = []
  let start = 0
  let isQuoted = false
  for (let i = 0; i <= text.length; i++) {
    if (text[i] === '"') isQuoted = !isQuoted
    if (i === text.length || (text[i] === "," && !isQuoted)) {
      members.push(text.slice(start, i))
      start = i + 1
    }
  }
  return members.slice(0, longest.members)
}

/** One member of a structured list: `"burst";q=100;w=60`, `default;r=50`, and `100;w=60` as drafts up to 07 have it. */
const member = (part: string, rounding: Rounding): ReadonlyArray<Reading> => {
  if (!/^[\s\d"a-z*]/i.test(part)) return []
  try {
    const [bare, parameters] = parseItem(part.trim())
    const values: { -readonly [K in keyof Values]: Values[K] } = {}
    for (const [name, value] of parameters) {
      const key = keys.get(name)
      if (key !== undefined) values[key] = String(value)
    }
    if (typeof bare === "number") return compact([toReading(undefined, { limit: String(bare) }, rounding)])
    return typeof bare === "string" || bare instanceof Token
      ? compact([toReading(String(bare).slice(0, longest.name), values, rounding)])
      : []
  } catch {
    return []
  }
}

const toReading = (quota: string | undefined, values: Values, rounding: Rounding): Reading | undefined => {
  const limit = count(values.limit)
  const remaining = count(values.remaining)
  const instant = values.reset === undefined ? undefined : reset(head(values.reset), rounding)
  if (limit === undefined && remaining === undefined && instant === undefined) return undefined
  return {
    ...(quota !== undefined && quota !== "" && { quota }),
    ...(limit !== undefined && { limit }),
    ...(remaining !== undefined && { remaining }),
    ...(instant !== undefined && { reset: instant })
  }
}

/**
 * A number of units, rounded down. Of a list the first (`100, 100;w=60`), which is the one in force. Negative numbers
 * mean different things to different servers (spent beyond the limit; no limit at all) and so nothing here.
 */
const count = (text: string | undefined): number | undefined => {
  const value = text === undefined ? "" : head(text)
  return /^\d{1,15}(?:\.\d{1,9})?$/.test(value) ? Math.floor(Number(value)) : undefined
}

/** The first of a list. A comma without a space may belong to a number: `1,000` is not 1. */
const head = (text: string): string => /^([\d.]+)(?: *;|, )/.exec(text)?.[1] ?? text

/** Two of the same name in one dialect: the tighter of each field, and the reset that needs no clock in common. */
const merge = (a: Reading, b: Reading): Reading => {
  const limit = least(a.limit, b.limit)
  const remaining = least(a.remaining, b.remaining)
  return {
    ...a,
    ...b,
    ...(limit !== undefined && { limit }),
    ...(remaining !== undefined && { remaining }),
    ...(a.reset && b.reset && { reset: nearer(a.reset, b.reset) })
  }
}

const least = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined ? b : b === undefined ? a : Math.min(a, b)

const nearer = (a: Instant, b: Instant): Instant =>
  a.kind === b.kind ? (a.millis >= b.millis ? a : b) : a.kind === "after" ? a : b

const rank = (family: string): number => {
  const place = ["ratelimit", "x-ratelimit", "x-rate-limit"].indexOf(family)
  return place === -1 ? 3 : place
}

const compact = (values: ReadonlyArray<Reading | undefined>): ReadonlyArray<Reading> =>
  values.filter((value) => value !== undefined)
