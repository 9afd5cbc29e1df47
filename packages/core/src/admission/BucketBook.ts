/**
 * Token buckets, GCRA and leaky buckets: units in flight, and a debt that jumps at each answer and leaks always.
 *
 * All in units times milliseconds, so that nothing is rounded. A bucket that refills `step` at once holds `step - 1` less.
 */
import type { Quota } from "../Quota.ts"
import { Book, type Told } from "./Book.ts"
import type { ServerClock } from "./ServerClock.ts"

export class BucketBook extends Book {
  /** The refill interval, stretched by the margin for the server's rate and by what refusals taught. */
  private interval: number
  private debt = 0
  private leakedAt = -Infinity

  constructor(quota: Quota, clock: ServerClock) {
    super(quota, clock)
    this.interval = Math.ceil(quota.windowMillis * (1 + quota.rateMargin))
  }

  get occupied(): number {
    return this.inFlight + Math.ceil(this.debt / this.interval) - this.foreign
  }

  override get largest(): number {
    return Math.max(1, this.ceiling - (this.quota.step - 1))
  }

  protected override get roundMillis(): number {
    return Math.floor((this.ceiling * this.quota.windowMillis) / this.quota.refill)
  }

  free(): number {
    return Math.max(0, Math.floor(this.capacity(1) - this.inFlight - this.debt / this.interval))
  }

  protected roomAt(units: number, now: number): number {
    const capacity = this.capacity(units)
    const excess = (this.inFlight + units - capacity) * this.interval + this.debt
    if (excess <= 0) return now
    const leakable = this.inFlight + units <= capacity
    return leakable ? now + Math.ceil(excess / this.quota.refill) : now + Math.ceil(this.interval / this.quota.refill)
  }

  protected nextFreeAt(now: number): number {
    return this.debt > 0 ? now + Math.ceil(Math.min(this.debt, this.interval) / this.quota.refill) : now
  }

  protected cool(units: number, answeredAt: number, _creditMillis: number, _told: Told | undefined): void {
    this.expire(answeredAt)
    this.debt = Math.max(this.debt, this.quota.slackMillis * this.quota.refill) + units * this.interval
  }

  protected expire(now: number): void {
    if (now <= this.leakedAt) return
    this.debt = Math.max(0, this.debt - (this.leakedAt === -Infinity ? 0 : (now - this.leakedAt) * this.quota.refill))
    this.leakedAt = now
    this.foreign = Math.min(this.foreign, Math.ceil(this.debt / this.interval))
  }

  protected override cautioned(): void {
    const interval = this.cooling - this.quota.slackMillis
    this.debt = Math.ceil((this.debt * interval) / this.interval)
    this.interval = interval
  }

  protected bookForeign(units: number, now: number, _told: Told): void {
    this.expire(now)
    this.debt += units * this.interval
    this.foreign += units
  }

  private capacity(units: number): number {
    const { largest } = this
    return units <= largest ? Math.max(this.limit - (this.quota.step - 1), units) : largest
  }
}
