/** What a run that is over shows. */
import type * as Quota from "@sluice/core/Quota"
import type * as Latency from "@sluice/simulator/Latency"
import type { Interval, Plan, PlannedClass, PlannedQuota } from "./Plan.ts"
import type { Parts } from "./Parts.ts"
import type { Line, Run } from "./Run.ts"

/** The plan without its alternatives. */
export const planOf = (parts: Parts, provider: string): Plan => {
  const { doneAt, job, lines, runs } = parts
  const bucketMillis = Math.max(1, ...runs.map(({ timeline }) => timeline.bucketMillis))
  for (const { timeline } of runs) timeline.widen(bucketMillis)
  const longest = runs.toSorted((a, b) => b.rounds.roundMillis - a.rounds.roundMillis)[0]
  const roundMillis = longest?.rounds.roundMillis ?? 0
  const classes = new Map(
    runs.flatMap((run) => run.lines.map((line, index) => [line, classOf(run, line, index, doneAt)] as const))
  )
  return {
    provider,
    seed: job.seed,
    latencyMillis: { before: waysOf(job.before), after: waysOf(job.after) },
    doneAfterMillis: doneAt,
    calls: parts.done,
    refusals: 0,
    classes: lines.flatMap((line) => classes.get(line) ?? []),
    quotas: runs.flatMap((run) => run.counters.map((_, index) => quotaOf(run, index))),
    ...(Number.isFinite(job.deadlineMillis) && { deadlineMillis: job.deadlineMillis }),
    bucketMillis,
    alternatives: [],
    computed: {
      simulated: parts.simulated,
      ...(roundMillis > 0 && { roundMillis }),
      rounds: runs.reduce((sum, run) => sum + run.rounds.passedOver, 0)
    }
  }
}

const classOf = (run: Run, line: Line, index: number, endAt: number): PlannedClass => {
  const { counters, job, timeline } = run
  const buckets = timeline.buckets(endAt)
  let sum = 0
  return {
    name: line.load.name,
    calls: line.done,
    workers: line.load.workers,
    draws: line.load.claim.needs.map(({ cost, quota }) => ({ quota: quota.name, cost })),
    doneAfterMillis: line.doneAt,
    ...(Number.isFinite(job.deadlineMillis) && { doneByDeadline: line.doneAtDeadline }),
    heldMillis: Object.fromEntries(
      counters.map(({ quota }, i) => [quota.name, line.heldMillis[i] ?? 0] as const).filter(([, millis]) => millis > 0)
    ),
    bound: boundOf(run, line, index),
    done: Array.from({ length: buckets }, (_, bucket) => (sum += timeline.done[index]?.[bucket] ?? 0))
  }
}

/** What held a class back most in each bucket, and alike ones after each other as one. */
const boundOf = (run: Run, line: Line, index: number): ReadonlyArray<Interval> => {
  const { counters, timeline } = run
  const intervals: Array<{ fromMillis: number; toMillis: number; quota: string | null; held: number }> = []
  for (let bucket = 0; bucket < timeline.buckets(line.doneAt); bucket++) {
    const fromMillis = bucket * timeline.bucketMillis
    const toMillis = Math.min(line.doneAt, fromMillis + timeline.bucketMillis)
    const held = counters.map((_, i) => timeline.held[index * counters.length + i]?.[bucket] ?? 0)
    const most = Math.max(0, ...held)
    const quota = most > 0 ? (counters[held.indexOf(most)]?.quota.name ?? null) : null
    const last = intervals.at(-1)
    if (last?.quota === quota) {
      last.toMillis = toMillis
      last.held += most
    } else intervals.push({ fromMillis, toMillis, quota, held: most })
  }
  return intervals.map(({ held, ...interval }) => ({
    ...interval,
    share: interval.toMillis > interval.fromMillis ? Math.min(1, held / (interval.toMillis - interval.fromMillis)) : 0
  }))
}

const quotaOf = (run: Run, index: number): PlannedQuota => {
  const counter = run.counters[index]
  if (!counter) throw new Error("a counter has an index")
  const { key, quota } = counter
  const drawing = run.lines.flatMap((line) =>
    line.load.claim.needs.filter((need) => need.key === key).map(({ cost }) => ({ line, cost }))
  )
  const units = drawing.reduce((sum, { cost, line }) => sum + cost * line.done, 0)
  const millis = Math.max(1, ...drawing.map(({ line }) => line.doneAt))
  const used =
    quota.kind === "concurrency" ? drawing.reduce((sum, { cost, line }) => sum + cost * line.busyMillis, 0) : units
  return {
    name: quota.name,
    kind: quota.kind,
    limit: quota.limit,
    windowMillis: quota.windowMillis,
    units,
    utilisation: Math.min(1, used / mostOf(quota, millis))
  }
}

/** The most units that a quota passes in so long from a cold start; of one by concurrency, the most unit-milliseconds. */
const mostOf = ({ kind, limit, refill, windowMillis }: Quota.Quota, millis: number): number =>
  kind === "concurrency"
    ? limit * millis
    : kind === "tokenBucket"
      ? limit + Math.floor((refill * millis) / windowMillis)
      : limit * Math.ceil(millis / windowMillis)

const waysOf = (latency: Latency.Latency): string =>
  latency.kind === "constant"
    ? `${latency.millis} ms`
    : latency.kind === "uniform"
      ? `${latency.minMillis} to ${latency.maxMillis} ms`
      : `about ${latency.medianMillis} ms`
