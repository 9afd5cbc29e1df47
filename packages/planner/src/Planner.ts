/**
 * When work under rate limits will be done, what holds it back when, and what a larger limit or more workers would buy.
 *
 * The limiter's own arithmetic and the simulator's exact counters run on one heap of events, in virtual time: what comes
 * out is what the limiter would do, not an estimate of it. Nothing is sent.
 *
 * @example
 * ```ts
 * import { Planner } from "@sluice/planner"
 * import { Attio } from "@sluice/providers/attio"
 * import { simulation } from "@sluice/providers/attio/simulation"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const plan = yield* Planner.plan(
 *     Attio.provider,
 *     { reads: 50_000, writes: 2000 },
 *     { workers: 4, latency: "80 millis", simulation }
 *   )
 *   return plan.doneAfterMillis
 * })
 * ```
 */
import { ClaimError } from "@sluice/core/Claim"
import { QuotaError } from "@sluice/core/Quota"
import { Effect } from "effect"
import * as Alternatives from "./Alternatives.ts"
import * as Findings from "./Findings.ts"
import type { Job } from "./Job.ts"
import { classesOf, isProvider, jobOf, type Options, type Portion, type Subject, type Work } from "./Options.ts"
import type { Plan } from "./Plan.ts"
import { PlanError } from "./PlanError.ts"
import { Parts } from "./Parts.ts"

export { PlanError }
export type { Options, Plan, Portion, Subject, Work }

/** Calls done so far, of all; alternatives are not counted. */
export interface Progress {
  readonly done: number
  readonly calls: number
}

/** How many events are gone through before others have their turn. */
const stretch = 20_000

/**
 * Plans the work. Fails for work that cannot be: names that the provider does not have, numbers that are none, a quota
 * that nobody tells. `onProgress` is told now and then; interrupt it as any effect.
 */
export const plan = (
  subject: Subject,
  work: Work,
  options: Options & { readonly onProgress?: (progress: Progress) => void } = {}
): Effect.Effect<Plan, PlanError | QuotaError | ClaimError> =>
  Effect.gen(function* () {
    const job = yield* attempt(() => jobOf(subject, work, options))
    const parts = yield* toEnd(job, options.onProgress)
    const found = Findings.planOf(parts, isProvider(subject) ? subject.id : "")
    if (options.alternatives === false) return found
    return { ...found, alternatives: yield* Alternatives.find(subject, work, options, parts) }
  })

/** The names of the calls that a provider or quotas tell apart: keys of `Work`. */
export const classes = (subject: Subject, options: Pick<Options, "simulation"> = {}): ReadonlyArray<string> =>
  classesOf(subject, options.simulation).map(({ name }) => name)

/** Runs a job to its end. A run that was refused anything is no plan. */
const toEnd = (job: Job, onProgress: ((progress: Progress) => void) | undefined) =>
  Effect.gen(function* () {
    const parts = yield* attempt(() => new Parts(job))
    const calls = job.loads.reduce((sum, load) => sum + load.calls, 0)
    while (yield* attempt(() => parts.advance(stretch))) {
      onProgress?.({ done: parts.done, calls })
      yield* Effect.yieldNow
    }
    return yield* attempt(() => unrefused(parts))
  })

const unrefused = (parts: Parts): Parts => {
  if (parts.refusals === 0) return parts
  throw new PlanError({
    field: "quotas",
    rule: "what the server enforces, so that nothing is refused",
    value: `quotas under which it refused ${parts.refusals} calls`
  })
}

const attempt = <A>(make: () => A): Effect.Effect<A, PlanError | QuotaError | ClaimError> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(make())
    } catch (error) {
      if (error instanceof PlanError || error instanceof QuotaError || error instanceof ClaimError) {
        return Effect.fail(error)
      }
      if (error instanceof RangeError) {
        return Effect.fail(new PlanError({ field: "latency", rule: error.message, value: "what it says" }))
      }
      throw error
    }
  })
