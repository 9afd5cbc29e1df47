/**
 * What a response says about limits, in one vocabulary for every dialect of headers.
 *
 * Parsing is total: any header value gives a signal or none, and never throws.
 */

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
  readonly readings: ReadonlyArray<Reading>
  /** Names of the quotas that a refusal closes; by default every quota of the claim. */
  readonly closes?: ReadonlyArray<string>
}

/** Nothing was said. */
export const none: Signal = { readings: [] }
