/** What more of what binds would buy: runs of the same work under a larger limit, or with more workers. */
import * as Quota from "@sluice/core/Quota"
import type { Quotas } from "@sluice/core/Provider"
import { Effect } from "effect"
import { isProvider, jobOf, type Options, type Subject, type Work } from "./Options.ts"
import type { Alternative } from "./Plan.ts"
import { Parts } from "./Parts.ts"

/** Nothing is looked for that would take more than so many calls one by one, or is larger than this. */
const mostSimulated = 400_000
const mostWorkers = 4096

/** One alternative for each quota that held something back, and one for the class that is done last if its workers did. */
export const find = (
  subject: Subject,
  work: Work,
  options: Options,
  parts: Parts
): Effect.Effect<ReadonlyArray<Alternative>> =>
  Effect.gen(function* () {
    const budget = { left: mostSimulated, each: parts.simulated }
    const found: Array<Alternative> = []
    const published: Quotas = { ...(isProvider(subject) ? subject.quotas : subject), ...options.quotas }
    for (const { counter, isHeld } of holding(parts)) {
      const name = Object.keys(published).find((key) => isOf(published[key], counter.quota, options.share ?? 1))
      const quota = name === undefined ? undefined : published[name]
      if (!isHeld || name === undefined || !quota) continue
      const trial = (limit: number) => {
        const quotas = { ...options.quotas, [name]: resized(quota, limit) }
        return tried(subject, work, { ...options, quotas }, budget)
      }
      const binds = (other: Parts) => holding(other).some((one) => one.isHeld && one.counter.key === counter.key)
      yield* Effect.yieldNow
      const twice = Math.min(Quota.maxLimit, quota.limit * 2)
      const doubled = trial(twice)
      if (!doubled) continue
      const enough = least(quota.limit, Quota.maxLimit, binds, trial)
      found.push({
        change: "limit",
        of: counter.quota.name,
        from: quota.limit,
        to: twice,
        ...comparedWith(parts, doubled),
        ...(enough !== undefined && { enough })
      })
    }
    const last = parts.lines.toSorted((a, b) => b.doneAt - a.doneAt)[0]
    const isFree = last && last.heldMillis.every((millis) => millis === 0) && last.load.workers < last.load.calls
    if (last && isFree) {
      const { name, workers } = last.load
      const trial = (count: number) => tried(subject, withWorkers(work, name, count), options, budget)
      const binds = (other: Parts) =>
        other.lines.every((line) => line.load.name !== name || line.heldMillis.every((millis) => millis === 0))
      yield* Effect.yieldNow
      const doubled = trial(workers * 2)
      const enough = doubled && least(workers, Math.min(mostWorkers, last.load.calls), binds, trial)
      if (doubled) {
        found.push({
          change: "workers",
          of: name,
          from: workers,
          to: workers * 2,
          ...comparedWith(parts, doubled),
          ...(enough !== undefined && { enough })
        })
      }
    }
    return found
  })

/** The least number above `from` that binds no more: doubled until it does not, then halved in between. */
const least = (
  from: number,
  most: number,
  binds: (parts: Parts) => boolean,
  trial: (value: number) => Parts | undefined
): number | undefined => {
  let low = from
  let high = from
  for (;;) {
    if (high >= most) return undefined
    high = Math.min(most, high * 2)
    const parts = trial(high)
    if (!parts) return undefined
    if (!binds(parts)) break
    low = high
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    const parts = trial(middle)
    if (!parts) return undefined
    if (binds(parts)) low = middle
    else high = middle
  }
  return high
}

/** The run, or nothing if it cannot be or would take too long. */
const tried = (subject: Subject, work: Work, options: Options, budget: { left: number; readonly each: number }) => {
  if (budget.left < budget.each) return undefined
  try {
    const parts = new Parts(jobOf(subject, work, options))
    let goesOn = true
    while (goesOn && parts.simulated < budget.left) goesOn = parts.advance(10_000)
    budget.left -= parts.simulated
    return goesOn || parts.refusals > 0 ? undefined : parts
  } catch (error) {
    if (error instanceof Quota.QuotaError) return undefined
    throw error
  }
}

/** All counters, and whether calls waited for them. */
const holding = (parts: Parts) =>
  parts.runs.flatMap((run) =>
    run.counters.map((counter, index) => ({
      counter,
      isHeld: run.lines.some((line) => (line.heldMillis[index] ?? 0) > 0)
    }))
  )

const comparedWith = (parts: Parts, other: Parts): Pick<Alternative, "doneAfterMillis" | "sooner"> => ({
  doneAfterMillis: other.doneAt,
  sooner: other.lines.flatMap(({ doneAt, load: { name } }, index) =>
    doneAt < (parts.lines[index]?.doneAt ?? 0) ? [{ name, doneAfterMillis: doneAt }] : []
  )
})

const withWorkers = (work: Work, name: string, workers: number): Work => {
  const portion = work[name]
  return {
    ...work,
    [name]: { ...(typeof portion === "number" ? { calls: portion } : (portion ?? { calls: 0 })), workers }
  }
}

const isOf = (published: Quota.Quota | undefined, kept: Quota.Quota, share: number) =>
  published !== undefined &&
  published.name === kept.name &&
  published.windowMillis > 0 === kept.windowMillis > 0 &&
  (share === 1 ? published.limit : Quota.share(published, share).limit) === kept.limit

/** A limit of that size, at a rate that grows with it. */
const resized = (quota: Quota.Quota, limit: number): Quota.Quota =>
  Quota.make({
    ...Quota.definition(quota),
    limit,
    published: limit,
    refill: Math.max(1, Math.round((quota.refill * limit) / quota.limit))
  })
