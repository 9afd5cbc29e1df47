/**
 * What there is to say of a wait or a refusal, in numbers of the moment at which it was decided.
 *
 * Gathered for every error and kept beside it, so that what is asked for later tells of then. Words are made when somebody
 * reads them.
 */
import type { Why } from "../Explanation.ts"
import type { Quota } from "../Quota.ts"

/** One quota of a claim; instants in epoch milliseconds, `Infinity` where only an answer can tell. */
export interface Fact {
  readonly quota: Quota
  readonly key: string
  readonly cost: number
  readonly limit: number
  readonly limitInForce: number
  readonly inFlight: number
  readonly cooling: number
  readonly foreign: number
  readonly free: number
  readonly reserved: number
  readonly before: number
  /** In the past while it is open. */
  readonly closedUntil: number
  /** The provider's own error that closed it, if this process saw it. */
  readonly refusal: unknown
  readonly why: Why
  readonly at: number
}

export interface Evidence {
  readonly at: number
  readonly origin: string
  readonly partition: string
  readonly why: Why
  /** The fact that decided; -1 for none. */
  readonly decided: number
  /** When the call may go, or went; `Infinity` where that is not known, or never. */
  readonly nextAt: number
  readonly waitedMillis: number
  readonly facts: ReadonlyArray<Fact>
}
