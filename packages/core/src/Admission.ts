/**
 * The receipt rule: a request holds its slots from admission until its answer, and then they cool for a window.
 *
 * Pure arithmetic over all quotas of a claim at once: no clock, no Effect, no randomness. `nowMillis` is a monotonic
 * clock's, rounded down when something is asked and up when something has ended. All or nothing: a claim gets every
 * slot that it needs, or none and the instant at which to ask again, which is a lower bound as far as known.
 *
 * @example
 * ```ts
 * import { Admission, Claim, Quota, Signal } from "@sluice/core"
 *
 * const claim = Claim.of(Quota.rolling(1, "1 second"))
 * const admission = new Admission.Admission()
 * const permit = admission.permit(claim)
 * const decision = admission.admit(permit, 0)
 * if (decision._tag === "Admitted") admission.settle(permit, "answered", 31, Signal.none)
 * ```
 */
import { Book, type Explained } from "./admission/Book.ts"
import { bookOf, type Stance } from "./admission/bookOf.ts"
import { requireSame } from "./admission/sameQuota.ts"
import { retryUntil, toldOf } from "./admission/Told.ts"
import { ServerClock } from "./admission/ServerClock.ts"
import type { Flow, Waiter } from "./admission/Flow.ts"
import type { Claim, Need } from "./Claim.ts"
import type { Quota } from "./Quota.ts"
import type { Signal } from "./Signal.ts"

/** How a permit ended: an answer, a refusal, given back before any byte was sent, or an end that nobody saw. */
export type Outcome = "answered" | "refused" | "unsent" | "abandoned"

/** What a claim is answered. Valid until the next question: read it, do not keep it. */
export type Decision =
  | { readonly _tag: "Admitted" }
  /** Not yet: ask again `at` that instant (Infinity: when something was answered), because of the need with this index. */
  | { readonly _tag: "Wait"; readonly at: number; readonly need: number }
  /** The provider closed the quota for longer than one may wait. */
  | { readonly _tag: "Shut"; readonly until: number; readonly need: number }
  /** The claim is larger than the quota can be. */
  | { readonly _tag: "Never"; readonly need: number; readonly largest: number }

/** Those who wait together with the one that is asked for. */
export interface Crowd {
  /** Those who are as urgent as the first of them, in no order. */
  readonly foremost: ReadonlyArray<Flow>
  readonly costOf: (waiter: Waiter) => number
}

const none: ReadonlyArray<number> = []

/** One request's way through the books. */
export class Permit {
  readonly claim: Claim
  readonly books: ReadonlyArray<Book>
  state: "waiting" | "held" | "answered" | "settled" = "waiting"
  /** Negative before it was. */
  admittedAt = -1
  /** What of the server's counts may be ours, one number a need: see `Book.ownBase`. */
  ownBases: ReadonlyArray<number> = none
  /** Rank among those who wait: higher priority first, then lower sequence. */
  priority = 0
  sequence = 0
  /** For whom it is made, and how much of a quota they get beside others who wait for it. */
  tenant = ""
  weight = 1
  /** When the need that holds it back may have room. */
  blockedUntil = 0
  reservesBut = -1
  /** Its place among those who wait, if it ever had to. */
  waiter: Waiter | undefined = undefined

  constructor(claim: Claim, books: ReadonlyArray<Book>) {
    this.claim = claim
    this.books = books
  }
}

export interface Options {
  /** How long a request may live at the server after we lost sight of it, in milliseconds; default a minute. */
  readonly abandonMillis?: number
  /** The longest closure that is waited for, in milliseconds; by default twice the longest window, a minute at least. */
  readonly maxPauseMillis?: number | undefined
  /** Whether rolling and fixed windows are believed to be that; default `"published"`. */
  readonly stance?: Stance | undefined
}

/** A closure that a refusal brought about. */
export interface Closure {
  readonly until: number
  readonly books: ReadonlyArray<Book>
  /** How our books explain it, if they do; a refusal that closes none of them is about something else. */
  readonly explained: Explained | "elsewhere" | undefined
}

const admitted: Decision = { _tag: "Admitted" }

export class Admission {
  readonly books = new Map<string, Book>()
  private readonly clocks = new Map<string, ServerClock>()
  private readonly reservers = new Map<Book, Set<Permit>>()
  protected readonly abandonMillis: number
  protected readonly maxPauseMillis: number | undefined
  protected readonly stance: Stance
  private readonly wait = { _tag: "Wait" as const, at: 0, need: 0 }

  constructor(options?: Options) {
    this.abandonMillis = options?.abandonMillis ?? 60_000
    this.maxPauseMillis = options?.maxPauseMillis
    this.stance = options?.stance ?? "published"
  }

