/**
 * Rolling logs, and fixed windows as rolling ones of which a known phase frees a slot earlier.
 *
 * A slot is free at `answer + window`. In a fixed window it is free at the end of the window that surely held its count
 * as well: clock multiples told by `Date`, or the reset that came with that very answer. Entries are kept for two
 * windows in any case, to fall back on when that proves wrong: a refusal lets the phase be distrusted, and where no phase
 * was trusted, the kind. Then two windows are weighed as `SlidingBook` does it, for a while.
 */
import type { Quota } from "../Quota.ts"
import type { Told } from "./Book.ts"
import { Scout } from "./Scout.ts"
import type { ServerClock } from "./ServerClock.ts"
import { SlidingBook } from "./SlidingBook.ts"

/** A kind is doubted until that has cost about so many windows, at a unit each window; twice as long each time. */
const doubtCost = 64

export class WindowBook extends SlidingBook {
  private readonly phase: "unknown" | "clock" | "reset"
  private clockVersion = 0
  private clockSteps = 0
  /** Between which instants the latest window that was told of ends. */
  private resetFrom = -Infinity
  private resetBy = -Infinity
  private distrustedFrom = Infinity
  private distrustedUntil = -Infinity
  private readonly scout: Scout
  /** When somebody last had to wait: nothing is held back where all that is asked for fits. */
  private fullAt = -Infinity
  private isDoubted = false
  private doubtedUntil = -Infinity
  private doubtMillis: number

  constructor(quota: Quota, clock: ServerClock) {
    super(quota, clock)
    this.phase = quota.kind === "fixed" ? quota.phase : "unknown"
    this.scout = new Scout(quota, clock)
    this.doubtMillis = doubtCost * quota.limit * this.cooling
  }

  override get isInDoubt(): boolean {
    return this.isDoubted
  }

  override free(now: number): number {
    return this.isDoubted ? super.free(now) : Math.max(0, this.limit - this.inFlight - this.log.busy)
  }

  override isIdle(now: number): boolean {
    return !this.isDoubted && super.isIdle(now)
  }

  protected override roomAt(units: number, now: number): number {
    if (this.isDoubted) return super.roomAt(units, now)
    const missing = this.inFlight + this.log.busy + units - this.limitFor(units)
    if (missing <= 0) return missing + this.scout.slots > 0 ? this.scoutAt(now, missing) : now
    this.fullAt = now
    if (missing <= this.log.busy) return this.log.freesAt(missing)
    if (this.phase !== "reset" || now < this.distrustedUntil) return this.freeAt(now, 0, undefined, now)
    return this.resetBy > now ? this.resetBy : Infinity
  }

  override take(units: number, now: number): void {
    super.take(units, now)
    if (this.limit - this.inFlight - this.log.busy < this.scout.slots) this.scout.sent(now)
  }

  protected override nextFreeAt(now: number): number {
    return this.isDoubted ? super.nextFreeAt(now) : this.log.busy > 0 ? this.log.freesAt(1) : now
  }

  protected override cool(units: number, answeredAt: number, creditMillis: number, told: Told | undefined): void {
    const stamp = this.stampOf(answeredAt)
    const resetBy = this.trustedReset(told, answeredAt)
    // Whatever was answered before the told end was counted in the window that ends there, or in an earlier one.
    if (told?.resetFrom !== undefined && resetBy !== undefined) this.log.hasten(told.resetFrom, resetBy)
    this.log.push(stamp, this.freeAt(stamp, creditMillis, resetBy, answeredAt), units)
  }

  protected override expire(now: number): void {
    if (this.isDoubted && now >= this.doubtedUntil) {
      this.isDoubted = false
      this.reschedule((stamp) => stamp + this.cooling)
    }
    if (this.phase === "clock") this.followClock(now)
    super.expire(now)
  }

