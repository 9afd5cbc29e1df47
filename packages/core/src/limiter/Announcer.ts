/** Tells what a limiter sees, in metrics, events and errors, with instants of the wall clock. */
import { type Clock, DateTime, Option, type Tracer } from "effect"
import type { Closure, Outcome, Permit } from "../Admission.ts"
import type { Book } from "../admission/Book.ts"
import type { AdmissionError } from "../AdmissionError.ts"
import type { Claim } from "../Claim.ts"
import type { RateLimiterStore } from "../RateLimiterStore.ts"
import type { Refusal, WaitingRoom } from "../WaitingRoom.ts"
import { admissionError, closedError } from "./admissionError.ts"
import type { Events } from "./Events.ts"
import type { Evidence } from "./Evidence.ts"
import { evidenceFor, factOf, gather, keep, keptOf } from "./Gathering.ts"
import { numbersOf } from "./QuotaStatus.ts"
import type { WaitingCall } from "./WaitingCall.ts"
import type { Watcher } from "./Watcher.ts"
import { dateOf } from "./WallTime.ts"
import { wordsOf } from "./Words.ts"

type Noted = ReturnType<typeof numbersOf>

export class Announcer {
  private readonly clock: Clock.Clock
  private readonly events: Events
  /** The provider's own error that closed a quota last. */
  private readonly refusals = new WeakMap<Book, unknown>()
  /** Books that a refusal closed, and through which nothing has gone since. */
  private readonly paused = new Set<Book>()

  private readonly store: RateLimiterStore["Service"]
  private readonly room: WaitingRoom<WaitingCall>
  private readonly watchers = new Set<Watcher>()

  constructor(clock: Clock.Clock, events: Events, store: RateLimiterStore["Service"], room: WaitingRoom<WaitingCall>) {
    this.clock = clock
    this.events = events
    this.store = store
    this.room = room
  }

  /** A call was admitted: at once, or after a wait since then, which ended at a quota. */
  admitted(permit: Permit, now: number, boundBy?: Book, since = now): void {
    if (this.watchers.size > 0) for (const watcher of this.watchers) watcher.admitted(permit, boundBy, now - since)
    if (this.paused.size > 0) this.resumed(permit, now)
  }

  waitsLong(
    { lane, permit }: WaitingCall,
    expectedAt: number,
    waiting: number,
    now: number,
    span: Tracer.Span | undefined
  ): void {
    const quota = lane?.book.quota.name ?? ""
    const expected = dateOf(expectedAt + this.offset(now))
    const attributes = { "sluice.quota": quota, "sluice.expected_at": DateTime.formatIso(expected) }
    span?.event("sluice.long_wait", this.clock.currentTimeNanosUnsafe(), attributes)
    this.events.publish({ _tag: "LongWait", partition: permit.claim.partition, quota, expectedAt: expected, waiting })
  }

  refused(permit: Permit, closure: Closure, refusal: unknown, now: number): void {
    const { books, explained, until } = closure
    for (const watcher of this.watchers) watcher.refused(permit, closure)
    for (const book of books) {
      this.refusals.set(book, refusal)
      this.paused.add(book)
    }
    this.keepRefusal(permit, books, explained, refusal, now)
    if (!this.events.isWatched) return
    const { partition } = permit.claim
    const closedUntil = dateOf(until + this.offset(now))
    const quotas = books.map((book) => ({ quota: book.quota.name, ...numbersOf(book) }))
    const why = explained ?? "unexpected"
    this.events.publish({ _tag: "Refused", partition, why, quotas, closedUntil, refusal })
    if (books.length === 0) return
    const cause = wordsOf(refusal)
    this.events.publish({ _tag: "Paused", partition, quotas: namesOf(books), until: closedUntil, cause })
  }

  /** What is known of a permit's quotas before a response is learned from, if somebody wants to hear of a change. */
  noted({ books }: Permit, now: number): ReadonlyArray<Noted> | undefined {
    if (!this.events.isWatched) return undefined
    return books.map((book) => {
      book.advance(now)
      return numbersOf(book)
    })
  }

  learned({ books, claim }: Permit, before: ReadonlyArray<Noted>): void {
    books.forEach((book, i) => {
      const was = before[i]
      const is = numbersOf(book)
      if (!was || (was.limit === is.limit && was.foreign === is.foreign)) return
      this.events.publish({ _tag: "Learned", partition: claim.partition, quota: book.quota.name, ...is, was })
    })
  }

