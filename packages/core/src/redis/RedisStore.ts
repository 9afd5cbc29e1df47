/**
 * The store's side of a limiter whose books are in Redis: answers at once, with what Redis has answered so far.
 *
 * A question that Redis has not answered is told to wait, and the limiter is woken by the answer, or when Redis calls
 * this worker to its turn. One question asks for all who wait; what is granted is taken by one after the other.
 */
import { Admission, type Closure, type Crowd, type Decision, type Outcome, type Permit } from "../Admission.ts"
import type { Stance } from "../admission/bookOf.ts"
import type { Book } from "../admission/Book.ts"
import type { Flow, Waiter } from "../admission/Flow.ts"
import type { ServerClock } from "../admission/ServerClock.ts"
import { readingOf } from "../admission/Told.ts"
import type { Claim } from "../Claim.ts"
import type { Quota } from "../Quota.ts"
import type { Signal } from "../Signal.ts"
import type { Away } from "../RateLimiterStore.ts"
import { Call } from "./Call.ts"
import { type Answered, Desk, type News } from "./Desk.ts"
import { counterOf, keysOf, type Layout } from "./Keys.ts"
import { isOfShare, type Lease, Pool, type Reply, type Slot } from "./Pool.ts"
import { deadMillis, missingMillis, type Present } from "./Presence.ts"
import { RedisClock } from "./RedisClock.ts"
import { RemoteBook } from "./RemoteBook.ts"
import { Share, unnoticedMillis } from "./Share.ts"
import { upcoming } from "./upcoming.ts"

/** A call that is not to wait waits so long for Redis's answer. */
const patienceMillis = 250
/** What was granted and not taken goes back after so long. */
const spareMillis = 20
/** An end is told by then, or within half a window. */
const lateMillis = 1000
/** So exactly is it told since when calls wait. */
const samples = 9
/** So many desks are remembered. */
const mostKnown = 100_000
/** No limit is larger. */
const most = 1_000_000_000
/** So many counters are shown by one call that only looks. */
const mostLooks = 32
/** So many slots make one lease, at most. */
const mostSlots = 128

/** How a request ended that was admitted by our share. */
type ShareEnd = Omit<Extract<News, { readonly _tag: "End" }>, "_tag" | "slot">

interface Used {
  readonly cooling: number
  end: ShareEnd | undefined
  /** How its body ended, or whether it is still read. */
  body: "open" | "read" | "cut" | undefined
}

export interface Options {
  readonly layout: Layout
  /** What no other worker is called. */
  readonly worker: string
  readonly abandonMillis: number
  readonly maxPauseMillis: number | undefined
  readonly stance: Stance | undefined
  /** For so long after it was asked for, what is granted may be sent. */
  readonly leaseMillis: number
  /** How old what is shown of the books may be. */
  readonly showMillis: number
  /** This process's monotonic clock, in milliseconds. */
  readonly now: () => number
  /** What time the script is told that it is; Redis's own otherwise. */
  readonly at?: () => number
  /** For so long calls wait for a Redis that does not answer. */
  readonly awayMillis: number
  /** Whether workers divide the quotas while Redis is away. */
  readonly shares: boolean
  /** Runs a desk when it is due. */
  readonly run: (desk: Desk) => void
  readonly later: (millis: number, act: () => void) => void
}

export class RedisStore extends Admission {
  private readonly options: Options
  private readonly desks = new Map<string, Desk>()
  private readonly pools = new Map<string, Pool>()
  private readonly poolsByClaim = new WeakMap<Claim, Pool>()
  private readonly poolsByPlace = new Map<string, Pool>()
  private readonly granted = new Map<string, Lease>()
  private readonly slots = new WeakMap<Permit, Slot>()
  /** Pools with slots that nobody took, and when those go back. */
  private readonly spares = new Map<Pool, number>()
  /** Since when Redis does not answer, and what it said last. */
  private lost: { readonly since: number; readonly cause: unknown } | undefined
  /** Who is there, and when that was known. */
  private present: (Present & { readonly at: number }) | undefined
  private share: Share | undefined
  /** What was admitted of our share: Redis is told of it when it is back. */
  private readonly shared = new Map<Slot, Used>()
  private readonly clock = new RedisClock()
  /** Desks by their keys: until when they are surely there, and what they had lost when they answered last. */
  private readonly known = new Map<string, { readonly until: number; readonly lostAt: number }>()
  private readonly startedAt: number
  private count = 0
  private wake: (books: ReadonlyArray<Book>) => void = () => {}

