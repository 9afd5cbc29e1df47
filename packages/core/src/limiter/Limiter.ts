/** The limiter's state and its one timer: what `RateLimiter` wraps into effects. */
import { type Clock, type Context, Duration, Effect, Fiber, type Stream, type Tracer } from "effect"
import { type Decision, type Outcome, Permit } from "../Admission.ts"
import type { Book } from "../admission/Book.ts"
import type { Waiting } from "../admission/Lane.ts"
import type { AdmissionError } from "../AdmissionError.ts"
import type { Claim } from "../Claim.ts"
import type { RateLimiterStore } from "../RateLimiterStore.ts"
import * as Signal from "../Signal.ts"
import { type Refusal, WaitingRoom } from "../WaitingRoom.ts"
import { Announcer } from "./Announcer.ts"
import { tellErrorType } from "./errorType.ts"
import type { Events } from "./Events.ts"
import type { Evidence } from "./Evidence.ts"
import type { LimiterEvent } from "./LimiterEvent.ts"
import { type QuotaStatus, statusOf } from "./QuotaStatus.ts"
import { Deadline, Priority, Tenant } from "./References.ts"
import type { Survey } from "../RateLimiter.ts"
import { WaitingCall } from "./WaitingCall.ts"
import type { Watcher } from "./Watcher.ts"

/** What is known of an end: what the response said, the provider's error, and whether its body is still to be read. */
export interface Details {
  readonly signal?: Signal.Signal
  readonly refusal?: unknown
  readonly bodyFollows?: boolean
}

type AnyFiber = Fiber.Fiber<unknown, unknown>

const evictEveryMillis = 60_000

export class Limiter {
  private readonly store: RateLimiterStore["Service"]
  private readonly clock: Clock.Clock
  private readonly context: Context.Context<never>
  private readonly announcer: Announcer
  readonly events: Stream.Stream<LimiterEvent>
  private readonly longWaitMillis: number
  private readonly room: WaitingRoom<WaitingCall>
  private readonly queueBound: number
  private sequence = 0
  private inFlight = 0
  private timer: Fiber.Fiber<void> | undefined
  private timerAt = Infinity
  private evictAt: number
  private isClosed = false
  private whenIdle: (() => void) | undefined

  constructor(
    store: RateLimiterStore["Service"],
    clock: Clock.Clock,
    context: Context.Context<never>,
    events: Events,
    options: { readonly queueBound: number; readonly longWaitMillis: number }
  ) {
    this.store = store
    this.clock = clock
    this.context = context
    this.events = events.stream
    this.queueBound = options.queueBound
    this.longWaitMillis = options.longWaitMillis
    this.evictAt = this.now() + evictEveryMillis
    this.room = new WaitingRoom(store, options.queueBound, {
      admitted: (call, now) => {
        this.inFlight++
        this.announcer.admitted(call.permit, now, call.boundBy, call.since)
        call.end(call.next)
      },
      refused: (call, refusal) => call.end(Effect.fail(this.errorOf(call, refusal)))
    })
    this.announcer = new Announcer(clock, events, store, this.room)
  }

  /** A permit to ask for. Settle it in any case. */
  readonly permit = (claim: Claim): Permit => {
    return this.store.permit(claim)
  }

  /** Goes on with `next` once every slot of the permit's claim was taken: at once, or after a wait. */
  readonly admit = <A, E, R>(
    permit: Permit,
    fiber: AnyFiber,
    next: Effect.Effect<A, E, R>
  ): Effect.Effect<A, E | AdmissionError, R> => {
    if (this.isClosed) return Effect.fail(this.announcer.closed(permit.claim))
    const now = this.now()
    const isCrowded = this.room.size > 0
    if (isCrowded) this.rank(permit, fiber)
    const decision = isCrowded && !this.room.isFree(permit) ? undefined : this.store.admit(permit, now)
    if (decision?._tag === "Admitted") {
      this.inFlight++
      this.announcer.admitted(permit, now)
      return next
    }
    if (!isCrowded) this.rank(permit, fiber)
    return this.wait(permit, fiber, decision, now, next)
  }

