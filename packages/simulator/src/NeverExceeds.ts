/** The one asserter: no rolling window holds more units than its limit. */
import { Data } from "effect"

/** Units that were counted at an instant; a bare number is the instant of one unit. Timelines of stats are such points. */
export type Counted = number | CountedPoint

export interface CountedPoint {
  readonly atMillis: number
  readonly cost?: number
  readonly simulation?: string
  readonly quota?: string
  readonly key?: string
  readonly isRefused?: boolean
}

/** A window that holds too much: `(fromMillis, toMillis]`, so that a unit exactly one window old has left. */
export class ExceededError extends Data.TaggedError("ExceededError")<{
  readonly limit: number
  readonly windowMillis: number
  readonly units: number
  readonly fromMillis: number
  readonly toMillis: number
  readonly counter: string
}> {
  override get message() {
    const of = this.counter === "" ? "" : ` of ${this.counter}`
    return (
      `${this.units} units${of} were counted in the ${this.windowMillis} ms after ${this.fromMillis} and up to ` +
      `${this.toMillis}, where ${this.limit} are allowed.`
    )
  }
}

/**
 * Gives an assertion that throws `ExceededError` for the first window that holds more than `most`.
 *
 * Points that name a quota or key are judged apart from those of other quotas and keys; refused points do not count.
 *
 * @example
 * ```ts
 * import { NeverExceeds, Simulator } from "@sluice/simulator"
 * import { Effect } from "effect"
 *
 * const checked = Effect.gen(function* () {
 *   const { stats } = yield* Simulator.fastForward(Effect.void)
 *   NeverExceeds.limit(100, 60_000)(stats.timeline.filter((point) => point.quota === "reads"))
 * })
 * ```
 */
export const limit =
  (most: number, windowMillis: number) =>
  (points: Iterable<Counted>): void => {
    for (const [counter, counted] of Map.groupBy(points, counterOf)) assertOne(most, windowMillis, counter, counted)
  }

const assertOne = (limit: number, windowMillis: number, counter: string, points: ReadonlyArray<Counted>) => {
  const rows = points.flatMap(rowOf).toSorted((left, right) => left.atMillis - right.atMillis)
  let units = 0
  let oldest = 0
  for (const { atMillis: toMillis, cost } of rows) {
    const fromMillis = toMillis - windowMillis
    units += cost
    for (let old = rows[oldest]; old !== undefined && old.atMillis <= fromMillis; old = rows[++oldest])
      units -= old.cost
    if (units > limit) throw new ExceededError({ limit, windowMillis, units, fromMillis, toMillis, counter })
  }
}

const rowOf = (point: Counted) =>
  typeof point === "number"
    ? [{ atMillis: point, cost: 1 }]
    : point.isRefused === true
      ? []
      : [{ atMillis: point.atMillis, cost: point.cost ?? 1 }]

const counterOf = (point: Counted) =>
  typeof point === "number"
    ? ""
    : [point.simulation, point.quota, point.key].filter((part) => part !== undefined).join("/")
