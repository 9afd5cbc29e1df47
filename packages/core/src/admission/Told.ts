/** Turns what a server told, by its clock and with its rounding, into instants by ours that are never too early. */
import type { Claim } from "../Claim.ts"
import type { Quota } from "../Quota.ts"
import type { Instant, Reading, Signal } from "../Signal.ts"
import type { Book, Told } from "./Book.ts"
import type { ServerClock } from "./ServerClock.ts"

/** Nothing is put off for longer, whatever a server says: arithmetic stays exact. */
const longestMillis = 366 * 24 * 3_600_000

/** The instant until which a refusal closes, or nothing if it is past or unreadable. */
export const retryUntil = (
  retry: Instant,
  signal: Signal,
  clock: ServerClock | undefined,
  nowMillis: number,
  wallMillis: number
): number | undefined => {
  const after =
    retry.kind === "after" ? retry.millis : afterOf(retry.millis, signal, clock, nowMillis, wallMillis) - nowMillis
  if (!(after > 0)) return undefined
  return nowMillis + Math.min(longestMillis, Math.ceil(after + retry.toleranceMillis))
}

/** What the signal says of one book; nothing if it speaks of others only. */
export const toldOf = (
  signal: Signal,
  book: Book,
  claim: Claim,
  clock: ServerClock | undefined,
  sentAt: number,
  nowMillis: number,
  wallMillis: number
): Told | undefined => {
  if (signal.readings.length === 0) return undefined
  const reading = readingOf(signal.readings, book.quota, claim)
  if (!reading) return undefined
  const { reset } = reading
  const bounds = reset && boundsOf(reset, signal, book, clock, sentAt, nowMillis, wallMillis)
  const isAhead = bounds !== undefined && bounds.by > sentAt
  return {
    limit: wholeOf(reading.limit, 1),
    remaining: wholeOf(reading.remaining, 0),
    resetFrom: isAhead ? bounds.from : undefined,
    resetBy: isAhead ? Math.min(bounds.by, nowMillis + longestMillis) : undefined
  }
}

/** Between which instants a reset lies; nothing where the server's clock is not known and a slot depends on it. */
const boundsOf = (
  reset: Instant,
  signal: Signal,
  book: Book,
  clock: ServerClock | undefined,
  sentAt: number,
  nowMillis: number,
  wallMillis: number
): { readonly from: number; readonly by: number } | undefined => {
  const { kind, millis, toleranceMillis } = reset
  if (kind === "after") {
    // The server counts these milliseconds by its own clock.
    const drift = (millis + toleranceMillis) * book.quota.rateMargin
    return {
      from: sentAt + Math.floor(millis - drift - toleranceMillis),
      by: nowMillis + Math.ceil(millis + drift + toleranceMillis)
    }
  }
  const within = (from: number, by: number) => ({
    from: Math.floor(from - toleranceMillis),
    by: Math.ceil(by + toleranceMillis)
  })
  if (clock?.isKnown) return within(clock.earliest(millis, nowMillis), clock.latest(millis, nowMillis))
  if (book.quota.phase === "reset") return undefined
  const at = afterOf(millis, signal, clock, nowMillis, wallMillis)
  return within(at, at)
}

/** The reading that speaks of the quota. */
export const readingOf = (readings: ReadonlyArray<Reading>, quota: Quota, claim: Claim): Reading | undefined => {
  for (const reading of readings) {
    if (reading.quota === quota.name || (reading.quota === undefined && claim.needs.length === 1)) return reading
  }
  return undefined
}

/** A server's instant by our clock: from the response's own `Date`, else from what was learned, else from our wall clock. */
const afterOf = (
  millis: number,
  signal: Signal,
  clock: ServerClock | undefined,
  nowMillis: number,
  wallMillis: number
): number => {
  if (signal.serverDateMillis !== undefined) return nowMillis + (millis - signal.serverDateMillis)
  if (clock?.isKnown) return clock.latest(millis, nowMillis)
  return nowMillis + (millis - wallMillis)
}

/** A number of units as told, where it can be one. */
export const wholeOf = (value: number | undefined, minimum: number): number | undefined =>
  value !== undefined && Number.isFinite(value) && value >= minimum && value <= 1_000_000_000
    ? Math.floor(value)
    : undefined
