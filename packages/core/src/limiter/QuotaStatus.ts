import { type DateTime, Option } from "effect"
import type { Book } from "../admission/Book.ts"
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
  /** Foreign units: what others were found to use. */
  readonly foreign: number
  readonly free: number
  readonly refusals: number
  readonly closedUntil: Option.Option<DateTime.Utc>
}

/** The status of the books kept under a need's key. */
export const statusOf = (
  key: string,
  book: Book,
  nowMillis: number,
  dateOf: (atMillis: number) => DateTime.Utc
): QuotaStatus => {
  book.advance(nowMillis)
  const [, partition = "", quota = "", ...within] = key.split("|")
  return {
    partition,
    quota,
    within: within.join("|"),
    kind: book.quota.kind,
    limit: book.ceiling,
    limitInForce: book.limit,
    inFlight: book.inFlight,
    cooling: book.occupied - book.inFlight,
    foreign: book.foreign,
    free: book.free(nowMillis),
    refusals: book.refused,
    closedUntil: book.gate.until > nowMillis ? Option.some(dateOf(book.gate.until)) : Option.none()
  }
}