  /** A permit to ask for. Whoever does not get it settled discards it. Throws `ClaimError` for a counter of another quota. */
  permit(claim: Claim): Permit {
    const { needs, origin } = claim
    const [first] = needs
    const books =
      first && needs.length === 1 ? [this.bookOf(first, origin)] : needs.map((need) => this.bookOf(need, origin))
    for (const book of books) book.holders++
    return new Permit(claim, books)
  }

  /** Takes every slot of the claim or none. */
  admit(permit: Permit, nowMillis: number, _crowd?: Crowd): Decision {
    const { books, claim } = permit
    let at = nowMillis
    let blocker = -1
    for (let i = 0; i < books.length; i++) {
      const book = books[i]
      const need = claim.needs[i]
      if (!book || !need) continue
      if (need.cost > book.largest) return { _tag: "Never", need: i, largest: book.largest }
      book.advance(nowMillis)
      const shutUntil = book.gate.shutUntil(nowMillis)
      if (shutUntil !== undefined) return { _tag: "Shut", until: shutUntil, need: i }
      const reserved = this.reservers.size === 0 ? 0 : this.reservedBefore(permit, book, nowMillis)
      const earliest = book.earliest(need.cost + reserved, nowMillis)
      if (earliest > at) {
        at = earliest
        blocker = i
      }
    }
    if (blocker >= 0) {
      this.wait.at = at
      this.wait.need = blocker
      return this.wait
    }
    for (let i = 0; i < books.length; i++) {
      const book = books[i]
      const need = claim.needs[i]
      if (!book || !need) continue
      book.take(need.cost, nowMillis)
    }
    const [first] = books
    permit.ownBases = first && books.length === 1 ? [first.ownBase()] : books.map((book) => book.ownBase())
    permit.state = "held"
    permit.admittedAt = nowMillis
    return admitted
  }

  /**
   * Ends a permit at `nowMillis`, with what the response said and the wall clock that dates without a server's clock are
   * read against. Slots of concurrency quotas stay held until `release`. A refusal gives what it closed.
   */
  settle(
    permit: Permit,
    outcome: Outcome,
    nowMillis: number,
    signal: Signal,
    wallMillis = nowMillis
  ): Closure | undefined {
    if (permit.state !== "held") return undefined
    const { books, claim } = permit
    const isLost = outcome === "unsent" || outcome === "abandoned"
    permit.state = isLost ? "settled" : "answered"
    // Books of one origin share its clock.
    const clock = books[0]?.clock
    if (!isLost && clock && signal.serverDateMillis !== undefined) {
      clock.learn(signal.serverDateMillis, permit.admittedAt, nowMillis)
    }
    for (let i = 0; i < books.length; i++) {
      const book = books[i]
      const need = claim.needs[i]
      if (!book || !need) continue
      book.advance(nowMillis)
      const told = isLost ? undefined : toldOf(signal, book, claim, clock, permit.admittedAt, nowMillis, wallMillis)
      if (outcome === "unsent") book.giveBack(need.cost)
      else if (outcome === "abandoned") book.abandon(need.cost, nowMillis + this.abandonMillis)
      else if (outcome === "answered") book.succeeded(permit.admittedAt, nowMillis)
      if (isLost || book.quota.kind === "concurrency") continue
      if (outcome === "refused" && !book.quota.countsRefused) book.uncounted(need.cost)
      else book.answered(need.cost, permit.admittedAt, nowMillis, told, signal.servedMillis)
      if (told) book.learn(told, permit.ownBases[i] ?? 0, nowMillis)
    }
    if (isLost) this.drop(permit)
    return outcome === "refused" ? this.close(permit, signal, nowMillis, wallMillis, clock) : undefined
  }

  /** Ends the response of an answered permit; a body that was cut off may still keep the server busy. */
  release(permit: Permit, nowMillis: number, end: "read" | "cut"): void {
    if (permit.state !== "answered") return
    permit.state = "settled"
    for (let i = 0; i < permit.books.length; i++) {
      const book = permit.books[i]
      const need = permit.claim.needs[i]
      if (!book || !need || book.quota.kind !== "concurrency") continue
      book.advance(nowMillis)
      if (end === "cut") book.abandon(need.cost, nowMillis + this.abandonMillis)
      else book.answered(need.cost, permit.admittedAt, nowMillis, undefined)
    }
    this.drop(permit)
  }

  /** Lets go of a permit that is no longer waited for. */
  discard(permit: Permit): void {
    if (permit.state !== "waiting") return
    permit.state = "settled"
    this.unreserve(permit)
    this.drop(permit)
  }

