/**
 * The books of one quota: what is in flight, what cools, what was learned, and when there is room again.
 *
 * Arithmetic only: no clock, no Effect, no randomness. Times are whole milliseconds of a monotonic clock, `now` rounded
 * down and answers rounded up, so that no slot is ever taken for free too early.
 */
import type { Quota } from "../Quota.ts"
import { AnswerLog } from "./AnswerLog.ts"
import { Caution } from "./Caution.ts"
import { Gate } from "./Gate.ts"
import { Pace } from "./Pace.ts"
import type { ServerClock } from "./ServerClock.ts"
import type { QuotaTally } from "./Tally.ts"

/** A reading in our own terms, instants by our clock. */
export interface Told {
  readonly limit: number | undefined
  readonly remaining: number | undefined
  /** The earliest and the latest instant that the reset can mean. */
  readonly resetFrom: number | undefined
  readonly resetBy: number | undefined
}

/** Why a refusal was to be expected: it was closed already, others had used it up, or how it counts is not known. */
export type Explained = "closedBefore" | "usedByOthers" | "inDoubt"

/** What holds units back: nothing, a closure, its end, the pace, those in flight, or those that cool. */
export type Barrier = "free" | "closed" | "opening" | "paced" | "inFlight" | "cooling"

/** What is taken off the way of a request counts only once so many answers were seen; a floor up to half of their minimum. */
const creditSamples = 100
const floorWindow = 1000

export abstract class Book {
  readonly quota: Quota
  readonly clock: ServerClock
  /** The counter's name: the key of the needs that draw on it. */
  key = ""
  /** What a limiter counted of it; none before the first call. */
  tally: QuotaTally | undefined = undefined
  readonly gate = new Gate()
  readonly pace = new Pace()
  readonly caution: Caution
  private readonly baseCooling: number
  /** How long an answered unit cools: the quota's window with the clocks' drift, the slack, and what refusals taught. */
  cooling: number
  /** The most that is promised now: the quota's limit, or less if the provider told so. */
  ceiling: number
  /** Units admitted and not answered, abandoned ones included. */
  inFlight = 0
  /** Units that others were found to use. */
  foreign = 0
  /** Units ever taken, by us or as found to be others', so that what our books explain of a server's count can be told. */
  private booked = 0
  refused = 0
  /** Permits that refer to these books. */
  holders = 0
  private readonly abandoned = new AnswerLog()
  private acceptedAt = -Infinity
  private latencyMinimum = Infinity
  private latencyPrevious = Infinity
  private latencySamples = 0

  constructor(quota: Quota, clock: ServerClock) {
    this.quota = quota
    this.clock = clock
    this.baseCooling = Math.ceil(quota.windowMillis * (1 + quota.rateMargin)) + quota.slackMillis
    this.cooling = this.baseCooling
    this.ceiling = quota.limit
    this.caution = new Caution(quota.limit, quota.windowMillis)
    this.spread()
  }

  /** The limit in force: the ceiling, or less after an unexpected refusal. */
  get limit(): number {
    return this.caution.limit
  }

  /** The earliest instant at which the quota itself has room for `units`: `now` if it has, a lower bound otherwise, Infinity if only an answer can tell. */
  protected abstract roomAt(units: number, now: number): number
  /** When our own books free the next unit; `now` where they say nothing. */
  protected abstract nextFreeAt(now: number): number
  /** Takes an answered unit from in flight to cooling. */
  protected abstract cool(units: number, answeredAt: number, creditMillis: number, told: Told | undefined): void
  /** Forgets what has cooled. */
  protected abstract expire(now: number): void
  /** Notes that others use so many units more. */
  protected abstract bookForeign(units: number, now: number, told: Told): void
  /** Follows a window that was stretched, or relaxed again: `cooling` is its new length. */
  protected cautioned(_now: number): void {}
  /** Units that the server may still count as ours. */
  abstract get occupied(): number
  /** Units that could be admitted now. */
  abstract free(now: number): number

  /** Whose counter it is. */
  get partition(): string {
    return this.key.split("|", 2)[1] ?? ""
  }

  /** Until when a refusal closed it; in the past when it is open. */
  get closedUntil(): number {
    return this.gate.until
  }

  /** Whether how the server counts is a guess, so that a refusal tells nothing unexpected. */
  get isInDoubt(): boolean {
    return this.quota.kind === "unpublished"
  }

