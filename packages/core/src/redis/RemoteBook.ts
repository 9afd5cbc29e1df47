/**
 * What this process remembers of a counter whose books are in Redis: what they last showed, for those who want to see it.
 *
 * It decides nothing. Between two looks it follows what happens here.
 */
import { type Barrier, Book } from "../admission/Book.ts"
import { bookOf, type Stance } from "../admission/bookOf.ts"
import type { ServerClock } from "../admission/ServerClock.ts"
import type { Quota } from "../Quota.ts"
import type { Shown } from "./Call.ts"

/** For so many windows after a closure each success may open the quota wider. */
const tenseWindows = 2

export class RemoteBook extends Book {
  /** Moves when something ended here, so that an answer of before may have become too pessimistic. */
  version = 0
  private shown: Pick<Shown, "largest" | "free" | "limit">
  private cooled = 0
  private fullUntil = -Infinity
  private shutUntil = -Infinity
  private tenseUntil = -Infinity
  private toldLimit: number | undefined
  private usedAt = -Infinity

  constructor(quota: Quota, clock: ServerClock, stance: Stance) {
    super(quota, clock)
    const { largest, limit } = bookOf(quota, clock, stance)
    this.shown = { largest, limit, free: largest }
  }

  /** Takes in what Redis showed when it was called at `calledAt`. */
  show(shown: Shown, calledAt: number): void {
    this.shown = shown
    this.shutUntil = calledAt + shown.closedUntil - shown.at
    this.cooled = shown.occupied - shown.inFlight
    this.ceiling = shown.ceiling
    this.inFlight = shown.inFlight
    this.foreign = shown.foreign
    this.refused = shown.refused
  }

  /** Takes in until when there is no room, by this process's clock. */
  isFullUntil(at: number): void {
    this.fullUntil = at
  }

  /** Takes in that a refusal closed it. */
  isClosedUntil(at: number): void {
    this.fullUntil = Math.max(this.fullUntil, at)
    this.shutUntil = Math.max(this.shutUntil, at)
    this.tenseUntil = Math.max(this.tenseUntil, at + tenseWindows * this.cooling)
  }

  /** Whether an answer lets more go than its own slots: it tells another limit than the last one, or that a closure is over. */
  isNews(limit: number | undefined, now: number): boolean {
    const isOther = limit !== undefined && limit !== this.toldLimit
    if (isOther) this.toldLimit = limit
    return isOther || now < this.tenseUntil
  }

  /** Something ended here that may make room. */
  changed(): void {
    this.version++
  }

  override get limit(): number {
    return this.shown.limit
  }

  override get closedUntil(): number {
    return this.shutUntil
  }

  override get largest(): number {
    return this.shown.largest
  }

  get occupied(): number {
    return this.inFlight + this.cooled
  }

  free(): number {
    return this.shown.free
  }

  /** What was granted is shown already. */
  override take(_units: number, now: number): void {
    this.usedAt = now
  }

  override giveBack(units: number): void {
    this.inFlight = Math.max(0, this.inFlight - units)
    this.version++
  }

  override answered(units: number, _sentAt: number, answeredAt: number): void {
    this.inFlight = Math.max(0, this.inFlight - units)
    this.cooled += units
    this.usedAt = answeredAt
  }

  override uncounted(units: number): void {
    this.giveBack(units)
  }

  override abandon(_units: number, heldUntil: number): void {
    this.usedAt = heldUntil
  }

  override learn(): void {}

  override earliest(units: number, now: number): number {
    if (this.shown.free < units && this.fullUntil <= now) return Infinity
    return Math.max(now, this.fullUntil, this.shutUntil)
  }

  override barrier(units: number, now: number): Barrier {
    const at = this.earliest(units, now)
    if (at === now) return "free"
    return at === Infinity ? "inFlight" : this.shutUntil === at ? "closed" : "cooling"
  }

  override earliestInQueue(units: number, now: number): number {
    const rounds = Math.max(0, Math.ceil(units / this.ceiling) - 1)
    return Math.max(now, this.fullUntil) + rounds * this.roundMillis
  }

  /** The books are in Redis: whoever has not used them here for a window need not remember them. */
  override isIdle(now: number): boolean {
    return this.holders === 0 && this.usedAt + this.cooling <= now
  }

  protected roomAt(_units: number, now: number): number {
    return Math.max(now, this.fullUntil)
  }

  protected nextFreeAt(now: number): number {
    return Math.max(now, this.fullUntil)
  }

  protected cool(): void {}
  protected expire(): void {}
  protected bookForeign(): void {}
}
