/**
 * Everything that a response says about limits, which of its headers say it, and what was passed over and why.
 *
 * It reads by the same rules as `Signal.fromHeaders`, which is what a limiter takes in: a limit with `isReading` is one
 * of that signal's readings. Total, as that is.
 *
 * @example
 * ```ts
 * import * as Inspection from "@sluice/core/Inspection"
 *
 * Inspection.of({ "x-ratelimit-limit": "60", "x-ratelimit-remaining": "9", "x-ratelimit-reset": "soon" })
 * // limits: [{ dialect: "x-ratelimit", limit: 60, remaining: 9, ... }]
 * // ignored: [{ field: "x-ratelimit-reset", value: "soon", what: "reset", reason: "unreadable", by: [] }]
 * ```
 */
import * as Limits from "./inspection/Limits.ts"
import * as Moment from "./inspection/Moment.ts"
import * as Signal from "./Signal.ts"
import * as HeaderDialects from "./signal/HeaderDialects.ts"
import * as ServedTime from "./signal/ServedTime.ts"

export type { Moment } from "./inspection/Moment.ts"
export { type Statement, toPolicy } from "./inspection/Statement.ts"

export interface Options extends Pick<Signal.Options, "rounding"> {
  /** When the response came, in epoch milliseconds by our clock; without it, instants are by the server's. */
  readonly receivedAt?: number
  /** When the request was sent; by default when the response came, as if it had taken no time. */
  readonly sentAt?: number
}

/** A limit as it was told. Nothing is made up: what is not told is not there. */
export interface Limit {
  /** What the names of its headers begin with: `ratelimit`, `x-ratelimit`, `anthropic-ratelimit`. */
  readonly dialect: string
  readonly quota?: string
  readonly limit?: number
  readonly windowMillis?: number
  readonly remaining?: number
  readonly reset?: Moment.Moment
  /** What it counts, where that is told: `requests`, `content-bytes`, `concurrent-requests`. */
  readonly unit?: string
  /** The headers that say it. */
  readonly from: ReadonlyArray<string>
  /** Those of them that say the limit and the window. */
  readonly statedBy: ReadonlyArray<string>
  /** Whether a limiter takes it for the state of a quota; otherwise it is only a policy that stands beside. */
  readonly isReading: boolean
}

/**
 * Why something was passed over.
 *
 * - `unknown`: it sounds like a limit, and no dialect has such a header.
 * - `unreadable`: not the number or the time that it would have to be.
 * - `cached`: a cache answered, and what it says is old.
 * - `past`: an instant that lies behind.
 * - `ambiguous`: nothing tells which limit it is about.
 * - `contradictory`: another says something stricter of the same.
 * - `superseded`: another says the same, or more of it, or finer.
 * - `overlong`: there is more of it than is read.
 */
export type Reason =
  | "unknown"
  | "unreadable"
  | "cached"
  | "past"
  | "ambiguous"
  | "contradictory"
  | "superseded"
  | "overlong"

/** A header, or a part of one, that a limiter takes nothing from. */
export interface Ignored {
  readonly field: string
  /** The header's value, or that part of it, cut to 128 characters. */
  readonly value: string
  /** Which number of it; by default all of them. */
  readonly what?: "limit" | "remaining" | "reset" | "window" | "retry"
  readonly reason: Reason
  /** The headers that are believed instead. */
  readonly by: ReadonlyArray<string>
}

export interface Inspection {
  readonly limits: ReadonlyArray<Limit>
  /** Until when the response asks to stay away. */
  readonly retry?: Moment.Moment & { readonly from: string }
  /** How long the server says that it worked on the request: see `Quota.Options.countsOnArrival`. */
  readonly served?: { readonly millis: number; readonly from: string }
  /** The response's own `Date`, truncated to the second. */
  readonly serverDateMillis?: number
  /** The server's clock minus ours lies between these; only with `receivedAt`. */
  readonly skew?: Moment.Skew
  readonly ignored: ReadonlyArray<Ignored>
}

/** Whether a header's name sounds like a limit, in whatever dialect. */
export const soundsLikeLimit = (name: string): boolean => sounding.test(name)
const sounding = /limit|quota|throttl|retry|backoff|concurren|remaining|(?:^|[^a-z])(?:rate|burst|usage)(?:[^a-z]|$)/i

