/**
 * The best time that any client could need for given work at a given server, from a cold start.
 *
 * An omniscient client knows the server's windows and its clock, and each of its requests takes the shortest way. It sends
 * whatever fits at each instant, under all quotas at once. That is optimal where requests are alike: to be counted later
 * never makes room earlier. No published time can be shorter, whatever the latency turned out to be.
 */
import * as Quota from "@sluice/core/Quota"
import type { Meter, Request, Simulation } from "@sluice/core/Simulation"
import * as Latency from "./Latency.ts"
import * as Metering from "./Metering.ts"
import type * as Scenario from "./Scenario.ts"

export interface Work {
  readonly simulation: Simulation
  readonly scenario: Scenario.Scenario
  readonly requests: ReadonlyArray<Request>
  /** The server's wall clock when the first request is sent: it decides where in their windows fixed quotas are. */
  readonly startMillis: number
}

export interface BestTime {
  /** When each call would be done, in milliseconds from the start, in order; Infinity for those that never can be. */
  readonly doneAfterMillis: ReadonlyArray<number>
  /** When the last one would be; 0 for no work. */
  readonly millis: number
}

export const make = (work: Work): BestTime => {
  const doneAfterMillis = ofEach(work).toSorted((left, right) => left - right)
  return { doneAfterMillis, millis: doneAfterMillis.at(-1) ?? 0 }
}

/** The same for each request, in the order in which they are given: of equal ones the first goes first. */
export const ofEach = ({ requests, scenario, simulation, startMillis }: Work): ReadonlyArray<number> => {
  // Whoever knows when there is room is never refused: a look before that costs nothing, and no penalty begins.
  const promised = Object.fromEntries(
    Object.entries(simulation.quotas).map(([name, quota]) => [name, Quota.withOptions(quota, { penalty: 0 })])
  )
  const looking = { ...scenario, counting: { ...scenario.counting, countsRefused: false } }
  const metering = Metering.make(promised, looking, startMillis)
  const afterMillis = shortest(scenario.after, scenario.speed) - startMillis

  const doneAfterMillis = requests.map(() => Infinity)
  let waiting = requests.map((request, index) => {
    const meters = simulation.meters(request, metering.quotas)
    return { index, meters, needs: needsOf(meters) }
  })
  let now = startMillis + shortest(scenario.before, scenario.speed)
  while (waiting.length > 0) {
    const blockedUntil = new Map<string, number>()
    waiting = waiting.filter(({ index, meters, needs }) => {
      if (blockedUntil.has(needs)) return true
      const { refused } = metering.count(meters, now)
      if (refused.length === 0) {
        doneAfterMillis[index] = now + afterMillis
        return false
      }
      if (refused.some(({ limit, meter: { cost = 1 } }) => cost > limit)) return false
      blockedUntil.set(needs, Math.max(...refused.map(({ retryAtMillis }) => retryAtMillis - scenario.skewMillis)))
      return true
    })
    const next = Math.max(now + 1, Math.min(...blockedUntil.values()))
    if (!Number.isFinite(next)) break
    now = next
  }
  return doneAfterMillis
}

/** How much of the time that was needed the best client would have needed, for the calls that were done. */
export const share = (best: BestTime, done: number, elapsedMillis: number): number =>
  done === 0 || elapsedMillis <= 0 ? 0 : (best.doneAfterMillis[done - 1] ?? 0) / elapsedMillis

const needsOf = (meters: ReadonlyArray<Meter>) =>
  meters.map(({ cost = 1, key, limit, quota }) => `${quota.name}\u0000${key}\u0000${cost}\u0000${limit}`).join("\u0001")

const shortest = (latency: Scenario.Scenario["before"], speed: number): number => {
  const millis = latency.kind === "constant" ? latency.millis : latency.kind === "uniform" ? latency.minMillis : 0
  return Latency.quicken(millis, speed)
}
