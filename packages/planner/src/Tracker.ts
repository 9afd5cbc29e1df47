/** How far work has come, by what its limiter admits and hears: nobody has to count. */
import type { Permit } from "@sluice/core/Admission"
import { type QuotaStatus, RateLimiter } from "@sluice/core/RateLimiter"
import { Clock, type DateTime, Duration, Effect, Option, type Scope } from "effect"
import { eta } from "./Eta.ts"
import type { Load } from "./Job.ts"
import { isProvider, jobOf, type Options as PlanOptions, type Portion, type Subject, type Work } from "./Options.ts"

export interface Options extends Pick<PlanOptions, "quotas" | "share"> {
  /** Whose calls are counted, by the partition's name; default all of the provider's. */
  readonly partition?: string
}

/** Work on its way. */
export interface State {
  readonly classes: ReadonlyArray<{ readonly name: string; readonly calls: number; readonly done: number }>
  readonly calls: number
  /** Calls that were answered, with whatever but a refusal. */
  readonly done: number
  /** Calls that were answered in the last sixty seconds. */
  readonly perMinute: number
  /** How long the rest takes, from now on; none until one was admitted. */
  readonly left: Option.Option<Duration.Duration>
  /** The quota that most calls wait for. */
  readonly waitsFor: Option.Option<string>
  /** A provider that refused closed a quota until then. */
  readonly closed: Option.Option<{ readonly until: DateTime.Utc; readonly by: string }>
}

export interface Tracker {
  /** As it is now; the time that is left is reckoned once a second. */
  readonly state: Effect.Effect<State>
}

/** Follows work of a provider, or on quotas by name, until the scope closes. Throws `PlanError` for work that cannot be. */
export const track = (
  subject: Subject,
  work: Work,
  options: Options = {}
): Effect.Effect<Tracker, never, RateLimiter | Scope.Scope> =>
  Effect.gen(function* () {
    const limiter = yield* RateLimiter
    const clock = yield* Clock.Clock
    const count = new Count(subject, work, options)
    yield* Effect.acquireRelease(
      Effect.sync(() => limiter.watch(count)),
      (unwatch) => Effect.sync(unwatch)
    )
    let left: { readonly at: number; readonly until: number } | undefined
    const state = Effect.gen(function* () {
      // The limiter's: it says when calls were admitted.
      const now = Math.floor(Number(clock.monotonicTimeNanosUnsafe()) / 1e6)
      const status = (yield* limiter.status(options.partition)).filter((each) => count.draws(each))
      const waiting = status.map((each) => each.waiting.reduce((sum, { calls }) => sum + calls, 0))
      count.callers = Math.max(count.callers, count.flying + Math.max(0, ...waiting))
      if (count.isBegun && (left === undefined || now - left.at >= 1000)) {
        left = { at: now, until: now + Duration.toMillis(count.left(status)) }
      }
      const most = waiting.indexOf(Math.max(0, ...waiting))
      const [closed] = status.flatMap(({ closedBy, closedUntil }) =>
        Option.isSome(closedUntil) ? [{ until: closedUntil.value, by: Option.getOrElse(closedBy, () => "") }] : []
      )
      return {
        classes: count.classes.map(({ calls, done, name }) => ({ name, calls, done })),
        calls: count.calls,
        done: count.done,
        perMinute: count.perMinute(now),
        left: Option.map(Option.fromUndefinedOr(left), ({ until }) => Duration.millis(Math.max(0, until - now))),
        waitsFor: Option.fromUndefinedOr(waiting[most] ? status[most]?.quota : undefined),
        closed: Option.fromUndefinedOr(closed)
      } satisfies State
    })
    return { state }
  })

/** Which class a call is of: that with the most of the quotas that it draws on. */
interface Class {
  readonly name: string
  readonly portion: Portion
  readonly quotas: ReadonlySet<string>
  readonly calls: number
  done: number
}

/** How much of a call's time the last one counts. */
const recent = 0.1

class Count {
  readonly classes: ReadonlyArray<Class>
  flying = 0
  isBegun = false
  /** The most that were asked for at a time. */
  callers = 1
  private readonly subject: Subject
  private readonly options: Options
  private readonly origin: string | undefined
  private tookMillis: number | undefined
  /** How many calls were answered in which second. */
  private readonly answered = new Map<number, number>()

  constructor(subject: Subject, work: Work, options: Options) {
    this.subject = subject
    this.options = options
    this.origin = isProvider(subject) ? subject.id : undefined
    const { loads } = jobOf(subject, work, options)
    this.classes = loads.map(({ calls, claim, name }: Load) => {
      const given = work[name] ?? calls
      const portion = typeof given === "number" ? { calls: given } : given
      return { name, portion, calls, quotas: new Set(claim.needs.map(({ quota }) => quota.name)), done: 0 }
    })
  }

  get calls(): number {
    return this.classes.reduce((sum, { calls }) => sum + calls, 0)
  }

  get done(): number {
    return this.classes.reduce((sum, { done }) => sum + done, 0)
  }

  draws({ quota }: QuotaStatus): boolean {
    return this.classes.some(({ quotas }) => quotas.has(quota))
  }

  perMinute(now: number): number {
    const second = Math.floor(now / 1000)
    for (const old of this.answered.keys()) {
      if (old > second - 60) break
      this.answered.delete(old)
    }
    return [...this.answered.values()].reduce((sum, calls) => sum + calls, 0)
  }

  /** How long what remains takes with as many callers, who are answered as fast, as until now. */
  left(status: ReadonlyArray<QuotaStatus>): Duration.Duration {
    const remaining = this.classes.flatMap(({ calls, done, name, portion }) =>
      calls > done ? [[name, { ...portion, calls: calls - done }] as const] : []
    )
    if (remaining.length === 0) return Duration.zero
    const { quotas, share } = this.options
    return eta(this.subject, Object.fromEntries(remaining), {
      workers: this.callers,
      latency: Math.round(this.tookMillis ?? 0),
      status,
      ...(quotas && { quotas }),
      ...(share !== undefined && { share })
    })
  }

  readonly admitted = (permit: Permit): void => {
    if (!this.classOf(permit)) return
    this.isBegun = true
    this.flying++
  }

  readonly ended = (permit: Permit, outcome: string, tookMillis: number): void => {
    const known = this.classOf(permit)
    if (!known) return
    this.flying = Math.max(0, this.flying - 1)
    if (outcome !== "answered") return
    this.tookMillis = this.tookMillis === undefined ? tookMillis : mix(this.tookMillis, tookMillis)
    known.done = Math.min(known.calls, known.done + 1)
    const second = Math.floor((permit.admittedAt + tookMillis) / 1000)
    this.answered.set(second, (this.answered.get(second) ?? 0) + 1)
  }

  readonly turnedAway = (): void => {}
  readonly refused = (): void => {}

  private classOf({ claim }: Permit): Class | undefined {
    const { partition } = this.options
    if (this.origin !== undefined && claim.origin !== this.origin) return undefined
    if (partition !== undefined && claim.partition !== partition) return undefined
    let best: Class | undefined
    for (const one of this.classes) {
      const names = claim.needs.filter(({ quota }) => one.quotas.has(quota.name))
      if (names.length === one.quotas.size && one.quotas.size > (best?.quotas.size ?? 0)) best = one
    }
    return best
  }
}

const mix = (before: number, last: number) => before + recent * (last - before)
