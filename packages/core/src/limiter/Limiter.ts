/** The limiter's state and its one timer: what `RateLimiter` wraps into effects. */
import { type Clock, type Context, Duration, Effect, Fiber, type PubSub } from "effect"
import type { Decision, Outcome, Permit } from "../Admission.ts"
import type { AdmissionError } from "../AdmissionError.ts"
import type { Claim } from "../Claim.ts"
import type { RateLimiterStore } from "../RateLimiterStore.ts"
import * as Signal from "../Signal.ts"
import { type Refusal, WaitingRoom } from "../WaitingRoom.ts"
import { closedError } from "./admissionError.ts"
import { Announcer } from "./Announcer.ts"
import type { LimiterEvent } from "./LimiterEvent.ts"
import { type QuotaStatus, statusOf } from "./QuotaStatus.ts"
import { WaitingCall } from "./WaitingCall.ts"

type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

const evictEveryMillis = 60_000

export class Limiter {
  private readonly store: RateLimiterStore["Service"]
  private readonly clock: Clock.Clock
  private readonly context: Context.Context<never>
  private readonly announcer: Announcer
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
    published: PubSub.PubSub<LimiterEvent>,
    options: { readonly queueBound: number; readonly longWaitMillis: number }
  ) {
    this.store = store
    this.clock = clock
    this.context = context
    this.announcer = new Announcer(clock, context, published)
    this.queueBound = options.queueBound
    this.longWaitMillis = options.longWaitMillis
    this.evictAt = this.now() + evictEveryMillis
    this.room = new WaitingRoom(store, options.queueBound, {
      admitted: (call) => {
        this.inFlight++
        call.resume(Effect.succeed(call.permit))
      },
      refused: (call, refusal) => this.sendAway(call, refusal)
    })
  }

  /** Takes the claim's slots at once, or nothing: also when somebody waits who would be overtaken. */
  tryAcquire(claim: Claim): Permit | undefined {
    if (this.isClosed || this.room.size > 0) return undefined
    const permit = this.store.permit(claim)
    if (this.store.admit(permit, this.now())._tag !== "Admitted") {
      this.store.discard(permit)
      return undefined
    }
    this.inFlight++
    this.announcer.admitted()
    return permit
  }

  acquire(
    claim: Claim,
    priority: number,
    deadline: Duration.Duration | undefined,
    restore: Restore
  ): Effect.Effect<Permit, AdmissionError> {
    if (this.isClosed) return Effect.fail(closedError(claim))
    const now = this.now()
    const permit = this.store.permit(claim)
    permit.priority = priority
    permit.sequence = this.sequence++
    const decision = this.room.isFree(permit) ? this.store.admit(permit, now) : undefined
    if (decision?._tag === "Admitted") {
      this.inFlight++
      this.announcer.admitted()
      return Effect.succeed(permit)
    }
    const deadlineAt = deadline === undefined ? Infinity : now + Duration.toMillis(deadline)
    return this.wait(permit, decision && { ...decision }, deadlineAt, now, restore)
  }

  settle(permit: Permit, outcome: Outcome, signal: Signal.Signal, refusal: unknown, bodyFollows: boolean): void {
    if (permit.state !== "held") return
    const nanos = this.clock.monotonicTimeNanosUnsafe()
    const endedAt = Math.ceil(Number(nanos) / 1e6)
    this.inFlight--
    const wallMillis = signal === Signal.none ? endedAt : this.clock.currentTimeMillisUnsafe()
    const closure = this.store.settle(permit, outcome, endedAt, signal, wallMillis)
    if (!bodyFollows) this.store.release(permit, endedAt, "read")
    const now = Math.floor(Number(nanos) / 1e6)
    if (closure) {
      this.announcer.refused(permit, closure, refusal, now)
      this.room.closed(closure.books, closure.until, now)
    } else if (outcome === "abandoned") {
      this.announcer.abandoned(permit)
    }
    this.afterEnd(permit, now)
  }

  release(permit: Permit, end: "read" | "cut"): void {
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

  estimate(claim: Claim): number {
    const now = this.now()
    const permit = this.store.permit(claim)
    permit.sequence = this.sequence
    const at = this.room.estimate(permit, now)
    this.store.discard(permit)
    return Math.max(0, at - now)
  }

  status(partition: string | undefined): ReadonlyArray<QuotaStatus> {
    const now = this.now()
    const quotas: Array<QuotaStatus> = []
    for (const [key, book] of this.store.books) {
      const status = statusOf(key, book, now, (at) => this.announcer.dateOf(at, now))
      if (partition === undefined || status.partition === partition) quotas.push(status)
    }
    return quotas
  }

  /** Sends away who waits, takes nobody in, and gives those under way so long to be answered. */
  close(drain: Duration.Duration): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.isClosed = true
      for (const call of this.room.clear()) call.resume(Effect.fail(closedError(call.permit.claim)))
      const stopTimer = this.timer ? Fiber.interrupt(this.timer) : Effect.void
      if (this.inFlight === 0 || Duration.isZero(drain)) return stopTimer
      const idle = Effect.callback<void>((resume) => {
        this.whenIdle = () => resume(Effect.void)
      })
      return Effect.andThen(stopTimer, Effect.timeoutOption(Effect.interruptible(idle), drain))
    })
  }

  /** The slow path: only who has to wait pays for a span, a callback and a place in the room. */
  private wait(
    permit: Permit,
    decision: Decision | undefined,
    deadlineAt: number,
    now: number,
    restore: Restore
  ): Effect.Effect<Permit, AdmissionError> {
    return Effect.useSpan(
      "RateLimiter.wait",
      { attributes: { "sluice.partition": permit.claim.partition } },
      (span) => {
        let leave = () => {}
        const waiting = Effect.callback<Permit, AdmissionError>((resume) => {
          const call = new WaitingCall(permit, deadlineAt, resume)
          leave = () => this.room.leave(call, this.now())
          if (decision?._tag === "Shut" || decision?._tag === "Never") {
            this.store.discard(permit)
            return this.sendAway(call, decision)
          }
          const expectedAt = this.room.enter(call, decision, now)
          if (call.lane && expectedAt - now >= this.longWaitMillis) {
            this.announcer.waitsLong(call, expectedAt, this.room.size, now, span)
          }
          this.arm()
        })
        return Effect.onExit(restore(waiting), (exit) => {
          if (exit._tag === "Success") {
            this.announcer.admitted(this.now() - now)
          } else if (permit.state === "held") {
            this.settle(permit, "unsent", Signal.none, undefined, false)
          } else {
            leave()
            this.arm()
          }
          return Effect.void
        })
      }
    )
  }

  private sendAway(call: WaitingCall, refusal: Refusal): void {
    call.resume(Effect.fail(this.announcer.errorOf(call, refusal, this.queueBound, this.now())))
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
