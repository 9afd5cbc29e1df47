/**
 * Times as servers write them: delays, epochs, dates and durations, each read into an `Instant`.
 *
 * Every reader is total. Text that it does not understand gives `undefined`; what it gives is finite, whole and not
 * negative, and delays are at most `longestMillis`.
 */
import { DateTime, Result } from "effect"
import * as Headers from "effect/http/Headers"
import type { Instant } from "../Signal.ts"

/**
 * What is known of how a provider rounds the times that it writes: `exact` is taken at its word, and `unknown` may be off
 * by one of the last place that is written (a second for whole seconds, 10 ms for `8.64s`, a minute for `10:30`).
 */
export type Rounding = "unknown" | "exact"

/** The longest delay that is believed, 366 days; a longer one is cut to it. */
export const longestMillis = 366 * 86_400_000

/** No time takes more characters than this; what follows is not looked at. */
const longestText = 64

/**
 * A plain number is told apart by its magnitude: up to 366 days are seconds from the response, from 1e9 to 1e11 (the
 * years 2001 to 5138) it is an epoch in seconds, from 1e12 to 1e14 (the same years) in milliseconds. Between and beyond
 * lies nothing that can be meant.
 */
const isEpoch = (seconds: number): boolean => seconds >= 1e9 && seconds < 1e11

const decimal = /^\+?\d+(?:\.(\d+))?$/
const iso = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)? ?(?:Z|UTC|GMT|([+-])(\d\d):?(\d\d))?$/i
const duration = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|μs|ms|s|m|h|d) ?)+$/
const durationPart = /(\d+(?:\.(\d+))?)(ns|us|µs|μs|ms|s|m|h|d)/g
const unitMillis: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000
}

/** A delay as a number of `millis`-long units: `120`, `2.0`. Of several, as proxies join them, the longest. */
export const delay = (text: string, millis: number, rounding: Rounding): Instant | undefined => {
  const parts = trim(text)
    .split(",")
    .map((part) => delayOf(part.trim(), millis, rounding))
  return parts.reduce((longest, part) =>
    longest === undefined || part === undefined ? undefined : part.millis > longest.millis ? part : longest
  )
}

/** A date of HTTP in any of its three forms, or of ISO 8601 (also to the minute; without a zone it is UTC). */
export const date = (text: string, rounding: Rounding): Instant | undefined => {
  const http = httpDateMillis(text)
  if (http !== undefined) return instant("at", http, 1000, rounding)
  const match = iso.exec(trim(text))
  if (match === null) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0)) as Six
  const midnight = Date.UTC(year, month - 1, day)
  const isDay = new Date(midnight).getUTCDate() === day && new Date(midnight).getUTCMonth() === month - 1
  if (!isDay || year < 1970 || hour > 23 || minute > 59 || second > 60) return undefined
  const offset = (Number(match[9] ?? 0) * 60 + Number(match[10] ?? 0)) * (match[8] === "-" ? -1 : 1)
  const fraction = match[7]
  const whole = midnight + ((hour * 60 + minute - offset) * 60 + second) * 1000
  const millis = whole + Number(`0.${fraction ?? 0}`) * 1000
  return instant("at", millis, match[6] === undefined ? 60_000 : placeMillis(1000, fraction), rounding)
}
type Six = [number, number, number, number, number, number]

/** A duration with its units: `6m0s`, `17ms`, `1h2m3.5s`, counted from the response. */
export const span = (text: string, rounding: Rounding): Instant | undefined => {
  const trimmed = trim(text)
  if (!duration.test(trimmed)) return undefined
  let millis = 0
  let tolerance = 1000
  for (const [, number, fraction, unit] of trimmed.matchAll(durationPart)) {
    const each = unitMillis[unit ?? ""] ?? 0
    millis += Number(number) * each
    tolerance = Math.min(tolerance, placeMillis(each, fraction))
  }
  return instant("after", millis, tolerance, rounding)
}

/** Any of the forms in which a reset is written, told apart by form and magnitude. */
export const reset = (text: string, rounding: Rounding): Instant | undefined => {
  const trimmed = trim(text)
  const match = decimal.exec(trimmed)
  if (match === null) return date(trimmed, rounding) ?? span(trimmed, rounding)
  const value = Number(trimmed)
  if (value * 1000 <= longestMillis) return delayOf(trimmed, 1000, rounding)
  if (isEpoch(value)) {
    return instant("at", value * 1000, placeMillis(1000, match[1]), rounding)
  }
  if (isEpoch(value / 1000)) {
    // Whole seconds in milliseconds were rounded to seconds first.
    return instant("at", value, value % 1000 === 0 ? 1000 : 1, rounding)
  }
  return undefined
}

/** A date of HTTP in epoch milliseconds, from 1970 on. */
export const httpDateMillis = (text: string): number | undefined => {
  // A second's responses carry the same `Date`.
  if (text !== latest.text) latest = { text, millis: httpDateOf(text) }
  return latest.millis
}
let latest: { readonly text: string; readonly millis: number | undefined } = { text: "", millis: undefined }

const httpDateOf = (text: string): number | undefined => {
  const trimmed = trim(text)
  // The parser makes an error for what is no date, with its stack, and headers are read with every response.
  if (!/^[a-z]{3,9},? /i.test(trimmed)) return undefined
  const parsed = Headers.parseHttpDate(trimmed)
  if (Result.isFailure(parsed)) return undefined
  const millis = DateTime.toEpochMillis(parsed.success)
  return millis >= 0 ? millis : undefined
}

const delayOf = (text: string, millis: number, rounding: Rounding): Instant | undefined => {
  const match = decimal.exec(text)
  return match === null ? undefined : instant("after", Number(text) * millis, placeMillis(millis, match[1]), rounding)
}

const instant = (kind: Instant["kind"], millis: number, toleranceMillis: number, rounding: Rounding): Instant => {
  // Doubles have 64.57 s a little below 64570 ms, and 1.1 s a little above 1100; up, because early is refused.
  const whole = Math.max(0, Math.ceil(Number(millis.toFixed(3))))
  return {
    kind,
    millis: kind === "after" ? Math.min(whole, longestMillis) : whole,
    toleranceMillis: rounding === "exact" ? 0 : toleranceMillis
  }
}

/** What one of the last written place is worth. `2.0` is a whole number in the hand of a language that prints floats. */
const placeMillis = (unit: number, fraction: string | undefined): number =>
  Math.max(1, Math.ceil(fraction === undefined || fraction === "0" ? unit : unit / 10 ** fraction.length))

const trim = (text: string): string => text.slice(0, longestText).trim()