  constructor(options: Options) {
    super(options)
    this.options = options
    this.startedAt = options.now()
  }

  readonly onWake = (wake: (books: ReadonlyArray<Book>) => void): void => {
    this.wake = wake
  }

  override permit(claim: Claim): Permit {
    const permit = super.permit(claim)
    if (claim.needs.length > 0) this.poolOf(claim).waiting++
    return permit
  }

  override admit(permit: Permit, nowMillis: number, crowd?: Crowd): Decision {
    const { books, claim } = permit
    for (const [i, { cost }] of claim.needs.entries()) {
      const largest = books[i]?.largest ?? 0
      if (cost > largest) return { _tag: "Never", need: i, largest }
    }
    if (books.length === 0) return this.hold(permit, nowMillis)
    const pool = this.poolOf(claim)
    const slot = pool.take()
    if (slot) {
      // A worker that was paused must not send by a lease that may be dead when it is counted.
      if (nowMillis < slot.lease.usableUntil) {
        this.slots.set(permit, slot)
        pool.waiting--
        return this.hold(permit, nowMillis)
      }
      this.giveBack([slot, ...pool.takeSpare()])
    }
    const ours = this.share?.divides(claim) ? this.shareOf(this.share, permit, pool, nowMillis) : undefined
    if (ours) return ours
    const { question, reply } = pool
    // Who is missing has to be known before anything is asked for.
    if (this.isNew(nowMillis)) return { _tag: "Wait", at: this.startedAt + unnoticedMillis, need: 0 }
    if (question || this.away(permit, nowMillis)) return { _tag: "Wait", at: Infinity, need: reply?.decision.need ?? 0 }
    const isOutranked = pool.asker !== undefined && pool.asker.priority < permit.priority
    if (reply && nowMillis < reply.askAt && !isStale(reply, books) && !isOutranked) {
      const { askAt, decision } = reply
      return decision._tag === "Wait" ? { ...decision, at: askAt } : decision
    }
    return this.ask(pool, permit, nowMillis, crowd)
  }

  override settle(
    permit: Permit,
    outcome: Outcome,
    nowMillis: number,
    signal: Signal,
    wallMillis = nowMillis
  ): Closure | undefined {
    if (permit.state !== "held") return undefined
    const closure = super.settle(permit, outcome, nowMillis, signal, wallMillis)
    for (const book of closure?.books ?? []) (book as RemoteBook).isClosedUntil(closure?.until ?? nowMillis)
    const slot = this.slots.get(permit)
    if (!slot) return closure
    if (this.shared.has(slot)) return this.settleShared(permit, slot, outcome, nowMillis, signal, wallMillis)
    const latencyMillis = nowMillis - permit.admittedAt
    const news = { _tag: "End", slot, outcome, signal, wallMillis, latencyMillis, endedAt: nowMillis } as const
    const isFollowed = outcome !== "unsent" && outcome !== "abandoned" && holdsBody(permit.claim)
    this.tell(news, isFollowed, outcome === "answered" ? tellBy(permit, signal, nowMillis) : -Infinity)
    return closure
  }

  override release(permit: Permit, nowMillis: number, end: "read" | "cut"): void {
    if (permit.state !== "answered") return
    super.release(permit, nowMillis, end)
    const slot = this.slots.get(permit)
    if (!slot || !holdsBody(permit.claim)) return
    for (const book of permit.books) (book as RemoteBook).changed()
    const used = this.shared.get(slot)
    if (used) {
      used.body = end
      this.share?.release(permit, nowMillis, end)
    } else this.tell({ _tag: "Release", slot, end }, false, -Infinity)
  }

