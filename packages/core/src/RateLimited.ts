/**
 * What every provider's refusal has in common: the fields that each provider's tagged error shares.
 *
 * @example
 * ```ts
 * import { RateLimited } from "@sluice/core"
 * import { Schema } from "effect"
 *
 * class AttioRateLimited extends Schema.TaggedError<AttioRateLimited>()("AttioRateLimited", {
 *   ...RateLimited.fields,
 *   code: Schema.String
 * }) {}
 * ```
 */
import { DateTime, Duration, Effect, Option, Predicate, Schema } from "effect"
import { becauseOf } from "./limiter/Gathering.ts"
import { dateOf } from "./limiter/WallTime.ts"
import type { Wire } from "./Provider.ts"
import type { Instant, Signal } from "./Signal.ts"

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

/** A field of a refusal's body that may be missing or of another type: then it is none, and the others are still read. */
export const field = <S extends Schema.Constraint>(schema: S) =>
  Schema.OptionFromOptionalKey(schema).pipe(Schema.catchDecoding(() => Effect.succeedSome(Option.none())))

/** A total reader of refusals' bodies, for a schema whose fields may all be missing: text that is no JSON object gives none of them. */
export const reader = <S extends Schema.ConstraintDecoder<unknown>>(body: S) => {
  const read = Schema.decodeUnknownOption(Schema.fromJsonString(body))
  const empty: S["Type"] = Schema.decodeUnknownSync(body)({})
  return (text: string): S["Type"] => Option.getOrElse(read(text), () => empty)
}

/** The fields that every provider's error shares, as `refused` reads them. */
export interface Common {
  readonly provider: string
  readonly quota: Option.Option<string>
  readonly retryAt: Option.Option<DateTime.Utc>
  readonly retryAfter: Option.Option<Duration.Duration>
  readonly requestId: Option.Option<string>
  readonly isRetryable: boolean
  readonly raw: string
}

/**
 * What a refusal says whoever the provider is: the common fields of its error, and a signal that closes what `said` names
 * in `closes`, or else the quota that refused, or every quota of the claim where neither is told.
 *
 * An instant of the server's clock is corrected by the response's own `Date`. A wait that is past, zero or missing is
 * none, in both.
 */
export const refused = (
  provider: string,
  wire: Pick<Wire, "body" | "receivedAtMillis">,
  said: Signal,
  details: {
    readonly quota?: Option.Option<string>
    readonly requestId?: Option.Option<string>
    /** By default what `said` holds as `retry`. */
    readonly retry?: Instant | undefined
    /** Default `true`. */
    readonly isRetryable?: boolean
  } = {}
): { readonly signal: Signal; readonly common: Common } => {
  const { body: raw, receivedAtMillis } = wire
  const { isRetryable = true, quota = Option.none(), requestId = Option.none() } = details
  const { retry: saidRetry, ...rest } = said
  const { retry = saidRetry } = details
  const startsAt = retry?.kind === "at" ? (said.serverDateMillis ?? receivedAtMillis) : 0
  const wait = Option.filter(Option.fromUndefinedOr(retry && retry.millis - startsAt), (millis) => millis > 0)
  return {
    signal: {
      ...(Option.isSome(quota) && { closes: [quota.value] }),
      ...rest,
      ...(retry && Option.isSome(wait) && { retry })
    },
    common: {
      provider,
      quota,
      retryAfter: Option.map(wait, Duration.millis),
      retryAt: Option.map(wait, (millis) => dateOf(receivedAtMillis + millis)),
      requestId,
      isRetryable,
      raw
    }
  }
}

/** One sentence on a refusal for its message: who refused by which limit, what was said, and when to come back. */
export const sentence = (
  title: string,
  error: Pick<RateLimited, "quota" | "retryAt" | "retryAfter" | "isRetryable">,
  said: Option.Option<string>
) =>
  `${title} refused the request` +
  Option.match(error.quota, { onNone: () => "", onSome: (quota) => ` by its limit ${JSON.stringify(quota)}` }) +
  Option.match(said, { onNone: () => "", onSome: (text) => `, saying ${JSON.stringify(text)}` }) +
  (error.isRetryable ? comeBack(error) : "; repeating the request cannot succeed.") +
  becauseOf(error)

const comeBack = ({ retryAfter, retryAt }: Pick<RateLimited, "retryAt" | "retryAfter">) =>
  Option.isSome(retryAt)
    ? `; it may be asked again at ${DateTime.formatIso(retryAt.value)}.`
    : Option.isSome(retryAfter)
      ? `; it may be asked again after ${Duration.format(retryAfter.value)}.`
      : "; it tells no time to come back."

/** The common view of every provider's refusal. */
export interface RateLimited extends Error, Common {
  readonly _tag: string
}

/** Whether the value is some provider's refusal. */
export const isRateLimited = (input: unknown): input is RateLimited =>
  Predicate.hasProperty(input, "_tag") &&
  Predicate.hasProperty(input, "provider") &&
  Predicate.hasProperty(input, "isRetryable") &&
  Predicate.hasProperty(input, "retryAfter") &&
  Option.isOption(input.retryAfter)
