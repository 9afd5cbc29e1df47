/**
 * What a response says about limits, in one vocabulary for every dialect of headers.
 *
 * Parsing is total: any header value gives a signal or none, and never throws. Every number in a signal is finite and not
 * negative.
 *
 * @example
 * ```ts
 * import { Signal } from "@sluice/core"
 *
 * Signal.fromHeaders({ "retry-after": "30", "x-ratelimit-limit": "1000", "x-ratelimit-remaining": "0" })
 * // { retry: { kind: "after", millis: 30000, toleranceMillis: 1000 }, readings: [{ limit: 1000, remaining: 0 }] }
 * ```
 */
import * as HeaderDialects from "./signal/HeaderDialects.ts"
import * as ReadingChoice from "./signal/ReadingChoice.ts"
import * as ServedTime from "./signal/ServedTime.ts"
import * as WireTime from "./signal/WireTime.ts"

/**
 * An instant as the server told it, with its possible error: `after` counts from the response, `at` is epoch
 * milliseconds by the server's clock. The true instant lies within `toleranceMillis` on either side.
 */
export interface Instant {
  readonly kind: "after" | "at"
  readonly millis: number
  readonly toleranceMillis: number
}

/** The state of one quota as the server told it. */
export interface Reading {
  /** The quota's name, where the response tells; otherwise the reading belongs to the claim's only quota, or to none. */
  readonly quota?: string
  readonly limit?: number
  readonly remaining?: number
  /** When the window ends, or more units come. Never a window length. */
  readonly reset?: Instant
}

export interface Signal {
  /** When the provider says that one may come back. */
  readonly retry?: Instant
  /** The response's own `Date`, in epoch milliseconds truncated to the second; absent on cached responses. */
  readonly serverDateMillis?: number
  /** How long the server worked on the request, as it told, in milliseconds: see `Quota.Options.countsOnArrival`. */
  readonly servedMillis?: number
  readonly readings: ReadonlyArray<Reading>
  /** Whether the response was a refusal: says so to `RateLimiter.withPermit`, which sees no error of a provider's. */
  readonly isRefusal?: boolean
  /** Names of the quotas that a refusal closes; by default every quota of the claim. An empty list closes none. */
  readonly closes?: ReadonlyArray<string>
}

/** Nothing was said. */
export const none: Signal = { readings: [] }

/** How a provider's headers are to be read where they do not say it themselves. */
export interface Options {
  /**
   * Default `unknown`: a whole number of seconds may be off by one second, and generally a time by one of its last written
   * place. `exact` takes the provider at its word.
   */
  readonly rounding?: WireTime.Rounding
  /** The quota of a reading whose headers name none; by default it stays without a name. */
  readonly quota?: string
  /** Our names of quotas by those in the response (`default`, `requests`); others stay as they are. */
  readonly names?: Readonly<Record<string, string>>
}

/**
 * Reads `Retry-After`: seconds as `120` and `2.0`, or a date (the three of HTTP, and ISO 8601).
 *
 * Seconds are cut to 366 days. A negative or unreadable value says nothing, and neither does an empty one.
 */
export const retryAfter = (value: string | number | undefined, options?: Options): Instant | undefined => {
  const text = toText(value)
  if (text === "") return undefined
  const rounding = options?.rounding ?? "unknown"
  return WireTime.delay(text, 1000, rounding) ?? WireTime.date(text, rounding) ?? WireTime.span(text, rounding)
}

/** Reads `Retry-After-Ms`: milliseconds, cut to 366 days. */
export const retryAfterMillis = (value: string | number | undefined, options?: Options): Instant | undefined =>
  WireTime.delay(toText(value), 1, options?.rounding ?? "unknown")

/**
 * Reads the end of a window in any of its forms, told apart by form and magnitude: up to 31 622 400 (366 days) seconds
 * from the response; from 1e9 to 1e11 an epoch in seconds, from 1e12 to 1e14 in milliseconds; durations with units
 * (`6m0s`); dates of HTTP and of ISO 8601, also to the minute. Anything else says nothing.
 */
export const reset = (value: string | number | undefined, options?: Options): Instant | undefined =>
  WireTime.reset(toText(value), options?.rounding ?? "unknown")

/** The response's own `Date` in epoch milliseconds, truncated to the second; none if a cache answered (`Age` above 0). */
export const date = (headers: Readonly<Record<string, string | undefined>>): number | undefined =>
  isCached(headers) ? undefined : WireTime.httpDateMillis(toText(headerOf(headers, "date")))

/**
 * Everything that the headers of a response say about limits; names are in lower case.
 *
 * Reads `Retry-After` (and `Retry-After-Ms`, which is finer, unless the two contradict: then the later holds), `Date`,
 * `RateLimit` and `RateLimit-Policy` in all drafts, and the `X-RateLimit-*` and `X-Rate-Limit-*` families with their
 * vendors' prefixes, and `Server-Timing` and its kin. What a cached response says is old and not read, but for `Retry-After`. Instants by the server's clock lie at most
 * 366 days after the response's `Date`, where it has one.
 */
export const fromHeaders = (headers: Readonly<Record<string, string | undefined>>, options?: Options): Signal => {
  if (typeof headers !== "object" || headers === null) return none
  const serverDateMillis = date(headers)
  const bounded = (instant: Instant): Instant =>
    instant.kind === "at" && serverDateMillis !== undefined
      ? { ...instant, millis: Math.min(instant.millis, serverDateMillis + WireTime.longestMillis) }
      : instant
  const retry = later(
    retryAfterMillis(headerOf(headers, "retry-after-ms"), options),
    retryAfter(headerOf(headers, "retry-after"), options)
  )
  const served = isCached(headers) ? undefined : ServedTime.told((name) => headerOf(headers, name))
  const told = isCached(headers)
    ? []
    : ReadingChoice.choices(HeaderDialects.fields(headers, options?.rounding ?? "unknown"))
  return {
    ...(retry && { retry: bounded(retry) }),
    ...(serverDateMillis !== undefined && { serverDateMillis }),
    ...(served !== undefined && { servedMillis: served.millis }),
    readings: told.map(({ reading }) => ({
      ...reading,
      ...nameOf(reading.quota, options),
      ...(reading.reset && { reset: bounded(reading.reset) })
    }))
  }
}

const nameOf = (quota: string | undefined, options: Options | undefined): { readonly quota?: string } => {
  const { names = {} } = options ?? {}
  const name = quota === undefined ? options?.quota : Object.hasOwn(names, quota) ? names[quota] : quota
  return name === undefined ? {} : { quota: name }
}

/** The finer of the two, if they agree as far as the coarser can tell. */
const later = (fine: Instant | undefined, coarse: Instant | undefined): Instant | undefined =>
  fine === undefined || (coarse?.kind === "after" && coarse.millis - coarse.toleranceMillis > fine.millis)
    ? coarse
    : fine

/** Whether a cache answered, which stores headers as they were; an `Age` that cannot be read is one too many. */
export const isCached = (headers: Readonly<Record<string, string | undefined>>): boolean =>
  !/^\s*0*\s*$/.test(toText(headerOf(headers, "age")))

const headerOf = (headers: Readonly<Record<string, string | undefined>>, name: string): string | undefined =>
  Object.hasOwn(headers, name) ? headers[name] : undefined

const toText = (value: unknown): string =>
  typeof value === "string" ? value.slice(0, 128) : typeof value === "number" ? String(value) : ""