  override discard(permit: Permit): void {
    if (permit.state !== "waiting") return
    super.discard(permit)
    if (permit.books.length === 0) return
    const pool = this.poolOf(permit.claim)
    pool.waiting--
    if (pool.waiting === 0) this.leaveLine(pool)
  }

  override evict(nowMillis: number): number {
    for (const [shape, pool] of this.pools) {
      if (!pool.isIdle) continue
      this.pools.delete(shape)
      this.poolsByPlace.delete(pool.place)
      this.poolsByClaim.delete(pool.claim)
    }
    // What is under way is told to its desk when it ends, however long ago anything was asked.
    const used = new Set([...this.pools.values(), ...this.granted.values()].map(({ desk }) => desk))
    for (const { lease } of this.shared.keys()) used.add(lease.desk)
    for (const [name, desk] of this.desks) if (desk.isIdle && !used.has(desk)) this.desks.delete(name)
    return super.evict(nowMillis)
  }

  readonly leases = (): number => this.granted.size

  /** Whether Redis has not answered yet and may do so soon. */
  readonly isAsking = (permit: Permit, nowMillis: number): boolean => {
    const question = permit.books.length > 0 ? this.poolOf(permit.claim).question : undefined
    if (this.isNew(nowMillis)) return nowMillis - this.startedAt < patienceMillis
    return question !== undefined && nowMillis - question.askedAt < patienceMillis
  }

  /** Why a permit is not to wait for Redis any longer. */
  readonly away = (permit: Permit, nowMillis: number): Away | undefined => {
    if (permit.books.length === 0) return undefined
    const { desk, differs, reply } = this.poolOf(permit.claim)
    if (desk.refusal)
      return away(`Redis does not take the calls for this claim: ${String(desk.refusal.cause)}`, desk.refusal)
    if (differs !== undefined && reply && nowMillis < reply.askAt) {
      return away(`Redis holds books of another definition of quota ${JSON.stringify(differs)}: ${redefined}`, differs)
    }
    if (!this.lost || (this.share && nowMillis < this.share.until)) return undefined
    const { cause, since } = this.lost
    if (nowMillis < since + this.options.awayMillis) return undefined
    return away("Redis does not answer, and nothing is admitted without it.", cause)
  }

  /** Redis calls one of our pools to its turn, in so long. */
  called(pool: string, afterMillis: number, turn: number): void {
    const called = this.poolsByPlace.get(`${this.options.worker}/${pool}`)
    if (!called) return
    called.call(turn, this.options.now() + afterMillis)
    this.wake(called.claim.needs.flatMap(({ key }) => this.books.get(key) ?? []))
  }

  /** A refusal closed a counter for so long, wherever it was met. */
  closed(key: string, afterMillis: number): void {
    const counter = counterOf(key)
    const book = this.books.get(counter)
    if (!(book instanceof RemoteBook)) return
    const until = this.options.now() + afterMillis
    book.isClosedUntil(until)
    for (const pool of this.pools.values()) {
      if (!pool.claim.needs.some((need) => need.key === counter)) continue
      this.giveBack(pool.takeSpare())
      pool.hold(until)
    }
  }

  /** Prolongs what is under way for long. */
  renew(nowMillis: number): void {
    for (const lease of this.granted.values()) if (nowMillis >= lease.renewAt) this.register(lease, nowMillis)
  }

  /** Calls that let the counters that are known here be shown, and change nothing: one for each desk and so many counters. */
  looks(): ReadonlyArray<Call> {
    const { at, layout } = this.options
    const { abandonMillis, maxPauseMillis, stance } = this
    const byDesk = Map.groupBy(this.books.values(), ({ key }) => keysOf(layout, key).desk)
    return [...byDesk.values()].flatMap((books) =>
      Array.from({ length: Math.ceil(books.length / mostLooks) }, (_, i) => {
        const call = new Call({ layout, abandonMillis, maxPauseMillis, stance, shows: true, ...(at && { at: at() }) })
        for (const { key, quota } of books.slice(i * mostLooks, (i + 1) * mostLooks)) {
          call.look({ origin: "", partition: "", needs: [{ quota, key, cost: 1 }] })
        }
        return call
      })
    )
  }

