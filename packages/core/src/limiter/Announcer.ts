/** Tells what a limiter sees, in metrics, events and errors, with instants of the wall clock. */
import { type Clock, type Context, DateTime, Option, type Tracer } from "effect"
import type { Closure, Permit } from "../Admission.ts"
import type { Book } from "../admission/Book.ts"
import type { AdmissionError } from "../AdmissionError.ts"
import type { Claim } from "../Claim.ts"
import type { Refusal } from "../WaitingRoom.ts"
import { admissionError, closedError } from "./admissionError.ts"
import type { Events } from "./Events.ts"
import * as Metrics from "./Metrics.ts"
import type { WaitingCall } from "./WaitingCall.ts"
import { wordsOf } from "./Words.ts"

/** What a provider can change of a quota. */
interface Noted {
  readonly limit: number
  readonly limitInForce: number
  readonly foreign: number
}

export class Announcer {
  private readonly clock: Clock.Clock
  private readonly context: Context.Context<never>
  private readonly events: Events
  /** The provider's own error that closed a quota last. */
  private readonly refusals = new WeakMap<Book, unknown>()
  /** Books that a refusal closed, and through which nothing has gone since. */
  private readonly paused = new Set<Book>()

  private readonly admittedCount: Metrics.Count

  constructor(clock: Clock.Clock, context: Context.Context<never>, events: Events) {
    this.admittedCount = Metrics.admittedIn(context)
    this.clock = clock
    this.context = context
    this.events = events
  }

  /** A call was admitted, at once or after so long. */
  admitted(permit: Permit, now: number, afterMillis?: number): void {
    this.admittedCount.value++
    if (afterMillis !== undefined) Metrics.waited.updateUnsafe(afterMillis, this.context)
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
    const expected = this.dateOf(expectedAt, now)
    const attributes = { quota, expectedAt: DateTime.formatIso(expected) }
    span?.event("sluice.long_wait", this.clock.currentTimeNanosUnsafe(), attributes)
    this.events.publish({ _tag: "LongWait", partition: permit.claim.partition, quota, expectedAt: expected, waiting })
  }

  refused(permit: Permit, { books, isExpected, until }: Closure, refusal: unknown, now: number): void {
    Metrics.refused.updateUnsafe(1, this.context)
    for (const book of books) {
      this.refusals.set(book, refusal)
      this.paused.add(book)
    }
    if (!this.events.isWatched) return
    const { partition } = permit.claim
    const closedUntil = this.dateOf(until, now)
    const quotas = books.map((book) => ({
      quota: book.quota.name,
      ...notedOf(book),
      inFlight: book.inFlight,
      cooling: book.occupied - book.inFlight
    }))
    this.events.publish({ _tag: "Refused", partition, isExpected, quotas, closedUntil, refusal })
    if (books.length === 0) return
    const cause = wordsOf(refusal)
    this.events.publish({ _tag: "Paused", partition, quotas: namesOf(books), until: closedUntil, cause })
  }

  /** What is known of a permit's quotas before a response is learned from, if somebody wants to hear of a change. */
  noted({ books }: Permit, now: number): ReadonlyArray<Noted> | undefined {
    if (!this.events.isWatched) return undefined
    return books.map((book) => {
      book.advance(now)
      return notedOf(book)
    })
  }

  learned({ books, claim }: Permit, before: ReadonlyArray<Noted>): void {
    books.forEach((book, i) => {
      const was = before[i]
      const is = notedOf(book)
      if (!was || (was.limit === is.limit && was.foreign === is.foreign)) return
      this.events.publish({ _tag: "Learned", partition: claim.partition, quota: book.quota.name, ...is, was })
    })
  }

  abandoned({ books, claim }: Permit): void {
    Metrics.abandoned.updateUnsafe(1, this.context)
    this.events.publish({ _tag: "Abandoned", partition: claim.partition, quotas: namesOf(books) })
  }

  /** Why a call is sent away. */
  errorOf(call: WaitingCall, refusal: Refusal, queueBound: number, now: number): AdmissionError {
    const error = admissionError(call.permit, refusal, {
      queueBound,
      deadlineAt: call.deadlineAt,
      dateOf: (at) => this.dateOf(at, now),
      closedBy: (book) => this.refusals.get(book)
    })
    this.turnedAway(error)
    return error
  }

  /** Why nobody is admitted any more. */
  closed(claim: Claim): AdmissionError {
    const error = closedError(claim)
    this.turnedAway(error)
    return error
  }

  /** What the provider's error says that closed a quota last. */
  closedBy(book: Book): string | undefined {
    return this.refusals.has(book) ? wordsOf(this.refusals.get(book)) : undefined
  }

  /** Forgets closures that nobody asked about for long. */
  forget(now: number): void {
    for (const book of this.paused) if (book.isIdle(now)) this.paused.delete(book)
  }

  /** A monotonic instant as a date; beyond what dates can say, the last of them. */
  dateOf(at: number, now: number): DateTime.Utc {
    return this.datesFrom(now)(at)
  }

  /** The same for many instants. */
  datesFrom(now: number): (at: number) => DateTime.Utc {
    const offset = this.clock.currentTimeMillisUnsafe() - now
    return (at) => DateTime.makeUnsafe(Math.min(at + offset, 8.64e15))
  }

  private turnedAway({ partition, reason }: AdmissionError): void {
    if (!this.events.isWatched) return
    const quota = "quota" in reason ? Option.some(reason.quota) : Option.none()
    this.events.publish({ _tag: "TurnedAway", partition, reason: reason._tag, quota })
  }

  /** A call was admitted: it ends the closures that are over. */
  private resumed({ books, claim }: Permit, now: number): void {
    const open = books.filter((book) => book.closedUntil <= now && this.paused.delete(book))
    if (open.length === 0) return
    this.events.publish({ _tag: "Resumed", partition: claim.partition, quotas: namesOf(open) })
  }
}

const namesOf = (books: ReadonlyArray<Book>) => books.map(({ quota }) => quota.name)

const notedOf = (book: Book): Noted => ({ limit: book.ceiling, limitInForce: book.limit, foreign: book.foreign })
