/**
 * Two-bucket sliding counters, and quotas whose kind is not told.
 *
 * The server weighs the previous window by what is left of it, at a phase that we do not know: so the weighted count is
 * taken at every phase at which it can be largest, which is where an answer enters the current window or leaves the
 * previous one. A rolling rule is refused here; see the receipt rule, section 3.
 */
import type { Quota } from "../Quota.ts"
import type { Told } from "./Book.ts"
import { LoggedBook } from "./LoggedBook.ts"
import type { ServerClock } from "./ServerClock.ts"

export class SlidingBook extends LoggedBook {
  protected readonly window: number

  constructor(quota: Quota, clock: ServerClock) {
    super(quota, clock)
    this.window = this.cooling - quota.slackMillis
  }

  override get isInDoubt(): boolean {
    return this.quota.kind !== "slidingCounter"
  }

  free(now: number): number {
    let low = 0
    let high = Math.max(0, this.limit - this.inFlight)
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.fits(middle, now)) low = middle
      else high = middle - 1
    }
    return low
  }

  protected roomAt(units: number, now: number): number {
    if (this.fits(units, now)) return now
    if (this.inFlight + units > this.limitFor(units)) return now + this.cooling
    let low = now
    let high = this.freeAt(now)
    while (low + 1 < high) {
      const middle = Math.floor((low + high) / 2)
      if (this.fits(units, middle)) high = middle
      else low = middle
    }
    return high
  }

  /** What leaves the last window makes room, though it is weighed for another one. */
  protected override nextFreeAt(now: number): number {
    return Math.max(now, super.nextFreeAt(now) - this.window - 1)
  }

  protected cool(units: number, answeredAt: number, creditMillis: number, _told: Told | undefined): void {
    const stamp = this.stampOf(answeredAt - creditMillis)
    this.log.push(stamp, this.freeAt(stamp), units)
  }

  protected freeAt(stamp: number): number {
    return stamp + this.window + this.cooling + 1
  }

  protected override cautioned(_now: number): void {
    this.reschedule((stamp) => this.freeAt(stamp))
  }

  protected expire(now: number): void {
    this.expireLogs(now, now - this.window - this.cooling - 1)
  }

  /** Whether the counter stays within the limit at every phase; closed comparisons throughout. */
  private fits(units: number, now: number): boolean {
    const present = this.inFlight + units
    const limit = this.limitFor(units)
    if (present + this.log.kept <= limit) return true
    const most = limit * this.window
    return this.weightWithin(now, present, most, 0) && this.weightWithin(now, present, most, this.window)
  }

  /**
   * Sweeps the phases at which an answer aged `offset` or more enters the current window (0) or leaves the previous one
   * (the window), the newest first, with the units of both windows summed on the way.
   */
  private weightWithin(now: number, present: number, most: number, offset: number): boolean {
    const { log, window } = this
    let current = log.length - 1
    let currentUnits = present
    let previous = current
    let bothUnits = present
    for (let i = log.length; i >= 0; i--) {
      const age = i === log.length ? offset : this.age(i, now)
      const elapsed = age - offset
      if (elapsed < 0) continue
      if (elapsed >= window) break
      while (current >= 0 && this.age(current, now) <= elapsed) currentUnits += log.unitsAt(current--)
      while (previous >= 0 && this.age(previous, now) <= elapsed + window) bothUnits += log.unitsAt(previous--)
      if (window * currentUnits + (window - elapsed) * (bothUnits - currentUnits) > most) return false
    }
    return true
  }

  private age(i: number, now: number): number {
    return Math.max(0, now - this.log.stampAt(i) - (this.cooling - this.window))
  }
}