  /** Takes in what such a call showed that was made at that instant. */
  sees({ shown }: Pick<ReturnType<Call["read"]>, "shown">, calledAt: number): void {
    for (const [key, books] of shown) {
      const book = this.books.get(key)
      if (book instanceof RemoteBook) book.show(books, calledAt)
    }
  }

  /** Makes whatever there is to tell due. */
  hurry(): void {
    for (const desk of this.desks.values()) {
      desk.hurry()
      this.options.run(desk)
    }
  }

  /** Gives back what nobody took, leaves all lines, and tells what there is to tell. */
  end(): void {
    for (const pool of this.pools.values()) {
      this.giveBack(pool.takeSpare())
      this.leaveLine(pool)
    }
    this.hurry()
  }

  protected override newBook(quota: Quota, clock: ServerClock): Book {
    return new RemoteBook(quota, clock, this.stance)
  }

  private ask(pool: Pool, permit: Permit, now: number, crowd: Crowd | undefined): Decision {
    const { books } = permit
    const came = crowd ? this.cameOf(upcoming(crowd, mostSlots), pool, now) : [now]
    const since = samplesOf(came)
    const { place } = pool
    pool.asker = permit
    pool.question = {
      pool,
      books,
      lease: `${this.options.worker}:${(this.count++).toString(36)}`,
      slots: Math.max(1, came.length),
      askedAt: now,
      reserved: (at) => books.map((book) => this.keptBefore(permit, book, at)),
      versions: books.map((book) => (book as RemoteBook).version),
      // Its priority may be known only after it asked for the first time.
      standing: (at) => ({
        place,
        priority: permit.priority,
        waitedMillis: since.map((each) => at - each)
      })
    }
    pool.desk.ask(pool.question)
    this.options.run(pool.desk)
    return { _tag: "Wait", at: Infinity, need: pool.reply?.decision.need ?? 0 }
  }

  /** Since when those wait who go with the first, of the same shape and with nobody else between. */
  private cameOf(going: ReadonlyArray<Waiter>, pool: Pool, now: number): ReadonlyArray<number> {
    const others = going.findIndex(({ permit }) => this.poolOf(permit.claim) !== pool)
    return turnsOf(others < 0 ? going : going.slice(0, others), now)
  }

  private hold(permit: Permit, now: number): Decision {
    permit.books.forEach((book, i) => book.take(permit.claim.needs[i]?.cost ?? 0, now))
    permit.state = "held"
    permit.admittedAt = now
    return { _tag: "Admitted" }
  }

  /** Notes who was there at that instant. What less is kept of has room anew. */
  meets(present: Present, at: number): void {
    const before = this.present ? this.missingOf(most, this.options.now()) : Infinity
    this.present = { ...present, at }
    if (this.missingOf(most, this.options.now()) >= before) return
    for (const pool of this.pools.values()) pool.reply = undefined
    this.wakeAll()
  }

  /** By how many it divides, as far as it knows. */
  get dividesBy(): number {
    return this.present?.workers ?? Infinity
  }

  /** Whether others have to leave its part to this worker: it lives on it, or has not told Redis yet what it used. */
  get isApart(): boolean {
    return this.share !== undefined || [...this.desks.values()].some((desk) => desk.registersShare)
  }

  /** Whether it does not know yet who else is there, and may soon. */
  private isNew(now: number): boolean {
    return this.options.shares && !this.present && now < this.startedAt + unnoticedMillis
  }

  /** How much those keep of a limit who may live on their parts: all others, where we have not heard of them for as long. */
  private missingOf(limit: number, now: number): number {
    if (!this.present) return 0
    const { at, missing, workers } = this.present
    if (now - at > missingMillis) return limit - Math.floor(limit / workers)
    return missing.reduce((sum, divisor) => sum + Math.floor(limit / divisor), 0)
  }

  /** What others keep of a need: those of higher rank here, and workers that are missing. */
  private keptBefore(permit: Permit, book: Book, now: number): number {
    return this.reservedBefore(permit, book, now) + this.missingOf(book.quota.limit, now)
  }

