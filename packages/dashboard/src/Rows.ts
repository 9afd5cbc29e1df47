/** What the limiter tells of its quotas, as the page shows them: as many as can be shown, those first that are in demand. */
import type { RateLimiter } from "@sluice/core"
import { keyOf, type Quota } from "@sluice/page/Limits"
import { DateTime, Option } from "effect"

/** So many are shown; a page with more would neither be read nor be smooth. */
export const maxShown = 250

export interface Rows {
  readonly quotas: Readonly<Record<string, Quota>>
  readonly hidden: number
}

/** The rows of these quotas. */
export const make = (statuses: ReadonlyArray<RateLimiter.QuotaStatus>): Rows => {
  const shown =
    statuses.length <= maxShown ? statuses : statuses.toSorted((a, b) => demand(b) - demand(a)).slice(0, maxShown)
  const quotas = shown.map(rowOf).map((row): [string, Quota] => [keyOf(row), row])
  return { quotas: Object.fromEntries(quotas), hidden: statuses.length - shown.length }
}

/** Who is closed comes first, then who is waited for, then who is full. */
const demand = ({ closedUntil, free, limit, waiting }: RateLimiter.QuotaStatus): number =>
  (Option.isSome(closedUntil) ? 4 : 0) + (waiting.length > 0 ? 2 : 0) + Math.max(0, 1 - free / Math.max(1, limit))

const rowOf = (status: RateLimiter.QuotaStatus): Quota => ({
  provider: status.provider,
  partition: status.partition,
  quota: status.quota,
  within: status.within,
  kind: status.kind,
  published: status.published,
  windowMillis: status.windowMillis,
  limit: status.limit,
  limitInForce: status.limitInForce,
  held: status.inFlight,
  cooling: status.cooling,
  foreign: status.foreign,
  free: status.free,
  refusals: status.refusals,
  waiting: status.waiting.map((group) => ({ ...group, since: DateTime.toEpochMillis(group.since) })),
  // Room now is no instant to wait for.
  nextAt: status.free > 0 ? null : millisOf(status.nextAt),
  closedUntil: millisOf(status.closedUntil),
  closedBy: Option.getOrNull(status.closedBy)
})

const millisOf = (at: Option.Option<DateTime.Utc>): number | null =>
  Option.getOrNull(Option.map(at, (at) => DateTime.toEpochMillis(at)))
