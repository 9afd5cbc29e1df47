/**
 * The last slots of a window that keeps to the server's clock, spent where they tell most about that clock.
 *
 * `Date` shows whole seconds, so that only a response near the turn of a second tells where that is: bursts that come at
 * one time of the second never learn more. The last free slots go one by one over the instants at which the second may
 * turn, as long as the bounds are wide for the window and wider than requests are long.
 */
import type { Quota } from "../Quota.ts"
import type { ServerClock } from "./ServerClock.ts"

/** At most an eighth of the limit, and eight slots, are held for it. */
const part = 8
/** The phase is known well enough within a tenth of the window. */
const narrowPart = 10

export class Scout {
  /** So many of the last slots wait for their instant. */
  readonly slots: number
  private readonly clock: ServerClock
  private readonly narrow: number
  private sentAt = -Infinity

  constructor(quota: Quota, clock: ServerClock) {
    this.clock = clock
    this.narrow = quota.windowMillis / narrowPart
    this.slots = quota.kind === "fixed" && quota.phase === "clock" ? Math.min(part, Math.floor(quota.limit / part)) : 0
  }

  /** When one of the last slots may be taken: `now` unless something is to be learned. */
  opensAt(now: number): number {
    const { clock, narrow, sentAt } = this
    if (!clock.isKnown) return now
    const width = clock.width(now)
    if (width <= Math.max(narrow, 3 * clock.latency)) return now
    // The server sees a request about half its way later.
    const way = clock.latency / 2
    return now + Math.ceil(clock.turnAfter(Math.max(0, sentAt - now + width / part) + way, now) - way)
  }

  sent(now: number): void {
    this.sentAt = now
  }
}
