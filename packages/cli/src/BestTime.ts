/**
 * The best time that any client could need for given work at a given server, from a cold start.
 *
 * An omniscient client knows the server's windows and its clock, and each of its requests takes the shortest way. It sends
 * whatever fits at each instant, under all quotas at once. That is optimal where requests are alike: to be counted later
 * never makes room earlier. No published time can be shorter, whatever the latency turned out to be.
 */
import * as Quota from "@sluice/core/Quota"
import type { Meter, Request, Simulation } from "@sluice/core/Simulation"
import { Latency, Metering, type Scenario } from "@sluice/simulator"

export interface BestTime {
  /** When each call would be done, in milliseconds from the start, in order. */
  readonly doneAfterMillis: ReadonlyArray<number>
  /** When the last one would be; 0 for no work. */
  readonly millis: number
}

/** Throws a `RangeError` if some request can never be counted. */
export const make = (options: {
  readonly simulation: Simulation
  readonly scenario: Scenario.Scenario
  readonly requests: ReadonlyArray<Request>
  /** The server's wall clock when the first request is sent: it decides where in their windows fixed quotas are. */
  readonly startMillis: number
}): BestTime => {
  const { requests, scenario, simulation, startMillis } = options
  // Whoever knows when there is room is never refused: a look before that costs nothing, and no penalty begins.
  const promised = Object.fromEntries(
    Object.entries(simulation.quotas).map(([name, quota]) => [name, Quota.withOptions(quota, { penalty: 0 })])
  )
  const looking = { ...scenario, counting: { ...scenario.counting, countsRefused: false } }
  const metering = Metering.make(promised, looking, startMillis)
  const beforeMillis = shortest(scenario.before, scenario.speed)
  const afterMillis = shortest(scenario.after, scenario.speed)

  const doneAfterMillis: Array<number> = []
  let waiting = requests.map((request) => simulation.meters(request, metering.quotas))
  let now = startMillis + beforeMillis
  while (waiting.length > 0) {
    const blockedUntil = new Map<string, number>()
    const left: Array<ReadonlyArray<Meter>> = []
    for (const meters of waiting) {
      const needs = needsOf(meters)
      if (!blockedUntil.has(needs)) {
        const { refused } = metering.count(meters, now)
        if (refused.length === 0) {
          doneAfterMillis.push(now + afterMillis - startMillis)
          continue
        }
        const tooLarge = refused.find(({ limit, meter }) => (meter.cost ?? 1) > limit)
        if (tooLarge) throw new RangeError(`BestTime: a request is larger than the quota ${tooLarge.meter.quota.name}.`)
        blockedUntil.set(needs, Math.max(...refused.map(({ retryAtMillis }) => retryAtMillis - scenario.skewMillis)))
      }
      left.push(meters)
    }
    waiting = left
    now = Math.max(now + 1, Math.min(...blockedUntil.values()))
  }
  return { doneAfterMillis, millis: doneAfterMillis.at(-1) ?? 0 }
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
