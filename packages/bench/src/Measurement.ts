/** The figures of a run, and of several runs of the same. Times are the machine's. */
import { BestTime } from "@sluice/simulator"
import type { Outcome } from "./Protocol.ts"

export interface Figures {
  readonly refusals: number
  /** Refusals among all requests, from 0 to 1. */
  readonly refusedShare: number
  /** Requests that got no work done. */
  readonly wasted: number
  readonly millis: number
  /** What the best possible client would have needed for the calls that were done, of the time that was needed. */
  readonly share: number
  /** From the start, when all calls were submitted, to a call's answer. */
  readonly waitMedianMillis: number
  readonly wait95Millis: number
  readonly processorMillis: number
  readonly done: number
}

export interface Measurement extends Figures {
  readonly calls: number
  readonly requests: number
  readonly bestMillis: number
  readonly failures: ReadonlyArray<string>
  readonly doneAfterMillis: ReadonlyArray<number>
  readonly bestAfterMillis: ReadonlyArray<number>
}

export const make = (run: {
  readonly calls: number
  readonly speed: number
  readonly outcome: Outcome
  readonly counts: { readonly requests: number; readonly refusals: number }
  readonly best: BestTime.BestTime
}): Measurement => {
  const { best, calls, counts, outcome, speed } = run
  const inMachineTime = (all: ReadonlyArray<number>) => all.map((millis) => millis / speed)
  const doneAfterMillis = inMachineTime(outcome.doneAfterMillis)
  const done = doneAfterMillis.length
  return {
    ...counts,
    refusedShare: counts.requests === 0 ? 0 : counts.refusals / counts.requests,
    wasted: counts.requests - done,
    millis: outcome.elapsedMillis / speed,
    share: BestTime.share(best, done, outcome.elapsedMillis),
    waitMedianMillis: percentile(doneAfterMillis, 0.5),
    wait95Millis: percentile(doneAfterMillis, 0.95),
    processorMillis: outcome.processorMillis,
    done,
    calls,
    bestMillis: best.millis / speed,
    failures: outcome.failures,
    doneAfterMillis,
    bestAfterMillis: inMachineTime(best.doneAfterMillis)
  }
}

/** The smallest of the numbers that so large a share of them does not exceed; NaN of none. */
export const percentile = (numbers: ReadonlyArray<number>, share: number): number =>
  numbers.toSorted((left, right) => left - right)[Math.max(0, Math.ceil(numbers.length * share) - 1)] ?? Number.NaN

/** A median with the smallest and the largest. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export const spread = (numbers: ReadonlyArray<number>): Spread => ({
  median: median(numbers),
  min: Math.min(...numbers),
  max: Math.max(...numbers)
})

const median = (numbers: ReadonlyArray<number>) => {
  const middle = (numbers.length - 1) / 2
  const sorted = numbers.toSorted((left, right) => left - right)
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2
}

export type Summary = { readonly [Name in keyof Figures]: Spread }

/** Of runs of the same peer at the same policy. */
export const summary = (runs: ReadonlyArray<Figures>): Summary => {
  const of = (name: keyof Figures) => spread(runs.map((run) => run[name]))
  return {
    refusals: of("refusals"),
    refusedShare: of("refusedShare"),
    wasted: of("wasted"),
    millis: of("millis"),
    share: of("share"),
    waitMedianMillis: of("waitMedianMillis"),
    wait95Millis: of("wait95Millis"),
    processorMillis: of("processorMillis"),
    done: of("done")
  }
}
