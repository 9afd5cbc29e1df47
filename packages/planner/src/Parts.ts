/**
 * A job in parts that have nothing in common, each a run of its own: no counter, and no clock that anything depends on.
 *
 * What each would do does not depend on the others, and a part by itself comes back to an earlier state much sooner.
 */
import type { Claim } from "@sluice/core/Claim"
import { followsTime, type Job, type Load } from "./Job.ts"
import { type Line, Run } from "./Run.ts"

export class Parts {
  readonly job: Job
  readonly runs: ReadonlyArray<Run>

  /** Throws `PlanError` for calls that are larger than a quota. */
  constructor(job: Job) {
    this.job = job
    this.runs = groupsOf(job).map((loads) => new Run({ ...job, loads }))
  }

  /** Goes on for about so many events; gives whether there is more. */
  advance(events: number): boolean {
    for (const run of this.runs) if (run.advance(events)) return true
    return false
  }

  /** In the order of the job's loads. */
  get lines(): ReadonlyArray<Line> {
    const lines = this.runs.flatMap((run) => run.lines)
    return this.job.loads.flatMap((load) => lines.filter((line) => line.load === load))
  }

  get done(): number {
    return this.runs.reduce((sum, run) => sum + run.lines.reduce((sum, line) => sum + line.done, 0), 0)
  }

  get simulated(): number {
    return this.runs.reduce((sum, run) => sum + run.simulated, 0)
  }

  get refusals(): number {
    return this.runs.reduce((sum, run) => sum + run.origin.refusals, 0)
  }

  get doneAt(): number {
    return Math.max(0, ...this.lines.map((line) => line.doneAt))
  }
}

/** Latencies that are drawn at random are drawn by all calls in turn. */
const groupsOf = ({ after, before, loads }: Job): ReadonlyArray<ReadonlyArray<Load>> => {
  if (before.kind !== "constant" || after.kind !== "constant") return [loads]
  const groups: Array<Array<Load>> = []
  for (const load of loads) {
    const met = groups.filter((group) => group.some((other) => meet(load.claim, other.claim)))
    for (const group of met) groups.splice(groups.indexOf(group), 1)
    groups.push([...met.flat(), load])
  }
  return groups
}

const meet = (a: Claim, b: Claim): boolean =>
  (followsClock(a) && followsClock(b)) || a.needs.some(({ key }) => b.needs.some((other) => other.key === key))

const followsClock = ({ needs }: Claim) => needs.some(({ quota }) => followsTime(quota))
