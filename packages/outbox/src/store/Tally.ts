/** How much there is of a route, out of what is counted of it. */
import type { Stored, Tally } from "../OutboxStore.ts"

/** Numbers come as such, or as text, by driver. */
export interface Counts {
  readonly provider: string
  readonly route: string
  readonly waiting: number | string
  /** Of what waits, what may go as one with the one before it. */
  readonly joining: number | string
  readonly taken: number | string
  readonly sending: number | string
  readonly failed: number | string
}

export const tallyOf = ({ provider, route, ...counts }: Counts, last: Stored | undefined): Tally => {
  const waiting = Number(counts.waiting)
  const own = last?.state === "waiting" ? 1 : 0
  return {
    provider,
    route,
    waiting: waiting + Number(counts.taken),
    sending: Number(counts.sending),
    failed: Number(counts.failed),
    // What is taken is known to its worker's limiter.
    ahead: Math.max(0, waiting - Number(counts.joining) - own),
    last
  }
}