  /** The earliest instant for a permit with so many units of each need ahead of it; a lower bound, as far as known. */
  estimate(permit: Permit, nowMillis: number, ahead: (book: Book) => number): number {
    let at = nowMillis
    permit.books.forEach((book, i) => {
      book.advance(nowMillis)
      at = Math.max(at, book.earliestInQueue(ahead(book) + (permit.claim.needs[i]?.cost ?? 0), nowMillis))
    })
    return at
  }

  /** Keeps the units of a blocked head in the quotas that do not hold it back, against those of lower rank. */
  reserve(permit: Permit, blocker: number, blockedUntil: number): void {
    if (permit.reservesBut !== blocker) this.unreserve(permit)
    permit.blockedUntil = blockedUntil
    permit.reservesBut = blocker
    if (permit.books.length === 1) return
    permit.books.forEach((book, i) => {
      if (i === blocker) return
      const present = this.reservers.get(book)
      if (present) present.add(permit)
      else this.reservers.set(book, new Set([permit]))
    })
  }

  unreserve(permit: Permit): void {
    if (permit.reservesBut < 0) return
    permit.reservesBut = -1
    for (const book of permit.books) {
      const present = this.reservers.get(book)
      if (present?.delete(permit) && present.size === 0) this.reservers.delete(book)
    }
  }

  /** Forgets books by which nothing would change; gives how many. */
  evict(nowMillis: number): number {
    let evicted = 0
    for (const [key, book] of this.books) {
      book.advance(nowMillis)
      if (!book.isIdle(nowMillis)) continue
      this.books.delete(key)
      evicted++
    }
    return evicted
  }

  /** What a permit's quotas may be closed for before callers are refused at once. */
  maxPause(permit: Permit): number {
    if (this.maxPauseMillis !== undefined) return this.maxPauseMillis
    let longest = 30_000
    for (const book of permit.books) longest = Math.max(longest, book.quota.windowMillis)
    return 2 * longest
  }

  private close(
    permit: Permit,
    signal: Signal,
    nowMillis: number,
    wallMillis: number,
    clock: ServerClock | undefined
  ): Closure {
    const named = permit.books.filter((book) => signal.closes?.includes(book.quota.name))
    const books = named.length > 0 || signal.closes?.length === 0 ? named : permit.books
    const told = signal.retry && retryUntil(signal.retry, signal, clock, nowMillis, wallMillis)
    const maxPause = this.maxPause(permit)
    const explained = books.length === 0 ? "elsewhere" : explanationOf(books, permit.admittedAt)
    let until = nowMillis
    for (const book of books) {
      until = Math.max(until, book.refusedAt(nowMillis, permit.admittedAt, told, maxPause, maxPause))
    }
    return { until, books, explained }
  }

  /**
   * Units that waiters of higher rank keep in a book. Who waits longer than the book's window keeps nothing: what is
   * taken now is back before its turn.
   */
  reservedBefore(permit: Permit, book: Book, nowMillis: number): number {
    const present = this.reservers.get(book)
    if (!present) return 0
    let reserved = 0
    for (const other of present) {
      if (other === permit || !outranks(other, permit)) continue
      if (other.blockedUntil - nowMillis > book.cooling) continue
      reserved += other.claim.needs[other.books.indexOf(book)]?.cost ?? 0
    }
    return Math.min(reserved, book.largest)
  }

  private bookOf(need: Need, origin: string): Book {
    const known = this.books.get(need.key)
    if (known) {
      if (known.quota !== need.quota) requireSame(known.quota, need.quota)
      return known
    }
    const book = this.newBook(need.quota, this.clockOf(origin))
    book.key = need.key
    this.books.set(need.key, book)
    return book
  }

  protected newBook(quota: Quota, clock: ServerClock): Book {
    return bookOf(quota, clock, this.stance)
  }

  private clockOf(origin: string): ServerClock {
    const known = this.clocks.get(origin)
    if (known) return known
    const clock = new ServerClock()
    this.clocks.set(origin, clock)
    return clock
  }

  private drop(permit: Permit): void {
    for (const book of permit.books) book.holders--
  }
}

const explanationOf = (books: ReadonlyArray<Book>, sentAt: number): Explained | undefined => {
  for (const book of books) {
    const explained = book.explained(sentAt)
    if (explained) return explained
  }
  return undefined
}

/** Whether `a` goes before `b`. */
export const outranks = (a: Permit, b: Permit): boolean =>
  a.priority !== b.priority ? a.priority > b.priority : a.sequence < b.sequence