/** Inspects the headers of a response; names are in lower case. */
export const of = (headers: Readonly<Record<string, string | undefined>>, options: Options = {}): Inspection => {
  if (typeof headers !== "object" || headers === null) return { limits: [], ignored: [] }
  const told = Object.entries(headers)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, textOf(value)] as const)
  const signal = Signal.fromHeaders(headers, options)
  const clocks: Moment.Clocks = { ...options, serverDateMillis: signal.serverDateMillis }
  const isCached = Signal.isCached(headers)
  const fields = isCached ? [] : HeaderDialects.fields(headers, options.rounding ?? "unknown")
  const { ignored, limits } = Limits.of(headers, fields, signal.readings, clocks, options.rounding ?? "unknown")
  const retry = signal.retry && { ...Moment.ofRetry(signal.retry, signal, clocks), from: retryFrom(headers, signal) }
  const served = isCached ? undefined : ServedTime.told((name) => own(headers, name))
  const skew = Moment.skew(clocks)
  const used = new Set([...limits.flatMap(({ from }) => from), retry?.from, served?.name])
  const passedOver = told.filter(([name]) => !used.has(name) && !ignored.some(({ field }) => field === name))
  return {
    limits,
    ...(retry && { retry }),
    ...(served && { served: { millis: served.millis, from: served.name } }),
    ...(signal.serverDateMillis !== undefined && { serverDateMillis: signal.serverDateMillis }),
    ...(skew && { skew }),
    ignored: [
      ...ignored,
      ...(retry?.isPast ? [entry(retry.from, textOf(own(headers, retry.from)), "past", [], "retry")] : []),
      ...passedOver.flatMap(([name, value]) => {
        const why = reasonOf(name, value, { isCached, retry: retry?.from, served: served?.name, signal })
        return why === undefined ? [] : [entry(name, value, why.reason, why.by)]
      })
    ]
  }
}

/** Which of the two the retry is from: the finer one, unless the other held. */
const retryFrom = (headers: Readonly<Record<string, string | undefined>>, { retry }: Signal.Signal): string => {
  const fine = Signal.retryAfterMillis(textOf(own(headers, "retry-after-ms")))
  return fine !== undefined && retry?.kind === "after" && retry.millis === fine.millis
    ? "retry-after-ms"
    : "retry-after"
}

/** Why a header was passed over that no limit is from; nothing if it is about something else. */
const reasonOf = (
  name: string,
  value: string,
  to: {
    readonly isCached: boolean
    readonly retry: string | undefined
    readonly served: string | undefined
    readonly signal: Signal.Signal
  }
): { readonly reason: Reason; readonly by: ReadonlyArray<string> } | undefined => {
  const by = (other: string | undefined) => (other === undefined ? [] : [other])
  if (name === "retry-after" || name === "retry-after-ms") {
    const own = name === "retry-after" ? Signal.retryAfter(value) : Signal.retryAfterMillis(value)
    if (own === undefined) return { reason: "unreadable", by: [] }
    return { reason: name === "retry-after" ? "superseded" : "contradictory", by: by(to.retry) }
  }
  if (name === "date") {
    if (to.signal.serverDateMillis !== undefined) return undefined
    return { reason: to.isCached ? "cached" : "unreadable", by: [] }
  }
  if (ServedTime.isField(name)) {
    if (to.isCached) return { reason: "cached", by: [] }
    const own = ServedTime.told((other) => (other === name ? value : undefined))
    return own === undefined ? { reason: "unreadable", by: [] } : { reason: "superseded", by: by(to.served) }
  }
  if (!soundsLikeLimit(name)) return undefined
  return { reason: to.isCached && HeaderDialects.isField(name) ? "cached" : "unknown", by: [] }
}

const entry = (
  field: string,
  value: string,
  reason: Reason,
  by: ReadonlyArray<string>,
  what?: Ignored["what"]
): Ignored => ({ field, value: value.slice(0, Limits.longestShown), ...(what && { what }), reason, by })

const own = (headers: Readonly<Record<string, string | undefined>>, name: string): string | undefined =>
  Object.hasOwn(headers, name) ? headers[name] : undefined

/** Whatever else a record may hold is no header. */
const textOf = (value: unknown): string =>
  typeof value === "string" ? value : typeof value === "number" ? String(value) : ""
