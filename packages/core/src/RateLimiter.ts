/**
 * The service that admits calls: it holds the books, lets calls wait their turn, and tells what it sees.
 *
 * It never sends anything and never logs.
 *
 * @example
 * ```ts
 * import { Claim, Quota, RateLimiter } from "@sluice/core"
 * import { Effect } from "effect"
 *
 * const perSecond = Quota.rolling(10, "1 second")
 * const call = Effect.log("sent").pipe(RateLimiter.withPermit(Claim.of(perSecond)), RateLimiter.within("2 seconds"))
 * ```
 */
import { Clock, Context, Duration, Effect, type Exit, type Fiber, Function, Layer, type Scope, Stream } from "effect"
import type { Outcome, Permit } from "./Admission.ts"
import type { AdmissionError } from "./AdmissionError.ts"
import * as Claim from "./Claim.ts"
import type { Explanation } from "./Explanation.ts"
import { Events } from "./limiter/Events.ts"
import type { Evidence } from "./limiter/Evidence.ts"
import { evidenceOfError, explanationOf } from "./limiter/explained.ts"
import { Limiter } from "./limiter/Limiter.ts"
import type { LimiterEvent } from "./limiter/LimiterEvent.ts"
import { duration, millis, refuse } from "./limiter/OptionRules.ts"
import type { QuotaStatus } from "./limiter/QuotaStatus.ts"
import { Deadline, Priority, Tenant, type TenantOf } from "./limiter/References.ts"
import type { Watcher } from "./limiter/Watcher.ts"
import * as ExitOutcome from "./Outcome.ts"
import type { RateLimited } from "./RateLimited.ts"
import { layerMemory, RateLimiterStore } from "./RateLimiterStore.ts"
import * as Signal from "./Signal.ts"

export { Deadline, Priority, Tenant }
export type { LimiterEvent, QuotaStatus, TenantOf }

/** How a limiter behaves over any store; times are durations. */
export interface StoreOptions {
  /** How many calls may wait; default 100 000. */
  readonly queueBound?: number
  /** Whoever will wait longer is announced by an event; default a minute. */
  readonly longWait?: Duration.Input
  /**
   * How long the scope's end waits for the answers of what was sent; default not at all. Who still waits is sent away at
   * once in any case, as nothing of it was sent.
   */
  readonly drain?: Duration.Input
}

/** How a limiter in memory behaves; times are durations. */
export interface Options extends StoreOptions {
  /** How long a request may live at a server after it was lost from sight; default a minute. */
  readonly abandonment?: Duration.Input
  /** The longest closure that is waited for; default twice the longest window of the claim, a minute at least. */
  readonly maxPause?: Duration.Input
  /**
   * `"unknown"` treats every rolling and fixed quota as one of kind `unknown`: for limits whose algorithm nobody told.
   * `"published"` (default) trusts the kind until the provider refuses what it allows.
   */
  readonly stance?: "published" | "unknown"
}

/** How quotas stand, and for whom: this process alone, or all workers that share the store. */
export interface Survey {
  readonly scope: "process" | "workers"
  readonly quotas: ReadonlyArray<QuotaStatus>
}

