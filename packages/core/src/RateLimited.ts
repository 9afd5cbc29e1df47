/**
 * What every provider's refusal has in common: the fields that each provider's tagged error shares.
 *
 * @example
 * ```ts
 * class AttioRateLimited extends Schema.TaggedError<AttioRateLimited>()("AttioRateLimited", {
 *   ...RateLimited.fields,
 *   code: Schema.String
 * }) {}
 * ```
 */
import { DateTime, Duration, Option, Predicate, Schema } from "effect"

export const fields = {
  /** The provider's id. */
  provider: Schema.String,
  /** Which quota refused, if the response tells. */
  quota: Schema.Option(Schema.String),
  /** The instant from which one may ask again, by our own wall clock. */
  retryAt: Schema.Option(Schema.DateTimeUtc),
  /** The same, counted from the response. */
  retryAfter: Schema.Option(Schema.Duration),
  requestId: Schema.Option(Schema.String),
  /** Whether repeating the request can succeed at all. */
  isRetryable: Schema.Boolean,
  /** The refusal's body as it came, at most 64 KiB. */
  raw: Schema.String
}

/** The common view of every provider's refusal. */
export interface RateLimited extends Error {
  readonly _tag: string
  readonly provider: string
  readonly quota: Option.Option<string>
  readonly retryAt: Option.Option<DateTime.Utc>
  readonly retryAfter: Option.Option<Duration.Duration>
  readonly requestId: Option.Option<string>
  readonly isRetryable: boolean
  readonly raw: string
}

/** Whether the value is some provider's refusal. */
export const isRateLimited = (input: unknown): input is RateLimited =>
  Predicate.hasProperty(input, "_tag") &&
  Predicate.hasProperty(input, "provider") &&
  Predicate.hasProperty(input, "isRetryable") &&
  Predicate.hasProperty(input, "retryAfter") &&
  Option.isOption(input.retryAfter)