  /** What our share says to a claim that Redis cannot be asked for. What Redis granted has to end before. */
  private shareOf(share: Share, permit: Permit, pool: Pool, now: number): Decision | undefined {
    const granted = [...this.granted.values()].some((lease) => lease.claim === pool.claim && !isOfShare(lease))
    if (granted) return { _tag: "Wait", at: Infinity, need: 0 }
    const decision = share.admit(permit, now)
    if (decision._tag !== "Admitted") return decision
    const { leaseMillis, worker } = this.options
    const lease: Lease = {
      name: `${worker}:${(this.count++).toString(36)}*`,
      claim: pool.claim,
      desk: pool.desk,
      states: ["h"],
      usableUntil: Infinity,
      renewAt: now + leaseMillis / 2
    }
    const slot = { lease, place: 1 }
    this.slots.set(permit, slot)
    this.shared.set(slot, {
      cooling: Math.max(...permit.books.map(({ cooling }) => cooling)),
      end: undefined,
      body: undefined
    })
    pool.waiting--
    return this.hold(permit, now)
  }

  private settleShared(
    permit: Permit,
    slot: Slot,
    outcome: Outcome,
    now: number,
    signal: Signal,
    wallMillis: number
  ): Closure | undefined {
    const closure = this.share?.settle(permit, outcome, now, signal, wallMillis)
    const used = this.shared.get(slot)
    if (used && outcome !== "unsent" && outcome !== "abandoned" && holdsBody(permit.claim)) used.body = "open"
    if (used) used.end = { outcome, signal, wallMillis, latencyMillis: now - permit.admittedAt, endedAt: now }
    for (const [each, { body, cooling, end }] of this.shared) {
      if (!end || end.outcome === "abandoned" || body === "open" || now - end.endedAt <= cooling) break
      this.shared.delete(each)
    }
    return closure
  }

  /** Redis is back: what was used of our share is in flight there from now on, and what has ended since cools. */
  private registerShared(now: number): void {
    for (const [slot, { body, end }] of this.shared) {
      const { lease } = slot
      this.granted.set(lease.name, lease)
      lease.renewAt = now + this.options.leaseMillis / 2
      lease.desk.tell({ _tag: "Renew", lease, states: "h", millis: this.options.leaseMillis })
      if (end) this.tell({ _tag: "End", slot, ...end }, body === "open", -Infinity)
      else this.options.run(lease.desk)
      if (body === "read" || body === "cut") this.tell({ _tag: "Release", slot, end: body }, false, -Infinity)
    }
    this.shared.clear()
  }

  private register(lease: Lease, now: number): void {
    lease.renewAt = now + this.options.leaseMillis / 2
    lease.desk.tell({ _tag: "Renew", lease, millis: this.options.leaseMillis })
    this.options.run(lease.desk)
  }

  /** Notes which desks are there. What one of them lost is told again. */
  private met({ calledAt, desks, keptMillis, lostAt, reading }: Answered): void {
    this.clock.read(reading)
    for (const key of desks) {
      const known = this.known.get(key)
      if (known && lostAt > known.lostAt) {
        for (const lease of this.granted.values()) this.register(lease, calledAt)
      }
      this.known.set(key, { until: Math.max(known?.until ?? 0, calledAt + keptMillis), lostAt })
    }
    if (this.known.size > mostKnown) this.known.clear()
  }

  /** Redis did not answer. Who has waited for long enough is sent away, and nothing is asked for them any more. */
  private failed(desk: Desk, cause: unknown, calledAt: number): void {
    const { awayMillis, later, now, shares } = this.options
    if (desk.refusal) return this.withdraw([desk])
    const isNew = !this.lost
    const since = this.lost?.since ?? calledAt
    this.lost = { since, cause }
    const giveUp = () => {
      if (this.lost && now() >= since + awayMillis) this.withdraw(this.desks.values())
    }
    const { present } = this
    // Whoever is new may not be counted by the others yet, and whoever was not heard of is taken for dead.
    if (shares && !this.share && present && present.at - this.startedAt > unnoticedMillis) {
      const { abandonMillis, maxPauseMillis, stance } = this
      const until = present.at + deadMillis - abandonMillis
      const { workers } = present
      this.share = new Share({ abandonMillis, maxPauseMillis, stance, workers, since, until })
      this.withdraw(this.desks.values())
    }
    giveUp()
    if (isNew) later(since + awayMillis - now(), giveUp)
  }

