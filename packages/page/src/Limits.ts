/** What the view of limits shows, as JSON. Instants are milliseconds of the server's wall clock. */
import { Schema } from "effect"

/** Calls of one rank and tenant that wait. */
export const Waiting = Schema.Struct({
  priority: Schema.Finite,
  /** Empty for nobody in particular. */
  tenant: Schema.String,
  calls: Schema.Int,
  units: Schema.Finite,
  /** When the first of them came. */
  since: Schema.Finite
})
export type Waiting = typeof Waiting.Type

/** One counter as it stands. */
export const Quota = Schema.Struct({
  /** Its provider's id; empty for a quota of no provider. */
  provider: Schema.String,
  /** Whose quota it is: a key by its hash, or a name. */
  partition: Schema.String,
  quota: Schema.String,
  /** What narrows the counter: an endpoint, a contact; or empty. */
  within: Schema.String,
  kind: Schema.String,
  /** The limit as it was configured. */
  published: Schema.Finite,
  windowMillis: Schema.Finite,
  /** The same, or less if the provider told so. */
  limit: Schema.Finite,
  /** Less than the limit for a while after an unexpected refusal. */
  limitInForce: Schema.Finite,
  held: Schema.Finite,
  cooling: Schema.Finite,
  /** Units that others were found to use. */
  foreign: Schema.Finite,
  free: Schema.Finite,
  refusals: Schema.Int,
  waiting: Schema.Array(Waiting),
  /** When the first who waits may go, or the next slot is free. */
  nextAt: Schema.NullOr(Schema.Finite),
  closedUntil: Schema.NullOr(Schema.Finite),
  /** What the provider said when it closed the quota. */
  closedBy: Schema.NullOr(Schema.String)
})
export type Quota = typeof Quota.Type

/** The numbers of one quota behind a refusal, or what was learned of it. */
export const Numbers = Schema.Struct({
  quota: Schema.String,
  limit: Schema.Finite,
  limitInForce: Schema.Finite,
  foreign: Schema.Finite,
  held: Schema.NullOr(Schema.Finite),
  cooling: Schema.NullOr(Schema.Finite),
  was: Schema.NullOr(Schema.Struct({ limit: Schema.Finite, limitInForce: Schema.Finite, foreign: Schema.Finite }))
})
export type Numbers = typeof Numbers.Type

/** What happened; equal ones in one moment are told as one. */
export const Happening = Schema.Struct({
  /** Higher for what came later. */
  id: Schema.Int,
  at: Schema.Finite,
  times: Schema.Int,
  kind: Schema.Literals(["refused", "paused", "resumed", "learned", "turnedAway", "longWait", "abandoned"]),
  /** Empty where it is not known. */
  provider: Schema.String,
  partition: Schema.String,
  quotas: Schema.Array(Schema.String),
  /** Whether our books explain a refusal; true for all that is none. */
  isExpected: Schema.Boolean,
  /** Until when a quota is closed, or when a long wait is expected to end. */
  until: Schema.NullOr(Schema.Finite),
  /** What closed a quota, or why a call was turned away or refused, in the words of the limiter's events and explanations; or empty. */
  cause: Schema.String,
  numbers: Schema.Array(Numbers)
})
export type Happening = typeof Happening.Type

/** All that is shown at an instant. */
export const Limits = Schema.Struct({
  at: Schema.Finite,
  /** Whose books they are: this process's, or those that several workers share. */
  scope: Schema.Literals(["process", "workers"]),
  /** By `keyOf`. */
  quotas: Schema.Record(Schema.String, Quota),
  /** How many there are besides those that are shown. */
  hidden: Schema.Int,
  /** The last ones, oldest first. */
  happenings: Schema.Array(Happening)
})
export type Limits = typeof Limits.Type

/** So many happenings are kept. */
export const keptHappenings = 200

/** One second a number each, in the order of `at`. */
export const History = Schema.Struct({
  at: Schema.Array(Schema.Finite),
  held: Schema.Array(Schema.Finite),
  cooling: Schema.Array(Schema.Finite),
  foreign: Schema.Array(Schema.Finite),
  limit: Schema.Array(Schema.Finite),
  waiting: Schema.Array(Schema.Finite),
  /** In that second. */
  refused: Schema.Array(Schema.Finite),
  turnedAway: Schema.Array(Schema.Finite)
})
export type History = typeof History.Type

/** What names a counter. */
export const keyOf = ({
  partition,
  provider,
  quota,
  within
}: Pick<Quota, "provider" | "partition" | "quota" | "within">): string => [provider, partition, quota, within].join("|")
