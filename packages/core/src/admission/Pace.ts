/** Spreads units evenly where a quota asks for it, or for a while when the server says that little is left. */
export class Pace {
  private nextAt = -Infinity
  private interval = 0
  private slowInterval = 0
  private slowUntil = -Infinity

  /** The usual distance between two units; zero for none. */
  spread(interval: number): void {
    this.interval = interval
  }

  /** Spreads `units` over the time from `now` until `until`. */
  slow(units: number, now: number, until: number): void {
    this.slowUntil = until
    this.slowInterval = Math.max(0, until - now) / Math.max(1, units)
  }

  opensAt(now: number): number {
    if (this.interval === 0 && now >= this.slowUntil) return now
    const at = Math.ceil(this.nextAt)
    return now >= this.slowUntil || at < this.slowUntil ? Math.max(at, now) : this.slowUntil
  }

  /** A timer that wakes late may catch up by half an interval. */
  passed(units: number, now: number): void {
    const interval = now < this.slowUntil ? Math.max(this.slowInterval, this.interval) : this.interval
    if (interval > 0) this.nextAt = Math.max(this.nextAt, now - interval / 2) + units * interval
  }
}
