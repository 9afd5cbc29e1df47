/**
 * When calls that remain will be done, from what a limiter tells of its quotas now: quick enough to ask while they go.
 *
 * What is under way or cools is taken as answered just now, so that the time is rather too long than too short, by a
 * window at most.
 *
 * @example
 * ```ts
 * import { Quota, RateLimiter } from "@sluice/core"
 * import { Eta } from "@sluice/planner"
 * import { Effect } from "effect"
 *
 * const reads = Quota.rolling(100, "1 second", { name: "reads" })
 * const left = Effect.map(RateLimiter.status(), (status) =>
 *   Eta.eta({ reads }, { reads: 5000 }, { status, workers: 8, latency: "80 millis" })
 * )
 * ```
 */
import type { Quota } from "@sluice/core/Quota"
import type { QuotaStatus } from "@sluice/core/RateLimiter"
import type { Latency } from "@sluice/simulator/Latency"
import { Duration } from "effect"
import type { Job } from "./Job.ts"
import { isProvider, jobOf, type Options, type Subject, type Work } from "./Options.ts"
import { Parts } from "./Parts.ts"
import type { Run } from "./Run.ts"

/** More calls than these are not gone through one by one. */
const most = 500

/**
 * How long until the last of the calls that remain is answered, by what `RateLimiter.status` says of one partition. Exact as
 * `Planner.plan` up to 500 calls, and where rounds come again soon; else what the quotas and the workers let through at
 * their steady rates. Throws `PlanError` for work that cannot be.
 */
export const eta = (
  subject: Subject,
  remaining: Work,
  options: Omit<Options, "alternatives" | "deadline" | "used"> & { readonly status?: ReadonlyArray<QuotaStatus> } = {}
): Duration.Duration => {
  const used: Record<string, number> = {}
  const own = isProvider(subject) ? subject.quotas : subject
  // Units that go evenly have cooled when they are wanted again.
  const even = new Set(Object.keys(own).filter((name) => (options.quotas?.[name] ?? own[name])?.pacing === "even"))
  for (const { cooling, foreign, inFlight, quota } of options.status ?? []) {
    if (!even.has(quota)) used[quota] = (used[quota] ?? 0) + cooling + inFlight + foreign
  }
  const parts = new Parts(jobOf(subject, remaining, { ...options, used }))
  let millis = 0
  for (const run of parts.runs) {
    while (run.simulated < most && run.advance(200)) continue
    if (run.isOver) {
      millis = Math.max(millis, ...run.lines.map((line) => line.doneAt))
      continue
    }
    millis = Math.max(millis, run.now, ...run.counters.map(({ key, quota }) => roundsOf(run, key, quota, used)))
    for (const { done, load } of run.lines) {
      millis = Math.max(millis, Math.ceil((load.calls / load.workers) * wayOf(run.job)), done === 0 ? run.now : 0)
    }
  }
  return Duration.millis(millis)
}

/** As long as a quota needs for all its units: each round of its slots takes a window and a way. */
const roundsOf = ({ job }: Run, key: string, quota: Quota, used: Readonly<Record<string, number>>): number => {
  const units = job.loads.reduce(
    (sum, { calls, claim }) => sum + calls * (claim.needs.find((need) => need.key === key)?.cost ?? 0),
    used[quota.name] ?? 0
  )
  const window = quota.windowMillis * (1 + quota.rateMargin)
  if (quota.kind === "tokenBucket") return Math.max(0, ((units - quota.limit) * window) / quota.refill)
  const round = quota.kind === "concurrency" ? wayOf(job) : window + quota.slackMillis + wayOf(job)
  return Math.ceil(Math.max(0, Math.ceil(units / quota.limit) - 1) * round)
}

const wayOf = ({ after, before }: Job): number => typical(before) + typical(after)

const typical = (latency: Latency): number =>
  latency.kind === "constant"
    ? latency.millis
    : latency.kind === "uniform"
      ? (latency.minMillis + latency.maxMillis) / 2
      : latency.medianMillis * Math.exp(latency.sigma ** 2 / 2)
