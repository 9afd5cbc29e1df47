/**
 * What unexpected refusals teach: a lower limit and a longer window, for a while, and for longer when they come again.
 *
 * The limit is cut once for all that was under way, and grows back in steps. The window is stretched by what the refused
 * request's way would explain, twice as much each time, and relaxes much later. Each refusal in a row doubles the time
 * to the next attempt, so that what was broken for good is met a few times and not for ever; each quiet step halves it.
 */

const cut = 0.8
/** So many steps from nothing to the whole limit. */
const steps = 20
/** The window is stretched by at least a two hundredth, and by a tenth at most. */
const stretch = { least: 200, most: 10 }
/** So many windows without a refusal, doubled for each in a row, make one of them forgotten. */
const calmWindows = 32
const mostStrikes = 10

export class Caution {
  /** The limit in force. */
  limit: number
  /** Added to the window. */
  extraMillis = 0
  private readonly windowMillis: number
  /** Refusals in a row, as far as they are remembered. */
  strikes = 0
  private noticedAt = -Infinity
  private growsAt = Infinity
  private growEvery = 0
  private calmAt = Infinity

  constructor(limit: number, windowMillis: number) {
    this.limit = limit
    this.windowMillis = windowMillis
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
    const extra = Math.max(2 * this.extraMillis, now - sentAt + 1, Math.ceil(this.windowMillis / stretch.least))
    this.extraMillis = Math.min(extra, Math.floor(this.windowMillis / stretch.most))
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
      this.strikes--
      this.extraMillis = this.strikes === 0 ? 0 : Math.floor(this.extraMillis / 2)
      this.calmAt = this.strikes === 0 ? Infinity : this.calmAt + this.calm(cooling)
    }
    return true
  }

  private calm(cooling: number): number {
    return cooling * calmWindows * 2 ** this.strikes
  }
}
