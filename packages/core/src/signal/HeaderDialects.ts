/**
 * The dialects in which responses write the state of their quotas, read field by field into `Reading`s.
 *
 * - `RateLimit` and `RateLimit-Policy` of the IETF draft: structured fields with named members (`"default";r=50;t=30`,
 *   also unquoted), or pairs as its drafts 07 and 08 have them (`limit=100, remaining=50, reset=5`);
 * - one header a field: `[vendor-]RateLimit-` or `[vendor-]Rate-Limit-` with `Limit`, `Remaining`, `Reset`, `Reset-After`,
 *   and before or after it what the field is about: `X-RateLimit-Limit-Requests`, `Anthropic-RateLimit-Tokens-Remaining`;
 * - pairs under a name of their own: `Zendesk-RateLimit-Tickets-Index: total=100; remaining=99; resets=41`.
 *
 * Total: what is not understood is left out.
 */
import type { Reading } from "../Signal.ts"
import * as StructuredItem from "./StructuredItem.ts"
import { reset, type Rounding } from "./WireTime.ts"

/** Longer header names and values are cut, and of more members or readings the first are taken. */
export const longest = { name: 128, value: 2048, members: 32 }

const headerName = /^(|.*-)(rate-?limit)(?:-(.+))?$/
const fieldWords: ReadonlyArray<readonly [string, keyof Values]> = [
  ["limit", "limit"],
  ["max", "limit"],
  ["total", "limit"],
  ["remaining", "remaining"],
  ["reset-after", "reset"],
  ["resets", "reset"],
  ["reset", "reset"],
  ["interval-milliseconds", "interval"]
]
const keys = new Map<string, keyof Values>([
  ...fieldWords,
  ["q", "limit"],
  ["r", "remaining"],
  ["t", "reset"],
  ["w", "window"],
  ["window", "window"],
  ["qu", "unit"]
])

/** What is written of one quota. A window is in seconds, an interval in milliseconds; both only say how long it is. */
export interface Values {
  readonly limit?: string
  readonly remaining?: string
  readonly reset?: string
  readonly window?: string
  readonly interval?: string
  readonly unit?: string
}

/** What one header, or one member of its list, says of a quota. */
export interface Part {
  /** As it stands in the header. */
  readonly text: string
  readonly quota: string | undefined
  readonly values: Values
  /** The values that can be read. */
  readonly reading: Reading | undefined
  /** One of several without a name: nothing tells which of them the rest of the response is about. */
  readonly isAmbiguous: boolean
}

/** A header whose name is one of a dialect's. */
export interface Field {
  readonly name: string
  /** The dialect: what its headers' names begin with, such as `x-ratelimit`. */
  readonly family: string
  /** What follows of the name. */
  readonly rest: string | undefined
  readonly text: string
  readonly parts: ReadonlyArray<Part>
}

/** Whether a header's name is one of a dialect's. */
export const isField = (name: string): boolean => headerName.test(name.slice(0, longest.name))

/** The headers of every dialect, with all that they say. */
export const fields = (
  headers: Readonly<Record<string, string | undefined>>,
  rounding: Rounding
): ReadonlyArray<Field> => {
  const found: Array<Field> = []
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== "string" || !name.includes("rate")) continue
    const [, vendor = "", limit = "", rest] = headerName.exec(name.slice(0, longest.name)) ?? []
    if (limit === "") continue
    const text = value.slice(0, longest.value).trim()
    found.push({ name, family: vendor + limit, rest, text, parts: partsOf(rest, text, rounding) })
  }
  return found
}

/** Whether there was more of a field than is read; `value` is the whole of it. */
export const isCut = ({ name, parts, text }: Field, value: string): boolean =>
  name.length > longest.name ||
  value.length > longest.value ||
  (parts.length === longest.members && membersOf(text).length > longest.members)

/** What one header says; `rest` is its name after `ratelimit-`. */
const partsOf = (rest: string | undefined, text: string, rounding: Rounding): ReadonlyArray<Part> => {
  const isPolicy = rest === "policy"
  const field = rest === undefined || isPolicy ? undefined : fieldOf(rest)
  if (field !== undefined) return [partOf(text, field.quota, { [field.key]: text }, rounding)]
  if (/^[a-z]+ *=/i.test(text)) {
    const part = partOf(text, isPolicy ? undefined : rest, pairs(text), rounding)
    // Of several policies without a name nothing tells which one the rest of the response is about.
    return [isPolicy && text.includes(",") ? { ...part, reading: undefined, isAmbiguous: true } : part]
  }
  if (rest !== undefined && !isPolicy) return []
  if (count(text) !== undefined && !isPolicy) return [partOf(text, undefined, { limit: text }, rounding)]
  const members = membersOf(text).slice(0, longest.members)
  return toldApart(members.map((part) => member(part, rounding)))
}

/** Of several only those that have a name can be told apart. */
const toldApart = (parts: ReadonlyArray<Part>): ReadonlyArray<Part> => {
  let told = 0
  for (const { reading } of parts) if (reading !== undefined) told++
  return told < 2
    ? parts
    : parts.map((part) =>
        part.reading !== undefined && part.reading.quota === undefined ? { ...part, isAmbiguous: true } : part
      )
}

/** The policies beside a limit as drafts up to 06 have them: `10, 10;w=1, 50;w=60`. None of them has a name. */
export const policies = ({ rest, text }: Field, rounding: Rounding): ReadonlyArray<Part> =>
  rest === "limit"
    ? membersOf(text)
        .slice(0, longest.members)
        .map((part) => member(part, rounding))
        .filter(({ values }) => values.window !== undefined)
    : []

/** The length of the window, where it is told. */
export const windowMillis = ({ interval, window = "" }: Values): number | undefined => {
  const millis = /^\d{1,9}$/.test(window) ? Number(window) * 1000 : count(interval)
  return millis === 0 ? undefined : millis
}

/** Which field a header is for, and what stands beside it: `requests-limit`, `limit-requests`, `limit`. */
const fieldOf = (rest: string): { readonly key: keyof Values; readonly quota: string | undefined } | undefined => {
  for (const [word, key] of fieldWords) {
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
  return members
}

/** One member of a structured list: `"burst";q=100;w=60`, `default;r=50`, and `100;w=60` as drafts up to 07 have it. */
const member = (text: string, rounding: Rounding): Part => {
  const silent = partOf(text, undefined, {}, rounding)
  const { parameters, value } = StructuredItem.parse(text.trim()) ?? {}
  // Negative numbers are told apart by their text, as -0 is one of them.
  if (parameters === undefined || /^\s*-/.test(text)) return silent
  const values: { -readonly [K in keyof Values]: Values[K] } = {}
  for (const [name, told] of parameters) {
    const key = keys.get(name)
    if (key !== undefined && told !== undefined) values[key] = String(told)
  }
  if (typeof value === "number") {
    return partOf(text, undefined, { ...windowOf(values), limit: String(value) }, rounding)
  }
  return typeof value === "string" ? partOf(text, value.slice(0, longest.name), values, rounding) : silent
}

const windowOf = ({ unit, window }: Values): Values => ({
  ...(window !== undefined && { window }),
  ...(unit !== undefined && { unit })
})

const partOf = (text: string, quota: string | undefined, values: Values, rounding: Rounding): Part => ({
  text,
  quota,
  values,
  reading: toReading(quota, values, rounding),
  isAmbiguous: false
})

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
