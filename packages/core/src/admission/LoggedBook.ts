/** Books that log each answer: what is ours and what is others' cools in one log, and others' is counted in a second. */
import type { Quota } from "../Quota.ts"
import { AnswerLog } from "./AnswerLog.ts"
import { Book, type Told } from "./Book.ts"
import type { ServerClock } from "./ServerClock.ts"

/** Larger quotas are logged in thousandths of their window, each rounded to its end. */
const exactLimit = 1000

export abstract class LoggedBook extends Book {
  private readonly quantum: number
  /** Every unit that cools. */
  protected readonly log = new AnswerLog()
  /** Those of them that others used. */
  private readonly foreignLog = new AnswerLog()

  constructor(quota: Quota, clock: ServerClock) {
    super(quota, clock)
    this.quantum = quota.limit > exactLimit ? Math.max(1, Math.ceil(quota.windowMillis / 1000)) : 1
  }

  get occupied(): number {
    return this.inFlight + this.log.busy - this.foreignLog.busy
  }

  /** When units that were answered at this instant are logged to have been. */
  protected stampOf(answeredAt: number): number {
    const q = this.quantum
    return q === 1 ? answeredAt : (Math.floor(answeredAt / q) + 1) * q
  }

  /** When units answered at `stamp` are free, as far as known at `now`. */
  protected abstract freeAt(stamp: number, creditMillis: number, resetBy: number | undefined, now: number): number

  protected nextFreeAt(now: number): number {
    return this.log.busy > 0 ? this.log.freesAt(1) : now
  }

  protected bookForeign(units: number, now: number, told: Told): void {
    const stamp = Math.max(now, this.log.newest)
    const freeAt = this.freeAt(stamp, 0, told.resetBy, now)
    this.log.push(stamp, freeAt, units)
    this.foreignLog.push(stamp, freeAt, units)
    this.foreign = this.foreignLog.busy
  }

  protected expireLogs(now: number, keepAfter: number): void {
    this.log.expire(now, keepAfter)
    if (this.foreignLog.length > 0) {
      this.foreignLog.expire(now, keepAfter)
      this.foreign = this.foreignLog.busy
    }
  }

  protected reschedule(freeAt: (stamp: number, old: number) => number): void {
    this.log.reschedule(freeAt)
    this.foreignLog.reschedule(freeAt)
  }
}