  /** Asks nothing any more, so that everybody who waits is told anew. */
  private withdraw(desks: Iterable<Desk>): void {
    for (const desk of desks) {
      for (const { pool } of desk.withdraw()) pool.question = undefined
    }
    this.wakeAll()
  }

  private wakeAll(): void {
    const waiting = [...this.pools.values()].filter((pool) => pool.waiting > 0)
    const keys = new Set(waiting.flatMap(({ claim }) => claim.needs.map(({ key }) => key)))
    this.wake([...keys].flatMap((key) => this.books.get(key) ?? []))
  }

  private answered(answered: Answered): void {
    const { calledAt, questions, shown } = answered
    this.met(answered)
    const wasLost = this.lost !== undefined
    this.lost = undefined
    if (this.share) {
      this.share = undefined
      this.registerShared(this.options.now())
    }
    for (const [key, books] of shown) {
      const book = this.books.get(key)
      if (book instanceof RemoteBook) book.show(books, calledAt)
    }
    const concerned = new Set<Book>()
    for (const [question, answer] of questions) {
      const { askedAt, books, pool, versions } = question
      if (pool.question !== question) continue
      pool.question = undefined
      pool.reply = undefined
      const refusal = answer._tag === "Granted" ? answer.rest : answer
      pool.isInLine = false
      if (refusal) pool.refuse(refusal, calledAt, versions)
      if (answer._tag === "Granted") {
        const { leaseMillis } = this.options
        const lease: Lease = {
          name: question.lease,
          claim: pool.claim,
          desk: pool.desk,
          states: Array.from({ length: answer.slots }, () => "h"),
          usableUntil: askedAt + leaseMillis,
          renewAt: askedAt + leaseMillis / 2
        }
        this.granted.set(lease.name, lease)
        pool.grant(lease)
      }
      if (refusal?._tag === "Wait") {
        const book = books[refusal.need]
        if (book instanceof RemoteBook) book.isFullUntil(calledAt + refusal.afterMillis)
      }
      for (const book of books) concerned.add(book)
    }
    if (wasLost) this.wakeAll()
    else this.wake([...concerned])
    for (const [{ pool }] of questions) {
      if (pool.waiting === 0) this.leaveLine(pool)
      if (!pool.hasSpare) continue
      this.spares.set(pool, this.options.now() + spareMillis)
      pool.desk.isDueBy(this.options.now() + spareMillis)
    }
  }

  /** Gives back what nobody took for a while. */
  private giveBackSpare(now: number): void {
    for (const [pool, backAt] of this.spares) {
      if (now < backAt) continue
      this.spares.delete(pool)
      this.giveBack(pool.takeSpare())
    }
  }

  private giveBack(slots: ReadonlyArray<Slot>): void {
    for (const slot of slots) {
      const signal = { readings: [] }
      const now = this.options.now()
      this.tell(
        { _tag: "End", slot, outcome: "unsent", signal, wallMillis: 0, latencyMillis: 0, endedAt: now },
        false,
        -Infinity
      )
    }
  }

  private leaveLine(pool: Pool): void {
    if (!pool.isInLine) return
    pool.isInLine = false
    pool.reply = undefined
    pool.desk.tell({ _tag: "Leave", pool })
    this.options.run(pool.desk)
  }

  private tell(news: Extract<News, { readonly slot: Slot }>, isFollowed: boolean, by: number): void {
    const { lease } = news.slot
    lease.states[news.slot.place - 1] = isFollowed ? "a" : "e"
    if (lease.states.every((state) => state === "e")) this.granted.delete(lease.name)
    lease.desk.tell(news, by)
    this.options.run(lease.desk)
  }