  /** Ends a permit in whatever state it is; one that was never admitted gives its place up. */
  readonly settle = (permit: Permit, seen: Outcome, details: Details = {}): void => {
    if (permit.state === "waiting") this.leave(permit)
    if (permit.state !== "held") return
    const outcome = permit.waiter instanceof WaitingCall && !permit.waiter.hasGone ? "unsent" : seen
    const { bodyFollows, refusal, signal = Signal.none } = details
    const nanos = this.clock.monotonicTimeNanosUnsafe()
    const endedAt = Math.ceil(Number(nanos) / 1e6)
    this.inFlight--
    const wallMillis = signal === Signal.none ? endedAt : this.clock.currentTimeMillisUnsafe()
    const before = signal.readings.length > 0 ? this.announcer.noted(permit, endedAt) : undefined
    const closure = this.store.settle(permit, outcome, endedAt, signal, wallMillis)
    if (!bodyFollows) this.store.release(permit, endedAt, "read")
    const now = Math.floor(Number(nanos) / 1e6)
    if (before) this.announcer.learned(permit, before)
    this.announcer.ended(permit, outcome, now)
    if (closure) {
      this.announcer.refused(permit, closure, refusal, now)
      this.room.closed(closure.books, closure.until, now)
    }
    this.afterEnd(permit, now)
  }

  readonly release = (permit: Permit, end: "read" | "cut"): void => {
    if (permit.state !== "answered") return
    const nanos = this.clock.monotonicTimeNanosUnsafe()
    this.store.release(permit, Math.ceil(Number(nanos) / 1e6), end)
    this.afterEnd(permit, Math.floor(Number(nanos) / 1e6))
  }

  wake(): void {
    if (this.isClosed) return
    this.room.wake(this.now())
    this.arm()
  }

  /** Looks again at those who wait for these books, of which the store has learned more. */
  stir(books: ReadonlyArray<Book>): void {
    if (this.isClosed) return
    this.room.stir(books, this.now())
    this.arm()
  }

  readonly estimate = (claim: Claim): Effect.Effect<Duration.Duration> => {
    return Effect.withFiber((fiber) => {
      const now = this.now()
      const at = this.tried(claim, fiber, (permit) => this.room.estimate(permit, now))
      return Effect.succeed(Duration.millis(Math.max(0, at - now)))
    })
  }

  /** What holds a permit back now, or would hold a call back that claims as much, of the fiber's rank. */
  readonly evidence = (subject: Permit | Claim, fiber: AnyFiber): Evidence => {
    const evidenceOf = (permit: Permit) => this.announcer.evidenceOf(permit, this.now())
    return subject instanceof Permit ? evidenceOf(subject) : this.tried(subject, fiber, evidenceOf)
  }

  readonly status = (partition?: string): Effect.Effect<ReadonlyArray<QuotaStatus>> => {
    return Effect.sync(() => this.standing(partition, (_, here) => here))
  }

  readonly survey = (partition?: string): Effect.Effect<Survey> => {
    const { survey } = this.store
    return survey
      ? Effect.map(survey.look, (all) => ({ scope: "workers", quotas: this.standing(partition, all) }))
      : Effect.map(this.status(partition), (quotas) => ({ scope: "process", quotas }))
  }

  /** Who waits for a book here. */
  waitingFor(book: Book): ReadonlyArray<Waiting> {
    return this.room.waitingFor(book)
  }

  /** Lets somebody be told of every call from now on, until what is given back is called. */
  readonly watch = (watcher: Watcher): (() => void) => {
    return this.announcer.watch(watcher)
  }

  readonly leases = (): number => {
    return this.store.leases?.() ?? 0
  }

