/** Instants that a server told, by our clock, with how far off they may be. */
import { retryUntil } from "../admission/Told.ts"
import type { Instant, Signal } from "../Signal.ts"

/** What is known of the two clocks, in epoch milliseconds. */
export interface Clocks {
  readonly receivedAt?: number
  readonly sentAt?: number
  readonly serverDateMillis: number | undefined
}

export interface Moment {
  readonly told: Instant
  /**
   * It lies between these, in epoch milliseconds by our clock; by the server's, if it is not known when the response came;
   * and not at all, if the response has no `Date` either and the instant counts from it.
   */
  readonly fromMillis?: number
  readonly byMillis?: number
  /** Whether it was over when the response came, so that nothing has to be waited for. */
  readonly isPast: boolean
}

export interface Skew {
  readonly fromMillis: number
  readonly byMillis: number
}

/** A `Date` is truncated to the second, and was written between sending and receiving. */
export const skew = ({ receivedAt, sentAt = receivedAt, serverDateMillis }: Clocks): Skew | undefined =>
  receivedAt === undefined || sentAt === undefined || serverDateMillis === undefined
    ? undefined
    : { fromMillis: serverDateMillis - receivedAt, byMillis: serverDateMillis + 1000 - sentAt }

/** The end of a window; past if it was so when the request was sent. */
export const ofReset = (told: Instant, clocks: Clocks): Moment => {
  const bounds = boundsOf(told, clocks)
  const { receivedAt, sentAt = receivedAt, serverDateMillis } = clocks
  const asked = sentAt ?? serverDateMillis
  return { told, ...bounds, isPast: asked !== undefined && bounds.byMillis !== undefined && bounds.byMillis <= asked }
}

/** Until when to stay away; past if a limiter would not wait. */
export const ofRetry = (told: Instant, signal: Signal, clocks: Clocks): Moment => {
  const now = clocks.receivedAt ?? clocks.serverDateMillis
  const isPast =
    now === undefined
      ? told.kind === "after" && told.millis === 0
      : retryUntil(told, signal, undefined, now, now) === undefined
  return { told, ...boundsOf(told, clocks), isPast }
}

const boundsOf = (
  { kind, millis, toleranceMillis }: Instant,
  clocks: Clocks
): { readonly fromMillis?: number; readonly byMillis?: number } => {
  const { receivedAt, sentAt = receivedAt, serverDateMillis: date } = clocks
  const within = (from: number, by: number) => ({ fromMillis: from - toleranceMillis, byMillis: by + toleranceMillis })
  if (kind === "at") {
    const ahead = skew(clocks)
    return ahead === undefined ? within(millis, millis) : within(millis - ahead.byMillis, millis - ahead.fromMillis)
  }
  if (receivedAt !== undefined && sentAt !== undefined) return within(sentAt + millis, receivedAt + millis)
  return date === undefined ? {} : within(date + millis, date + 1000 + millis)
}