  private poolOf(claim: Claim): Pool {
    const known = this.poolsByClaim.get(claim)
    if (known && this.poolsByPlace.get(known.place) === known) return known
    const { origin, partition } = claim
    const shape = [origin, partition, ...claim.needs.map(({ cost, key }) => `${key}*${cost}`)].join("|")
    let pool = this.pools.get(shape)
    if (!pool) {
      const desk = this.deskOf(`${origin}|${partition}`)
      pool = new Pool(claim, desk, `${this.options.worker}/${(this.count++).toString(36)}`)
      this.pools.set(shape, pool)
      this.poolsByPlace.set(pool.place, pool)
    }
    this.poolsByClaim.set(claim, pool)
    return pool
  }

  private deskOf(name: string): Desk {
    const known = this.desks.get(name)
    if (known) return known
    const { at, layout, leaseMillis, now, showMillis } = this.options
    const { abandonMillis, maxPauseMillis, stance } = this
    let shownAt = -Infinity
    const isKnown = (key: string) => now() < (this.known.get(key)?.until ?? -Infinity)
    const desk = new Desk({
      leaseMillis,
      steps: this.clock.steps,
      now,
      options: () => {
        const shows = now() >= shownAt + showMillis
        if (shows) shownAt = now()
        return { layout, abandonMillis, maxPauseMillis, stance, shows, tells: true, isKnown, ...(at && { at: at() }) }
      },
      onDue: (now) => this.giveBackSpare(now),
      onAnswered: (answered) => this.answered(answered),
      onFailed: (desk, cause, calledAt) => this.failed(desk, cause, calledAt)
    })
    this.desks.set(name, desk)
    return desk
  }
}

const holdsBody = (claim: Claim): boolean => claim.needs.some(({ quota }) => quota.kind === "concurrency")

/** Something ended here since that may make room. */
const isStale = (reply: Reply, books: ReadonlyArray<Book>): boolean =>
  books.some((book, i) => (book as RemoteBook).version !== reply.versions[i])

/** By when an answer is told, so that nobody misses it: it frees its slots a window later, unless it frees more than those. */
const tellBy = (permit: Permit, signal: Signal, now: number): number => {
  let millis = lateMillis
  permit.books.forEach((book) => {
    const { quota } = book
    const told = readingOf(signal.readings, quota, permit.claim)
    const isNews = (book as RemoteBook).isNews(told?.limit, now)
    if (isNews) (book as RemoteBook).changed()
    millis = Math.min(millis, isNews || quota.kind === "concurrency" ? 0 : quota.windowMillis / 2)
  })
  return now + millis
}

/**
 * Since when those wait, in the terms in which workers take turns: by who has waited longest. Of a tenant that is named
 * only one call waits at a time, since the last of them went, and as many times as long as its weight says: at whichever
 * workers tenants wait, the one with the most calls has no more turns.
 */
const turnsOf = (going: ReadonlyArray<Waiter>, now: number): ReadonlyArray<number> => {
  const before = new Map<Flow, number>()
  const came = going.map(({ flow, lane, permit, since }) => {
    if (!flow || !lane || permit.tenant === "") return since
    const units = before.get(flow) ?? 0
    before.set(flow, units + (permit.claim.needs[permit.books.indexOf(lane.book)]?.cost ?? 0))
    const turnAt = flow.turnAt + (units / flow.weight) * (lane.book.quota.windowMillis / lane.book.ceiling)
    return now - (now - Math.max(since, turnAt)) * flow.weight
  })
  return came.toSorted((a, b) => a - b)
}

/** The first, some at even distances, and the last. */
const samplesOf = (came: ReadonlyArray<number>): ReadonlyArray<number> => {
  const count = Math.min(samples, came.length)
  return Array.from(
    { length: count },
    (_, i) => came[Math.round((i * (came.length - 1)) / Math.max(1, count - 1))] ?? 0
  )
}

const redefined = "let them expire, or take another prefix for the new one."

const away = (description: string, cause: unknown): Away => ({ _tag: "Away", description, cause })
