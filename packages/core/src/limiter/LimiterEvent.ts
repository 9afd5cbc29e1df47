import type { DateTime, Option } from "effect"
import type { AdmissionError } from "../AdmissionError.ts"
import type { Why } from "../Explanation.ts"

/** What a limiter tells about its work. Partitions are names that may be printed. */
export type LimiterEvent = LongWait | TurnedAway | Refused | Paused | Resumed | Learned | Abandoned

/** A quota's limits, and where its units are, as in `QuotaStatus`. */
export interface Numbers {
  readonly limit: number
  readonly limitInForce: number
  readonly inFlight: number
  readonly cooling: number
  readonly foreign: number
}

/** A call will wait longer than `longWait`. */
export interface LongWait {
  readonly _tag: "LongWait"
  readonly partition: string
  readonly quota: string
  readonly expectedAt: DateTime.Utc
  readonly waiting: number
}

/** A call was not admitted: it failed by an `AdmissionError` with that reason. */
export interface TurnedAway {
  readonly _tag: "TurnedAway"
  readonly partition: string
  readonly reason: AdmissionError["reason"]["_tag"]
  /** Which quota decided, if one did. */
  readonly quota: Option.Option<string>
  /** How that one stood. */
  readonly numbers: Numbers | undefined
}

/** A provider refused what was sent. */
export interface Refused {
  readonly _tag: "Refused"
  readonly partition: string
  /** How our books explain it; `unexpected` if they had room. */
  readonly why: Extract<Why, "unexpected" | "usedByOthers" | "closedBefore" | "inDoubt" | "elsewhere">
  readonly quotas: ReadonlyArray<Numbers & { readonly quota: string }>
  readonly closedUntil: DateTime.Utc
  readonly refusal: unknown
}

/** A refusal closed quotas, or closed them for longer: nothing that draws on them is sent until then. */
export interface Paused {
  readonly _tag: "Paused"
  readonly partition: string
  readonly quotas: ReadonlyArray<string>
  readonly until: DateTime.Utc
  /** What the provider's error says, without what may be a secret. */
  readonly cause: string
}

/** The first call after a closure was admitted. */
export interface Resumed {
  readonly _tag: "Resumed"
  readonly partition: string
  readonly quotas: ReadonlyArray<string>
}

/** What a provider told changed a limit, or what others are known to use. */
export interface Learned extends Numbers {
  readonly _tag: "Learned"
  readonly partition: string
  readonly quota: string
  readonly was: Numbers
}

/** A request ended unseen; its slots are held as long as a server may still work on it. */
export interface Abandoned {
  readonly _tag: "Abandoned"
  readonly partition: string
  readonly quotas: ReadonlyArray<string>
}