  /** Sends away who waits, takes nobody in, and gives those under way so long to be answered. */
  close(drain: Duration.Duration): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.isClosed = true
      for (const call of this.room.clear()) call.end(Effect.fail(this.announcer.closed(call.permit.claim)))
      const stopTimer = this.timer ? Fiber.interrupt(this.timer) : Effect.void
      if (this.inFlight === 0 || Duration.isZero(drain)) return stopTimer
      const idle = Effect.callback<void>((resume) => {
        this.whenIdle = () => resume(Effect.void)
      })
      return Effect.andThen(stopTimer, Effect.timeoutOption(Effect.interruptible(idle), drain))
    })
  }

  /** What there is to say of a permit that nobody goes on to use. */
  private tried<A>(claim: Claim, fiber: AnyFiber, look: (permit: Permit) => A): A {
    const permit = this.store.permit(claim)
    this.rank(permit, fiber)
    const seen = look(permit)
    this.store.discard(permit)
    return seen
  }

  /** The quotas as they stand; `all` adds those who wait for a counter in other processes. */
  private standing(
    partition: string | undefined,
    all: (counter: string, here: ReadonlyArray<Waiting>) => ReadonlyArray<Waiting>
  ): ReadonlyArray<QuotaStatus> {
    const now = this.now()
    const offset = this.announcer.offset(now)
    return [...this.store.books.values()]
      .filter((book) => partition === undefined || book.partition === partition)
      .map((book) => {
        const waiting = all(book.key, this.room.waitingFor(book))
        return statusOf(book, now, offset, this.announcer.closedBy(book), waiting)
      })
  }

  private rank(permit: Permit, fiber: AnyFiber): void {
    const { name, weight } = fiber.getRef(Tenant)
    permit.tenant = name
    permit.weight = weight
    permit.priority = fiber.getRef(Priority)
    permit.sequence = this.sequence++
  }

  /** The slow path: only who has to wait pays for a place in the room, and only who is traced for a span. */
  private wait<A, E, R>(
    permit: Permit,
    fiber: AnyFiber,
    decision: Decision | undefined,
    now: number,
    next: Effect.Effect<A, E, R>
  ): Effect.Effect<A, E | AdmissionError, R> {
    const deadline = fiber.getRef(Deadline)
    const deadlineAt = deadline === undefined ? Infinity : now + Duration.toMillis(deadline)
    const isTraced = fiber.cache.tracer !== undefined
    const call = (permit.waiter = new WaitingCall(permit, deadlineAt, now, isTraced ? Effect.void : next))
    const refusal = decision?._tag === "Shut" || decision?._tag === "Never" ? decision : this.store.away(permit, now)
    if (refusal) return Effect.fail(this.errorOf(call, refusal))
    const expectedAt = this.room.enter(call, decision, now)
    this.arm()
    const turn = call.turn as Effect.Effect<A, E | AdmissionError, R>
    if (!isTraced) {
      this.announce(call, expectedAt, now, undefined)
      return turn
    }
    const { origin, partition } = permit.claim
    const attributes = { "sluice.provider": origin, "sluice.partition": partition }
    const traced = Effect.useSpan("sluice.admit", { attributes }, (span) => {
      this.announce(call, expectedAt, now, span)
      return Effect.onExitPrimitive(turn, (exit) => {
        tellErrorType(span, exit)
        span.attribute("sluice.wait_seconds", (this.now() - now) / 1000)
        if (call.boundBy) span.attribute("sluice.quota", call.boundBy.quota.name)
      })
    })
    return Effect.flatMap(traced, () => next)
  }

  private announce(call: WaitingCall, expectedAt: number, now: number, span: Tracer.Span | undefined): void {
    if (!call.lane || expectedAt - now < this.longWaitMillis) return
    this.announcer.waitsLong(call, expectedAt, this.room.size, now, span)
  }

  private leave(permit: Permit): void {
    const { waiter } = permit
    if (waiter instanceof WaitingCall) {
      this.room.leave(waiter, this.now())
      this.arm()
    }
    this.store.discard(permit)
  }

  private errorOf(call: WaitingCall, refusal: Refusal): AdmissionError {
    return this.announcer.errorOf(call, refusal, this.queueBound, this.now())
  }

  private afterEnd(permit: Permit, now: number): void {
    if (this.isClosed) {
      if (this.inFlight === 0) this.whenIdle?.()
      return
    }
    if (this.room.size > 0) {
      this.room.stir(permit.books, now)
      this.arm()
    }
    if (now >= this.evictAt) {
      this.evictAt = now + evictEveryMillis
      this.store.evict(now)
      this.announcer.forget(now)
    }
  }

  /** One timer for all who wait, set anew only for an earlier instant. */
  private arm(): void {
    const at = this.room.nextAt
    if (at >= this.timerAt || this.isClosed) return
    this.timer?.interruptUnsafe()
    this.timerAt = at
    const millis = Math.max(1, Math.ceil(at - Number(this.clock.monotonicTimeNanosUnsafe()) / 1e6))
    const ring = Effect.sync(() => {
      this.timerAt = Infinity
      this.timer = undefined
      this.wake()
    })
    this.timer = Effect.runForkWith(this.context)(Effect.andThen(this.clock.sleep(Duration.millis(millis)), ring))
  }

  private now(): number {
    return Math.floor(Number(this.clock.monotonicTimeNanosUnsafe()) / 1e6)
  }
}