  /** An admitted call has ended. */
  ended(permit: Permit, outcome: Outcome, now: number): void {
    if (this.watchers.size > 0)
      for (const watcher of this.watchers) watcher.ended(permit, outcome, now - permit.admittedAt)
    if (outcome !== "abandoned" || !this.events.isWatched) return
    const { books, claim } = permit
    this.events.publish({ _tag: "Abandoned", partition: claim.partition, quotas: namesOf(books) })
  }

  /** From now on it is told, until what is given back is called. */
  watch(watcher: Watcher): () => void {
    this.watchers.add(watcher)
    return () => this.watchers.delete(watcher)
  }

  /** Why a call is sent away. */
  errorOf(call: WaitingCall, refusal: Refusal, queueBound: number, now: number): AdmissionError {
    const { deadlineAt, permit } = call
    const evidence = evidenceFor(refusal, this.gathered(permit, now, this.refusals))
    const error = admissionError(permit, refusal, evidence, { queueBound, deadlineAt, offset: this.offset(now) })
    keep(error, evidence)
    keep(permit, evidence)
    this.turnedAway(permit.claim, error, evidence)
    return error
  }

  /** Why nobody is admitted any more. */
  closed(claim: Claim): AdmissionError {
    const error = closedError(claim)
    this.turnedAway(claim, error)
    return error
  }

  /** Why a permit waits, has waited, or would have to. */
  evidenceOf(permit: Permit, now: number): Evidence {
    const known = keptOf(permit)
    if (known) return known
    const gathered = this.gathered(permit, now, this.refusals)
    if (permit.admittedAt < 0) return gathered
    const { waiter } = permit
    const boundBy = waiter?.boundBy
    return {
      ...gathered,
      why: "admitted",
      decided: boundBy ? permit.books.indexOf(boundBy) : -1,
      nextAt: gathered.at + permit.admittedAt - now,
      waitedMillis: waiter ? permit.admittedAt - waiter.since : 0
    }
  }

  /** What the provider's error says that closed a quota last. */
  closedBy(book: Book): string | undefined {
    return this.refusals.has(book) ? wordsOf(this.refusals.get(book)) : undefined
  }

  /** Forgets closures that nobody asked about for long. */
  forget(now: number): void {
    for (const book of this.paused) if (book.isIdle(now)) this.paused.delete(book)
  }

  /** What makes a date of a monotonic instant. */
  offset(now: number): number {
    return this.clock.currentTimeMillisUnsafe() - now
  }

  private gathered(permit: Permit, now: number, refusals?: WeakMap<Book, unknown>): Evidence {
    const offset = this.offset(now)
    const facts = permit.books.map((book, i) => {
      book.advance(now)
      return factOf(book, permit.claim.needs[i]?.cost ?? 0, {
        now,
        offset,
        reserved: this.store.reservedBefore(permit, book, now),
        before: this.room.unitsBefore(book, permit),
        refusal: refusals?.get(book)
      })
    })
    return gather(permit, facts, now, offset)
  }

  /** Keeps beside a provider's error how our books stood. */
  private keepRefusal(
    permit: Permit,
    closed: ReadonlyArray<Book>,
    explained: Closure["explained"],
    refusal: unknown,
    now: number
  ): void {
    if (typeof refusal !== "object") return
    // A refusal that held on to the one before would never let go of any.
    const gathered = this.gathered(permit, now)
    const decided = permit.books.findIndex((book) => closed.includes(book))
    keep(refusal, { ...gathered, why: explained ?? "unexpected", decided })
  }

  private turnedAway(claim: Claim, { partition, reason }: AdmissionError, evidence?: Evidence): void {
    for (const watcher of this.watchers) watcher.turnedAway(claim, reason._tag)
    if (!this.events.isWatched) return
    const numbers = evidence?.facts[evidence.decided]
    const quota = Option.fromUndefinedOr(numbers?.quota.name)
    this.events.publish({ _tag: "TurnedAway", partition, reason: reason._tag, quota, numbers })
  }

  /** A call was admitted: it ends the closures that are over. */
  private resumed({ books, claim }: Permit, now: number): void {
    const open = books.filter((book) => book.closedUntil <= now && this.paused.delete(book))
    if (open.length === 0) return
    this.events.publish({ _tag: "Resumed", partition: claim.partition, quotas: namesOf(open) })
  }
}

const namesOf = (books: ReadonlyArray<Book>) => books.map(({ quota }) => quota.name)
