/** What comes of a plan: plain data, times in milliseconds from the start. */
import { Schema } from "effect"

const Count = Schema.Finite
const Millis = Schema.Finite

/** A time in which a class was held back by one thing for the most part: a quota by its name, or none but its own workers. */
export const Interval = Schema.Struct({
  fromMillis: Millis,
  toMillis: Millis,
  quota: Schema.NullOr(Schema.String),
  /** The part of this time for which the first of those who waited waited for that quota. */
  share: Schema.Finite
})

export const PlannedClass = Schema.Struct({
  name: Schema.String,
  calls: Count,
  workers: Count,
  draws: Schema.Array(Schema.Struct({ quota: Schema.String, cost: Count })),
  doneAfterMillis: Millis,
  /** Calls done until the deadline, if there is one. */
  doneByDeadline: Schema.optionalKey(Count),
  /** For how long calls waited for each quota; of those who wait the first counts. */
  heldMillis: Schema.Record(Schema.String, Millis),
  bound: Schema.Array(Interval),
  /** Calls done by the end of each bucket. */
  done: Schema.Array(Count)
})

export const PlannedQuota = Schema.Struct({
  name: Schema.String,
  kind: Schema.String,
  limit: Count,
  windowMillis: Millis,
  units: Count,
  /** What was used of what the quota could have passed until it was needed no more, from 0 to 1. */
  utilisation: Schema.Finite
})

/** What another limit, or other numbers of workers, would give. */
export const Alternative = Schema.Struct({
  change: Schema.Literals(["limit", "workers"]),
  /** The quota whose limit is changed; or the class whose workers are. */
  of: Schema.String,
  from: Count,
  to: Count,
  doneAfterMillis: Millis,
  /** When those classes are done that are done sooner. */
  sooner: Schema.Array(Schema.Struct({ name: Schema.String, doneAfterMillis: Millis })),
  /** The least number that binds nothing any more: from there on, something else does. Left out where it was not found in time. */
  enough: Schema.optionalKey(Count)
})

export const Plan = Schema.Struct({
  provider: Schema.String,
  seed: Schema.Finite,
  latencyMillis: Schema.Struct({ before: Schema.String, after: Schema.String }),
  /** When the last call is answered. */
  doneAfterMillis: Millis,
  calls: Count,
  /** Nothing is refused: a run that was refused once gives no plan. */
  refusals: Schema.Literal(0),
  classes: Schema.Array(PlannedClass),
  quotas: Schema.Array(PlannedQuota),
  deadlineMillis: Schema.optionalKey(Millis),
  bucketMillis: Millis,
  alternatives: Schema.Array(Alternative),
  computed: Schema.Struct({
    /** Calls that were gone through one by one, in the plan itself. */
    simulated: Count,
    /** The round that came again, and how often it was passed over. */
    roundMillis: Schema.optionalKey(Millis),
    rounds: Count
  })
})
export type Plan = typeof Plan.Type
export type PlannedClass = typeof PlannedClass.Type
export type PlannedQuota = typeof PlannedQuota.Type
export type Alternative = typeof Alternative.Type
export type Interval = typeof Interval.Type