export interface Service {
  /** A permit to ask for. Settle it in any case. */
  readonly permit: (claim: Claim.Claim) => Permit
  /**
   * Goes on with `next` once every slot of the permit's claim was taken: at once, or after a wait. Have the permit settled
   * by a finalizer around the effect that calls this, as `withPermit` does.
   */
  readonly admit: <A, E, R>(
    permit: Permit,
    fiber: Fiber.Fiber<unknown, unknown>,
    next: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | AdmissionError, R>
  /** Ends a permit with what the response said; one that was never admitted gives its place up. Concurrency slots stay held until `release` if the body is still to be read. */
  readonly settle: (
    permit: Permit,
    outcome: Outcome,
    details?: { readonly signal?: Signal.Signal; readonly refusal?: unknown; readonly bodyFollows?: boolean }
  ) => void
  readonly release: (permit: Permit, end: "read" | "cut") => void
  /** The quotas of one partition, or of all, as they stand now. */
  readonly status: (partition?: string) => Effect.Effect<ReadonlyArray<QuotaStatus>>
  /**
   * The same over all workers that share the store: their books, and who waits wherever it is, for the counters that this process
   * knows. They are asked once a second at most; where nobody shares the store, it is the same as `status`.
   */
  readonly survey: (partition?: string) => Effect.Effect<Survey>
  /** How long the claim would have to wait if it came now: a lower bound, as far as known. */
  readonly estimate: (claim: Claim.Claim) => Effect.Effect<Duration.Duration>
  /** Lets somebody be told of every call from now on. */
  readonly watch: (watcher: Watcher) => () => void
  /** How many leases of a shared store it holds. */
  readonly leases: () => number
  /** What holds a permit back, or would hold back a call of the fiber that claims as much: see `explain`. */
  readonly evidence: (subject: Permit | Claim.Claim, fiber: Fiber.Fiber<unknown, unknown>) => Evidence
  /** Long waits, closures, refusals by the provider and by the limiter, and what was learned, from now on. */
  readonly events: Stream.Stream<LimiterEvent>
}

export class RateLimiter extends Context.Service<RateLimiter, Service>()("@sluice/core/RateLimiter") {}

const make = (options: StoreOptions): Effect.Effect<Service, never, RateLimiterStore | Scope.Scope> =>
  Effect.gen(function* () {
    const store = yield* RateLimiterStore
    const events = yield* Events.make
    const limiter = new Limiter(store, yield* Clock.Clock, yield* Effect.context<never>(), events, {
      queueBound: boundOf(options.queueBound ?? 100_000),
      longWaitMillis: millis("longWait", options.longWait ?? "1 minute")
    })
    store.onWake((books) => limiter.stir(books))
    store.survey?.tells((book) => limiter.waitingFor(book))
    const drain = duration("drain", options.drain ?? 0)
    yield* Effect.addFinalizer(() => limiter.close(drain))
    return limiter
  })

/** A limiter over any store. */
export const layerStore = (options: StoreOptions = {}): Layer.Layer<RateLimiter, never, RateLimiterStore> =>
  Layer.effect(RateLimiter, make(options))

/** A limiter in this process's memory, with options. Throws `RangeError` for options that cannot be. */
export const layerWith = (options: Options): Layer.Layer<RateLimiter> =>
  layerStore(options).pipe(
    Layer.provide(
      layerMemory({
        abandonMillis: millis("abandonment", options.abandonment ?? "1 minute"),
        maxPauseMillis: options.maxPause === undefined ? undefined : millis("maxPause", options.maxPause),
        stance: options.stance
      })
    )
  )

/** A limiter in this process's memory: the embedded default. */
export const layer: Layer.Layer<RateLimiter> = layerWith({})

/** Admits everything at once: for tests of what stands around it. */
export const layerUnlimited: Layer.Layer<RateLimiter> = Layer.effect(
  RateLimiter,
  Effect.map(make({}), (limiter) => ({
    ...limiter,
    permit: (claim: Claim.Claim) => limiter.permit({ ...claim, needs: [] })
  }))
).pipe(Layer.provide(layerMemory()))

/** Logs each refusal with its body as a warning; keys never appear, as bodies are what the provider wrote. */
export const layerLogRefusals: Layer.Layer<never, never, RateLimiter> = Layer.effectDiscard(
  Effect.flatMap(RateLimiter, ({ events }) =>
    events.pipe(
      Stream.runForEach((event) =>
        event._tag === "Refused" ? Effect.logWarning("refused by the provider", event) : Effect.void
      ),
      Effect.forkScoped({ startImmediately: true })
    )
  )
)

/**
 * Runs the effect once every slot of the claim was taken, and gives them back to cool when it ends. `decode` reads a
 * signal from the exit, for what is not HTTP: gRPC, an SDK's call, a job.
 */
export const withPermit: {
  (
    claim: Claim.Claim,
    options?: { readonly decode?: (exit: Exit.Exit<unknown, unknown>) => Signal.Signal }
  ): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E | AdmissionError, R | RateLimiter>
  <A, E, R>(
    self: Effect.Effect<A, E, R>,
    claim: Claim.Claim,
    options?: { readonly decode?: (exit: Exit.Exit<A, E>) => Signal.Signal }
  ): Effect.Effect<A, E | AdmissionError, R | RateLimiter>
} = Function.dual(
  (args) => Effect.isEffect(args[0]),
  <A, E, R>(
    self: Effect.Effect<A, E, R>,
    claim: Claim.Claim,
    options?: { readonly decode?: (exit: Exit.Exit<A, E>) => Signal.Signal }
  ): Effect.Effect<A, E | AdmissionError, R | RateLimiter> =>
    // The finalizer stands before anything is asked for: from then on an interruption cannot come between.
    Effect.withFiber((fiber) => {
      const limiter = Context.getUnsafe(fiber.context, RateLimiter)
      const permit = limiter.permit(claim)
      return Effect.onExitPrimitive(
        Effect.withFiber((fiber) => limiter.admit(permit, fiber, self)),
        (exit: Exit.Exit<A, E | AdmissionError>) => {
          if (permit.state !== "held") return void limiter.settle(permit, "unsent")
          const signal = options?.decode?.(exit as Exit.Exit<A, E>) ?? Signal.none
          limiter.settle(permit, signal.isRefusal ? "refused" : ExitOutcome.fromExit(exit), { signal })
        }
      )
    })
)

/** Refuses at once, with the earliest instant, what cannot be admitted within so long. */
export const within: {
  (deadline: Duration.Input): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(self: Effect.Effect<A, E, R>, deadline: Duration.Input): Effect.Effect<A, E, R>
} = Function.dual(2, <A, E, R>(self: Effect.Effect<A, E, R>, deadline: Duration.Input) =>
  Effect.provideService(self, Deadline, duration("within", deadline))
)

/** Refuses at once what would have to wait. */
export const failFast: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> = within(0)

/** Lets the effect's calls go before others that wait, by a number or a word for 1, 0 and -1. */
export const priority: {
  (level: number | "high" | "normal" | "low"): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(self: Effect.Effect<A, E, R>, level: number | "high" | "normal" | "low"): Effect.Effect<A, E, R>
} = Function.dual(2, <A, E, R>(self: Effect.Effect<A, E, R>, level: number | "high" | "normal" | "low") =>
  Effect.provideService(self, Priority, typeof level === "number" ? level : levels[level])
)
const levels = { high: 1, normal: 0, low: -1 }

/**
 * Makes the effect's calls for this tenant, a name that may be printed. Tenants who wait for the same quota with the same
 * priority take turns: each gets as much of it as its weight (by default 1) is of all weights, however many calls of one of
 * them wait, and what one leaves the others use. A full queue sends away the last call of who has most in it.
 */
export const tenant: {
  (
    name: string,
    options?: { readonly weight?: number }
  ): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(self: Effect.Effect<A, E, R>, name: string, options?: { readonly weight?: number }): Effect.Effect<A, E, R>
} = Function.dual(
  (args) => Effect.isEffect(args[0]),
  <A, E, R>(self: Effect.Effect<A, E, R>, name: string, options?: { readonly weight?: number }) => {
    const weight = options?.weight ?? 1
    if (!(weight > 0 && weight < Infinity)) {
      refuse(`weight of ${name}`, "a number above 0", weight)
    }
    return Effect.provideService(self, Tenant, { name, weight })
  }
)

/** The quotas of one partition, or of all, as they stand now. */
export const status = (partition?: string): Effect.Effect<ReadonlyArray<QuotaStatus>, never, RateLimiter> =>
  RateLimiter.use((limiter) => limiter.status(partition))

/** The quotas over all workers that share the store, as they stand now: asked for once a second at most. */
export const survey = (partition?: string): Effect.Effect<Survey, never, RateLimiter> =>
  RateLimiter.use((limiter) => limiter.survey(partition))

/** How long the claim would have to wait if it came now, with the priority and for the tenant that the context says: a lower bound, as far as known. */
export const estimate = (claim: Claim.Claim): Effect.Effect<Duration.Duration, never, RateLimiter> =>
  RateLimiter.use((limiter) => limiter.estimate(claim))

/**
 * Why a call waits or would wait, or was refused: each quota of its claim with its state, which of them decided, and when.
 * An error is explained by the state of the moment at which it was made; a claim or a permit that waits by that of now.
 */
export const explain = (
  subject: Permit | Claim.Claim | AdmissionError | RateLimited
): Effect.Effect<Explanation, never, RateLimiter> =>
  RateLimiter.use((limiter) =>
    Effect.withFiber((fiber) => {
      const isError = subject instanceof Error
      const evidence = isError ? evidenceOfError(subject, fiber.getRef(Clock.Clock)) : limiter.evidence(subject, fiber)
      return Effect.succeed(explanationOf(evidence))
    })
  )

/** Long waits, closures, refusals by the provider and by the limiter, and what was learned, from now on. */
export const events: Stream.Stream<LimiterEvent, never, RateLimiter> = Stream.unwrap(
  RateLimiter.useSync((limiter) => limiter.events)
)

const boundOf = (queueBound: number): number =>
  Number.isInteger(queueBound) && queueBound >= 1
    ? queueBound
    : refuse("queueBound", "a whole number, 1 or more", queueBound)