  override refusedAt(
    now: number,
    sentAt: number,
    until: number | undefined,
    maxPause: number,
    backoffCeiling: number
  ): number {
    const wasRolling = this.phase === "unknown" || (sentAt > this.distrustedFrom && sentAt < this.distrustedUntil)
    if (wasRolling && !this.isDoubted) this.doubt(now)
    this.distrust(now)
    const closedUntil = super.refusedAt(now, sentAt, until, maxPause, backoffCeiling)
    // A phase that proves wrong again and again is not asked for long.
    this.distrustedUntil = Math.max(this.doubtedUntil, now + this.cooling * 2 ** (this.caution.strikes - 1))
    return closedUntil
  }

  /** When units answered at `stamp` are free, as far as known at `now`. */
  protected override freeAt(stamp: number, creditMillis = 0, resetBy: number | undefined = undefined, now = 0): number {
    if (this.isDoubted) return super.freeAt(stamp)
    const rolling = stamp + this.cooling - creditMillis
    if (this.phase === "unknown" || now < this.distrustedUntil) return rolling
    if (this.phase === "reset") return resetBy === undefined ? rolling : Math.min(rolling, Math.max(stamp, resetBy))
    return this.clock.isKnown ? Math.min(rolling, this.clock.boundaryAfter(stamp, this.quota.windowMillis)) : rolling
  }

  protected override cautioned(now: number): void {
    if (this.phase !== "unknown" && now >= this.distrustedUntil) return
    this.reschedule((stamp, old) => Math.max(old, this.freeAt(stamp, 0, undefined, now)))
  }

  /** When one of the last slots may be taken, or enough are free again not to touch those. */
  private scoutAt(now: number, missing: number): number {
    if (now < this.distrustedUntil || now > this.fullAt + 2 * this.cooling) return now
    const opensAt = this.scout.opensAt(now)
    return opensAt === now ? now : Math.min(opensAt, this.log.freesAt(missing + this.scout.slots))
  }

  private followClock(now: number): void {
    if (this.clock.steps !== this.clockSteps) {
      this.clockSteps = this.clock.steps
      this.distrust(now)
    }
    if (this.clock.version !== this.clockVersion && now >= this.distrustedUntil) {
      this.clockVersion = this.clock.version
      this.reschedule((stamp, old) => Math.min(old, this.freeAt(stamp, 0, undefined, now)))
    }
  }

  /** Takes the server for one that weighs two windows, unless that would not explain what it refused either. */
  private doubt(now: number): void {
    const units = this.inFlight + this.log.kept + (this.quota.countsRefused ? 0 : 1)
    if (units <= this.ceiling) return
    this.isDoubted = true
    this.doubtedUntil = now + this.doubtMillis
    this.doubtMillis *= 2
    this.reschedule((stamp) => this.freeAt(stamp))
  }

  /** Falls back to the rolling rule over all answers of the last window, and trusts the phase again after another. */
  private distrust(now: number): void {
    if (this.phase === "unknown") return
    if (now >= this.distrustedUntil) this.distrustedFrom = now
    this.distrustedUntil = Math.max(this.doubtedUntil, now + this.cooling)
    this.resetFrom = this.resetBy = -Infinity
    this.reschedule((stamp) => this.freeAt(stamp, 0, undefined, now))
  }

  /** The told reset, unless it contradicts the last one: windows of one quota cannot end closer to each other than they last. */
  private trustedReset(told: Told | undefined, answeredAt: number): number | undefined {
    if (this.phase !== "reset" || told?.resetFrom === undefined || told.resetBy === undefined) return undefined
    if (answeredAt < this.distrustedUntil) return undefined
    const { resetFrom, resetBy } = told
    const { windowMillis } = this.quota
    const mayBeSame = resetFrom <= this.resetBy && this.resetFrom <= resetBy
    const mayBeOther = resetBy - this.resetFrom >= windowMillis || this.resetBy - resetFrom >= windowMillis
    if (resetFrom > answeredAt + this.cooling || !(mayBeSame || mayBeOther)) {
      this.distrust(answeredAt)
      return undefined
    }
    if (mayBeSame && !mayBeOther) {
      this.resetFrom = Math.max(this.resetFrom, resetFrom)
      this.resetBy = Math.min(this.resetBy, resetBy)
      return this.resetBy
    }
    if (resetBy > this.resetBy) {
      this.resetFrom = resetFrom
      this.resetBy = resetBy
    }
    return resetBy
  }
}