  /** How our books explain the refusal of what was sent at `sentAt` and is settled, if they do. Ask before `refusedAt`. */
  explained(sentAt: number): Explained | undefined {
    if (sentAt < this.closedUntil || this.gate.wasClosedFor(sentAt)) return "closedBefore"
    if (this.foreign > 0 && this.occupied + this.foreign >= this.limit) return "usedByOthers"
    return this.isInDoubt ? "inDoubt" : undefined
  }

  /** The largest claim that can ever be admitted. */
  get largest(): number {
    return this.ceiling
  }

  /** The least time in which the quota admits its whole limit again and again. */
  protected get roundMillis(): number {
    return this.quota.windowMillis
  }

  /** Takes the passing of time into account. */
  advance(now: number): void {
    while (this.abandoned.length > 0 && this.abandoned.stampAt(0) <= now) {
      const units = this.abandoned.unitsAt(0)
      const dueAt = this.abandoned.stampAt(0)
      this.abandoned.shift()
      this.inFlight -= units
      this.cool(units, dueAt, 0, undefined)
    }
    this.expire(now)
    if (this.caution.advance(now, this.ceiling, this.cooling)) this.heed(now)
  }

  /** The earliest instant for `units`, with everything considered: `now` if at once. Call `advance` first. */
  earliest(units: number, now: number): number {
    const room = this.passesGate(units) ? this.roomAt(units, now) : Infinity
    if (room === Infinity) return this.abandoned.length > 0 ? this.abandoned.stampAt(0) : Infinity
    return Math.max(this.gate.opensAt(now), this.pace.opensAt(now), room)
  }

  /** Because of what `earliest` is later than now. */
  barrier(units: number, now: number): Barrier {
    const at = this.earliest(units, now)
    if (at === now) return "free"
    if (this.gate.opensAt(now) === at) return "closed"
    if (!this.passesGate(units)) return "opening"
    if (this.pace.opensAt(now) === at && this.roomAt(units, now) < at) return "paced"
    return at === Infinity || this.needsAnswer(units) ? "inFlight" : "cooling"
  }

  /** Whether units have no room before something is answered, however long they wait. */
  protected needsAnswer(units: number): boolean {
    return this.inFlight + units > this.limitFor(units)
  }

  /** The same for a queue that may be longer than the quota: whole windows for whole quotas, then the rest. */
  earliestInQueue(units: number, now: number): number {
    const rounds = Math.max(0, Math.ceil(units / this.ceiling) - 1)
    const at = Math.max(this.gate.opensAt(now), this.roomAt(units - rounds * this.ceiling, now))
    return (at === Infinity ? now : at) + rounds * this.roundMillis
  }

  take(units: number, now: number): void {
    this.inFlight += units
    this.booked += units
    this.gate.passed(now)
    this.pace.passed(units, now)
  }

  /** Gives units back that were never sent. */
  giveBack(units: number): void {
    this.inFlight -= units
    this.booked -= units
  }

  /** Takes in an answer, and for how long of its way the server says that it worked on the request. */
  answered(units: number, sentAt: number, answeredAt: number, told: Told | undefined, servedMillis = 0): void {
    this.inFlight -= units
    const latency = answeredAt - sentAt
    const served = this.servedCredit(latency, servedMillis)
    this.cool(units, answeredAt - served, this.floorCredit(latency - served), told)
  }

  /** Gives units back that the server did not count, though it answered. */
  uncounted(units: number): void {
    this.inFlight -= units
  }

  /** Holds units whose answer will never come until `heldUntil`; from then on they cool. */
  abandon(units: number, heldUntil: number): void {
    this.abandoned.push(Math.max(heldUntil, this.abandoned.newest), Infinity, units)
  }

  /** Takes in what the server told of this quota; `ownBase` is what `ownBase()` gave when the request was admitted. */
  learn(told: Told, ownBase: number, now: number): void {
    if (told.limit !== undefined) this.adopt(told.limit)
    if (told.remaining === undefined) return
    const published = told.limit ?? this.quota.published
    const used = Math.max(0, published - told.remaining)
    const shareOfOthers = published - Math.floor((published * this.quota.limit) / this.quota.published)
    // A bucket that refills in steps may show up to a step more than one that refills evenly.
    const others = used - (ownBase + this.booked) - shareOfOthers - (this.quota.step - 1)
    if (others > 0) {
      this.booked += others
      this.bookForeign(others, now, told)
    }
    const slow = this.quota.slowBelow
    if (slow && told.remaining < slow.remaining && (slow.when === "always" || this.foreign > 0)) {
      // However late a reset is told: what little there is comes back within a window.
      this.pace.slow(told.remaining, now, Math.min(told.resetBy ?? Infinity, now + this.cooling))
    }
  }

