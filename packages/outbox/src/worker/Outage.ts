/** Whether a provider cannot be reached, told by how calls end: then one call now and then finds out whether it is back. */

const firstMillis = 1000
const longestMillis = 60_000
/** Single calls that go wrong are their own affair. */
const patience = 3

export interface Outage {
  /** Until when nothing is to be sent; 0 if nothing is known against it. */
  readonly until: number
  readonly consecutive: number
}

export const none: Outage = { until: 0, consecutive: 0 }

/** Nothing could be sent: the next one would fare no better. */
export const unreachable = ({ consecutive }: Outage, now: number): Outage => ({
  consecutive: consecutive + 1,
  until: now + backoffMillis(consecutive + 1, firstMillis, longestMillis)
})

/** No answer came, or one that says that the server is at fault. */
export const troubled = ({ consecutive }: Outage, now: number): Outage =>
  consecutive + 1 < patience
    ? { consecutive: consecutive + 1, until: 0 }
    : {
        consecutive: consecutive + 1,
        until: now + backoffMillis(consecutive + 2 - patience, firstMillis, longestMillis)
      }

/** Doubles from the first to the longest; `attempts` from 1. */
export const backoffMillis = (attempts: number, first: number, longest: number): number =>
  Math.min(longest, first * 2 ** Math.min(attempts - 1, 30))
