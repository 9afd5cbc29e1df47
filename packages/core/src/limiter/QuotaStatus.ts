import type { Option } from "effect"
import type { DateTime } from "effect"
import type { Kind } from "../Quota.ts"

/** One quota as it stands now. */
export interface QuotaStatus {
  readonly partition: string
  readonly quota: string
  /** What narrows the counter within the partition: an endpoint, a contact; or empty. */
  readonly within: string
  readonly kind: Kind
  /** The limit that was configured, or less if the provider told so. */
  readonly limit: number
  /** The limit in force: less than `limit` for a while after an unexpected refusal. */
  readonly limitInForce: number
  readonly inFlight: number
  readonly cooling: number
  /** Units that others were found to use. */
  readonly foreign: number
  readonly free: number
  readonly refusals: number
  readonly closedUntil: Option.Option<DateTime.Utc>
}
