import type { DateTime } from "effect"

/** What a limiter tells about its work. Partitions are names that may be printed. */
export type LimiterEvent =
  /** A call will wait longer than `longWait`. */
  | {
      readonly _tag: "LongWait"
      readonly partition: string
      readonly quota: string
      readonly expectedAt: DateTime.Utc
      readonly waiting: number
    }
  /** A provider refused although our books had room. */
  | {
      readonly _tag: "Refused"
      readonly partition: string
      readonly quotas: ReadonlyArray<{
        readonly quota: string
        readonly limit: number
        readonly limitInForce: number
        readonly inFlight: number
        readonly cooling: number
        readonly foreign: number
      }>
      readonly closedUntil: DateTime.Utc
      readonly refusal: unknown
    }
  /** A request ended unseen; its slots are held as long as a server may still work on it. */
  | { readonly _tag: "Abandoned"; readonly partition: string; readonly quotas: ReadonlyArray<string> }
