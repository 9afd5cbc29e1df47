/**
 * Rolling logs, and fixed windows as rolling ones of which a known phase frees a slot earlier.
 *
 * A slot is free at `answer + window`. In a fixed window it is free at the end of the window that surely held its count
 * as well: clock multiples told by `Date`, or the reset that came with that very answer. Entries are kept for a whole
 * window in any case, to fall back on when what was told proves wrong.
 */
import type { Quota } from "../Quota.ts"
import type { Told } from "./Book.ts"
import { LoggedBook } from "./LoggedBook.ts"
import { Scout } from "./Scout.ts"
import type { ServerClock } from "./ServerClock.ts"

/** Larger quotas are logged in thousandths of their window, each rounded to its end. */
const exactLimit = 1000

export class WindowBook extends LoggedBook {
  private readonly quantum: number
  private readonly phase: "unknown" | "clock" | "reset"
  private clockVersion = 0
  private clockSteps = 0
  /** Between which instants the latest window that was told of ends. */
  private resetFrom = -Infinity
  private resetBy = -Infinity
  private distrustedUntil = -Infinity
  private readonly scout: Scout

  constructor(quota: Quota, clock: ServerClock) {
    super(quota, clock)
    this.quantum = quota.limit > exactLimit ? Math.max(1, Math.ceil(quota.windowMillis / 1000)) : 1
    this.phase = quota.kind === "fixed" ? quota.phase : "unknown"
    this.scout = new Scout(quota, clock)
  }

  free(): number {
    return Math.max(0, this.limit - this.inFlight - this.log.busy)
  }

  protected roomAt(units: number, now: number): number {
    const missing = this.inFlight + this.log.busy + units - this.limitFor(units)
    if (missing <= 0) return missing + this.scout.slots > 0 ? this.scoutAt(now, missing) : now
    if (missing <= this.log.busy) return this.log.freesAt(missing)
    if (this.phase !== "reset" || now < this.distrustedUntil) return this.freeAt(now, 0, undefined, now)
    return this.resetBy > now ? this.resetBy : Infinity
  }

  override take(units: number, now: number): void {
    super.take(units, now)
    if (this.free() < this.scout.slots) this.scout.sent(now)
  }

  override answered(
    units: number,
    sentAt: number,
    answeredAt: number,
    told: Told | undefined,
    servedMillis?: number
  ): void {
    this.scout.answered(answeredAt - sentAt)
    super.answered(units, sentAt, answeredAt, told, servedMillis)
  }

  protected cool(units: number, answeredAt: number, creditMillis: number, told: Told | undefined): void {
    const q = this.quantum
    const stamp = q === 1 ? answeredAt : (Math.floor(answeredAt / q) + 1) * q
    const resetBy = this.trustedReset(told, answeredAt)
    // Whatever was answered before the told end was counted in the window that ends there, or in an earlier one.
    if (told?.resetFrom !== undefined && resetBy !== undefined) this.log.hasten(told.resetFrom, resetBy)
    this.log.push(stamp, this.freeAt(stamp, creditMillis, resetBy, answeredAt), units)
  }

  protected expire(now: number): void {
    if (this.phase === "clock") this.followClock(now)
    this.expireLogs(now, now - this.cooling)
  }

  override refusedAt(
    now: number,
    sentAt: number,
    until: number | undefined,
    maxPause: number,
    backoffCeiling: number
  ): number {
    this.distrust(now)
    const closedUntil = super.refusedAt(now, sentAt, until, maxPause, backoffCeiling)
    // A phase that proves wrong again and again is not asked for long.
    this.distrustedUntil = now + this.cooling * 2 ** (this.caution.strikes - 1)
    return closedUntil
  }

  /** When units answered at `stamp` are free, as far as known at `now`. */
  protected freeAt(stamp: number, creditMillis: number, resetBy: number | undefined, now: number): number {
    const rolling = stamp + this.cooling - creditMillis
    if (this.phase === "unknown" || now < this.distrustedUntil) return rolling
    if (this.phase === "reset") return resetBy === undefined ? rolling : Math.min(rolling, Math.max(stamp, resetBy))
    return this.clock.isKnown ? Math.min(rolling, this.clock.boundaryAfter(stamp, this.quota.windowMillis)) : rolling
  }

  protected override cautioned(now: number): void {
    if (this.phase !== "unknown" && now >= this.distrustedUntil) return
    this.reschedule((stamp, old) => Math.max(old, stamp + this.cooling))
  }

  /** When one of the last slots may be taken, or enough are free again not to touch those. */
  private scoutAt(now: number, missing: number): number {
    if (now < this.distrustedUntil) return now
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

  /** Falls back to the rolling rule over all answers of the last window, and trusts the phase again after another. */
  private distrust(now: number): void {
    if (this.phase === "unknown") return
    this.distrustedUntil = now + this.cooling
    this.resetFrom = this.resetBy = -Infinity
    this.reschedule((stamp) => stamp + this.cooling)
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
