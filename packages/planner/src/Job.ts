/** What a run is given: classes of calls, each with its claim and its workers, and the server that they meet. */
import type { Claim } from "@sluice/core/Claim"
import type { Quota } from "@sluice/core/Quota"
import type * as Latency from "@sluice/simulator/Latency"
import type { Arrival, Origin } from "./Origin.ts"

/** So many calls that need the same, by so many workers: each takes the next when its last one was answered. */
export interface Load {
  readonly name: string
  readonly calls: number
  readonly workers: number
  readonly priority: number
  readonly claim: Claim
  readonly arrival: Arrival
}

export interface Job {
  readonly loads: ReadonlyArray<Load>
  /** Makes the server; a run has one of its own. */
  readonly origin: () => Origin
  /** The ways to the server and back. */
  readonly before: Latency.Latency
  readonly after: Latency.Latency
  readonly seed: number
  /** The server's wall clock at the start. */
  readonly startMillis: number
  readonly deadlineMillis: number
  /** Units that were answered just before the start, by the quota's name. */
  readonly used: Readonly<Record<string, number>>
  /** Whether rounds that come again may be taken at once; what comes out is the same. */
  readonly skips: boolean
}

/** A counter that calls draw on. */
export interface Counted {
  readonly key: string
  readonly quota: Quota
}

/** The counters of all loads. */
export const countersOf = (loads: ReadonlyArray<Load>): ReadonlyArray<Counted> => {
  const found = new Map<string, Counted>()
  for (const { claim } of loads) for (const { key, quota } of claim.needs) found.set(key, { key, quota })
  return [...found.values()]
}

/** Whether a quota's slots depend on the server's clock, or on resets that it tells. */
export const followsTime = ({ kind, phase, slowBelow }: Quota): boolean =>
  (kind === "fixed" && phase !== "unknown") || slowBelow?.when === "always"
