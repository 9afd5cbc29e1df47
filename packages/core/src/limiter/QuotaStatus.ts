import { type DateTime, Option } from "effect"
import type { Book } from "../admission/Book.ts"
import type { Waiting } from "../admission/Lane.ts"
import type { Kind, Quota } from "../Quota.ts"
import { dateOf, knownDate } from "./WallTime.ts"

/** One quota as it stands now. */
export interface QuotaStatus {
  /** Whose server counts it: the claim's origin, which is a provider's id. */
  readonly provider: string
  readonly partition: string
  readonly quota: string
  /** What narrows the counter within the partition: an endpoint, a contact; or empty. */
  readonly within: string
  readonly kind: Kind
  /** The limit that was configured. */
  readonly published: number
  /** Zero for what counts no time. */
  readonly windowMillis: number
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
  /** What the provider's error says that closed it, without what may be a secret; where this process saw it. */
  readonly closedBy: Option.Option<string>
  /** When a unit may be free next, which is now if one is free; none while only an answer can tell. */
  readonly nextAt: Option.Option<DateTime.Utc>
  /** Who waits for it, by priority and tenant. */
  readonly waiting: ReadonlyArray<{
    readonly priority: number
    /** Empty for nobody in particular. */
    readonly tenant: string
    readonly calls: number
    readonly units: number
    /** When the first of them came. */
    readonly since: DateTime.Utc
  }>
}

/** The status of a book; `offset` makes a date of a monotonic instant. */
export const statusOf = (
  book: Book,
  now: number,
  offset: number,
  closedBy: string | undefined,
  waiting: ReadonlyArray<Waiting>
): QuotaStatus => {
  const { key, quota } = book
  book.advance(now)
  return {
    ...viewOf(key, quota, book.closedUntil + offset, now + offset, closedBy),
    windowMillis: quota.windowMillis,
    ...numbersOf(book),
    free: book.free(now),
    refusals: book.refused,
    nextAt: knownDate(book.earliest(1, now) + offset),
    waiting: waiting.map((group) => ({ ...group, since: dateOf(group.since + offset) }))
  }
}

/** What every view of a quota says of it; instants in epoch milliseconds. */
export const viewOf = (
  key: string,
  { kind, limit }: Quota,
  closedUntil: number,
  now: number,
  words: string | undefined
) => {
  const isClosed = closedUntil > now
  return {
    ...namesOf(key),
    kind,
    published: limit,
    closedUntil: isClosed ? knownDate(closedUntil) : Option.none(),
    closedBy: isClosed ? Option.fromUndefinedOr(words) : Option.none()
  }
}

/** What the name of a counter says of it. */
const namesOf = (key: string) => {
  const [provider = "", partition = "", quota = "", ...within] = key.split("|")
  return { provider, partition, quota, within: within.join("|") }
}

/** Where the units of a quota are, and how many there may be. */
export const numbersOf = (book: Book) => ({
  limit: book.ceiling,
  limitInForce: book.limit,
  inFlight: book.inFlight,
  cooling: book.occupied - book.inFlight,
  foreign: book.foreign
})
