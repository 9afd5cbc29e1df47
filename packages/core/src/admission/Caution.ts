/**
 * What unexpected refusals teach: a lower limit and a longer window, for a while, and for longer when they come again.
 *
 * The limit is cut once for all that was under way, and grows back in steps. The window is stretched by what the refused
 * request's way would explain, twice as much each time, and relaxes much later. Each refusal in a row doubles the time
 * to the next attempt, so that what was broken for good is met a few times and not for ever.
 */

const cut = 0.8
/** So many steps from nothing to the whole limit. */
const steps = 20
/** The window is stretched by at least a two hundredth, and by a tenth at most. */
const stretch = { least: 200, most: 10 }
/** After so many windows without a refusal, doubled for each in a row, the window relaxes by half, or one is forgotten. */
const calmWindows = 16
const mostStrikes = 10

export class Caution {
  /** The limit in force. */
  limit: number
  /** Added to the window. */
  extraMillis = 0
  private readonly leastExtra: number
  private readonly mostExtra: number
  /** Refusals in a row, as far as they are remembered. */
  strikes = 0
  private noticedAt = -Infinity
  private growsAt = Infinity
  private growEvery = 0
  private calmAt = Infinity

  constructor(limit: number, windowMillis: number) {
    this.limit = limit
    this.leastExtra = Math.ceil(windowMillis / stretch.least)
    this.mostExtra = Math.floor(windowMillis / stretch.most)
  }

  /** Takes in a refusal of what was sent at `sentAt`; gives whether it tells anything new. */
  refused(sentAt: number, now: number, closedUntil: number, cooling: number): boolean {
    if (sentAt <= this.noticedAt) return false
    this.noticedAt = now
    this.strikes = Math.min(this.strikes + 1, mostStrikes)
    this.limit = Math.max(1, Math.floor(this.limit * cut))
    this.growEvery = cooling * 2 ** (this.strikes - 1)
    this.growsAt = closedUntil + this.growEvery
    this.calmAt = closedUntil + this.calm(cooling)
    const extra = Math.max(2 * this.extraMillis, now - sentAt + 1, this.leastExtra)
    this.extraMillis = Math.min(extra, this.mostExtra)
    return true
  }

  /** A closure ended early: the limit grows from now on. */
  reopened(now: number, cooling: number): void {
    this.growsAt = Math.min(this.growsAt, now + cooling)
  }

  /** The provider promises another number now. */
  adopt(ceiling: number, before: number): void {
    if (this.limit === before || ceiling < this.limit) this.limit = ceiling
  }

  /** Lets time pass; gives whether anything changed. */
  advance(now: number, ceiling: number, cooling: number): boolean {
    if (now < this.growsAt && now < this.calmAt) return false
    while (now >= this.growsAt) {
      this.limit = Math.min(ceiling, this.limit + Math.ceil(ceiling / steps))
      this.growEvery = Math.max(cooling, this.growEvery / 2)
      this.growsAt = this.limit < ceiling ? this.growsAt + this.growEvery : Infinity
    }
    while (now >= this.calmAt) {
      // Refusals are remembered while the window relaxes: one that comes back then is no new one.
      if (this.extraMillis === 0) this.strikes--
      this.extraMillis = this.extraMillis > this.leastExtra ? Math.floor(this.extraMillis / 2) : 0
      this.calmAt = this.strikes === 0 ? Infinity : this.calmAt + this.calm(cooling)
    }
    return true
  }

  private calm(cooling: number): number {
    return cooling * calmWindows * 2 ** this.strikes
  }
}