  /** What our books explain of the server's count, as a base to which the units booked since are added. */
  ownBase(): number {
    return this.occupied + this.foreign - this.booked
  }

  /** A refusal although we had room: closes the quota, cuts its limit once an episode, and lets it grow back. */
  refusedAt(now: number, sentAt: number, until: number | undefined, maxPause: number, backoffCeiling: number): number {
    this.refused++
    // Without a success of late our books hold refusals only, and say nothing of when there will be room.
    const nextFreeAt = now < this.acceptedAt + this.cooling ? this.nextFreeAt(now) : now
    const untold = until === undefined ? Math.max(now + this.gate.backoff(sentAt, backoffCeiling), nextFreeAt) : until
    const closedUntil = Math.max(now + this.quota.penaltyMillis, untold)
    this.gate.close(closedUntil, now, maxPause)
    this.latencySamples = 0
    if (this.quota.kind === "unpublished") return closedUntil
    if (this.caution.refused(sentAt, now, closedUntil, this.cooling)) this.heed(now)
    return closedUntil
  }

  succeeded(sentAt: number, now: number): void {
    this.acceptedAt = now
    const endsClosure = this.gate.succeeded(sentAt, now, this.limit)
    if (endsClosure) this.caution.reopened(now, this.cooling)
  }

  /** Whether nothing would be lost by forgetting these books. */
  isIdle(now: number): boolean {
    return (
      this.holders === 0 &&
      this.occupied === 0 &&
      this.foreign === 0 &&
      this.gate.until + this.cooling <= now &&
      this.caution.strikes === 0 &&
      this.ceiling === this.quota.limit
    )
  }

  /** The limit for a claim of so many units: one that is larger than what a refusal left goes when all else has cooled. */
  protected limitFor(units: number): number {
    return units <= this.ceiling ? Math.max(this.limit, units) : this.ceiling
  }

  private adopt(told: number): void {
    if (this.quota.kind === "concurrency" || this.quota.kind === "unpublished") return
    const scaled = Math.max(1, Math.floor((told * this.quota.limit) / this.quota.published))
    const ceiling = this.quota.assumed ? scaled : Math.min(scaled, this.quota.limit)
    if (ceiling === this.ceiling) return
    this.caution.adopt(ceiling, this.ceiling)
    this.ceiling = ceiling
    this.spread()
  }

  /** Follows what refusals taught, or time let be forgotten. */
  private heed(now: number): void {
    const cooling = this.baseCooling + this.caution.extraMillis
    if (cooling !== this.cooling) {
      this.cooling = cooling
      this.cautioned(now)
    }
    this.spread()
  }

  private spread(): void {
    const { kind, pacing, refill } = this.quota
    if (pacing === "even") this.pace.spread(this.cooling / (kind === "tokenBucket" ? refill : this.limit))
  }

  private passesGate(units: number): boolean {
    return this.gate.passes(units, this.inFlight - this.abandoned.kept)
  }

  /** How long before its answer a request surely was counted that is counted on arrival. */
  private servedCredit(latency: number, servedMillis: number): number {
    this.latencySamples++
    if (!this.quota.countsOnArrival || this.latencySamples < creditSamples) return 0
    return Math.min(latency, Math.floor(servedMillis * (1 - this.quota.rateMargin)))
  }

  /** How much of the latency may be taken off the cooling: see receipt rule, latency floor. */
  private floorCredit(latency: number): number {
    if (this.quota.latencyFloorMillis === 0) return 0
    this.latencyMinimum = Math.min(this.latencyMinimum, latency)
    if (this.latencySamples % floorWindow === 0) {
      this.latencyPrevious = this.latencyMinimum
      this.latencyMinimum = Infinity
    }
    if (this.latencySamples < creditSamples) return 0
    return Math.min(this.quota.latencyFloorMillis, Math.floor(Math.min(this.latencyMinimum, this.latencyPrevious) / 2))
  }
}
