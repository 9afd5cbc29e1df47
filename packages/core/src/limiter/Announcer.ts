/** Tells what a limiter sees, in metrics, events and errors, with instants of the wall clock. */
import { type Clock, type Context, DateTime, PubSub, type Tracer } from "effect"
import type { Closure, Permit } from "../Admission.ts"
import type { Book } from "../admission/Book.ts"
import type { AdmissionError } from "../AdmissionError.ts"
import type { Refusal } from "../WaitingRoom.ts"
import { admissionError } from "./admissionError.ts"
import type { LimiterEvent } from "./LimiterEvent.ts"
import * as Metrics from "./Metrics.ts"
import type { WaitingCall } from "./WaitingCall.ts"

export class Announcer {
  private readonly clock: Clock.Clock
  private readonly context: Context.Context<never>
  private readonly published: PubSub.PubSub<LimiterEvent>
  /** The provider's own error that closed a quota last. */
  private readonly refusals = new WeakMap<Book, unknown>()

  private readonly admittedCount: Metrics.Count

  constructor(clock: Clock.Clock, context: Context.Context<never>, published: PubSub.PubSub<LimiterEvent>) {
    this.admittedCount = Metrics.admittedIn(context)
    this.clock = clock
    this.context = context
    this.published = published
  }

  /** A call was admitted, at once or after so long. */
  admitted(afterMillis?: number): void {
    this.admittedCount.value++
    if (afterMillis !== undefined) Metrics.waited.updateUnsafe(afterMillis, this.context)
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
    this.publish({ _tag: "LongWait", partition: permit.claim.partition, quota, expectedAt: expected, waiting })
  }

  refused(permit: Permit, { books, until }: Closure, refusal: unknown, now: number): void {
    Metrics.refused.updateUnsafe(1, this.context)
    const quotas = books.map((book) => {
      this.refusals.set(book, refusal)
      return {
        quota: book.quota.name,
        limit: book.ceiling,
        limitInForce: book.limit,
        inFlight: book.inFlight,
        cooling: book.occupied - book.inFlight,
        foreign: book.foreign
      }
    })
    const { partition } = permit.claim
    this.publish({ _tag: "Refused", partition, quotas, closedUntil: this.dateOf(until, now), refusal })
  }

  abandoned({ books, claim }: Permit): void {
    Metrics.abandoned.updateUnsafe(1, this.context)
    this.publish({ _tag: "Abandoned", partition: claim.partition, quotas: books.map((book) => book.quota.name) })
  }

  /** Why a call is sent away. */
  errorOf(call: WaitingCall, refusal: Refusal, queueBound: number, now: number): AdmissionError {
    return admissionError(call.permit, refusal, {
      queueBound,
      deadlineAt: call.deadlineAt,
      dateOf: (at) => this.dateOf(at, now),
      closedBy: (book) => this.refusals.get(book)
    })
  }

  /** A monotonic instant as a date; beyond what dates can say, the last of them. */
  dateOf(at: number, now: number): DateTime.Utc {
    return DateTime.makeUnsafe(Math.min(this.clock.currentTimeMillisUnsafe() + (at - now), 8.64e15))
  }

  private publish(event: LimiterEvent): void {
    PubSub.publishUnsafe(this.published, event)
  }
}
