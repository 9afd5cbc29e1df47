/** The kinds that need no log: idle reset, concurrency, and limits whose number nobody tells. */
import { AnswerLog } from "./AnswerLog.ts"
import { Book, type Told } from "./Book.ts"

/** A batch of `limit`, then silence for a window: any request in between would push the server's expiry out. */
export class IdleResetBook extends Book {
  private spent = 0
  private lastAnswerAt = -Infinity

  get occupied(): number {
    return this.spent - this.foreign
  }

  free(): number {
    return Math.max(0, this.limit - this.spent)
  }

  override take(units: number, now: number): void {
    super.take(units, now)
    this.spent += units
  }

  override giveBack(units: number): void {
    super.giveBack(units)
    this.spent -= units
  }

  override uncounted(units: number): void {
    super.uncounted(units)
    this.spent -= units
  }

  protected roomAt(units: number, now: number): number {
    if (this.spent + units <= this.limitFor(units)) return now
    return this.inFlight > 0 || this.spent === 0 ? now + this.cooling : this.lastAnswerAt + this.cooling
  }

  protected override needsAnswer(): boolean {
    return this.inFlight > 0
  }

  protected nextFreeAt(now: number): number {
    return Math.max(now, this.lastAnswerAt + this.cooling)
  }

  protected cool(_units: number, answeredAt: number): void {
    this.lastAnswerAt = Math.max(this.lastAnswerAt, answeredAt)
  }

  protected expire(now: number): void {
    if (this.inFlight === 0 && now >= this.lastAnswerAt + this.cooling) {
      this.spent = 0
      this.foreign = 0
    }
  }

  protected bookForeign(units: number, now: number): void {
    this.spent += units
    this.foreign += units
    this.lastAnswerAt = Math.max(this.lastAnswerAt, now)
  }
}

/** So many at a time; a slot is free `releaseLag` after the response has ended. */
export class ConcurrencyBook extends Book {
  private readonly releasing = new AnswerLog()

  get occupied(): number {
    return this.inFlight + this.releasing.busy
  }

  free(): number {
    return Math.max(0, this.limit - this.occupied)
  }

  protected roomAt(units: number, now: number): number {
    const missing = this.occupied + units - this.limitFor(units)
    return missing <= 0 ? now : this.releasing.freesAt(missing)
  }

  protected nextFreeAt(now: number): number {
    return now
  }

  protected cool(units: number, answeredAt: number): void {
    if (this.quota.releaseLagMillis === 0) return
    const stamp = Math.max(answeredAt, this.releasing.newest)
    this.releasing.push(stamp, stamp + this.quota.releaseLagMillis, units)
  }

  protected expire(now: number): void {
    this.releasing.expire(now, now - this.quota.releaseLagMillis)
  }

  protected bookForeign(_units: number, _now: number, _told: Told): void {}
}

/** Never full; only a refusal closes it. */
export class UnpublishedBook extends Book {
  get occupied(): number {
    return this.inFlight
  }

  override get largest(): number {
    return Infinity
  }

  free(): number {
    return Infinity
  }

  protected roomAt(_units: number, now: number): number {
    return now
  }

  protected nextFreeAt(now: number): number {
    return now
  }

  protected cool(): void {}
  protected expire(): void {}
  protected bookForeign(): void {}
}
