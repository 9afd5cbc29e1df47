/** When each group of requests would be done by a client that knows the server's counters and whose requests take no time. */
import * as Quota from "@sluice/core/Quota"
import type { Request, Simulation } from "@sluice/core/Simulation"
import * as Metering from "../Metering.ts"
import type * as Scenario from "../Scenario.ts"

/** Requests that draw on the same counters, sent one after the other until there were so many. */
export interface Work {
  readonly requests: ReadonlyArray<Request>
  readonly count: number
}

/** In milliseconds from the start, one for each work; `Infinity` where a request can never be counted. */
export const of = (
  simulation: Simulation,
  scenario: Scenario.Scenario,
  startMillis: number,
  works: ReadonlyArray<Work>
): ReadonlyArray<number> => {
  // A look whether there is room costs nothing, and begins no penalty.
  const quotas = Object.fromEntries(
    Object.entries(simulation.quotas).map(([name, quota]) => [name, Quota.withOptions(quota, { penalty: 0 })])
  )
  const metering = Metering.make(quotas, scenario, startMillis)
  const sent = works.map(() => 0)
  const doneAfter = works.map(({ count }) => (count === 0 ? 0 : Infinity))
  let now = startMillis
  while (doneAfter.includes(Infinity)) {
    let next = Infinity
    for (const [index, { count, requests }] of works.entries()) {
      for (;;) {
        const done = sent[index] ?? 0
        const request = requests[done % requests.length]
        if (done >= count || request === undefined) break
        const meters = simulation.meters(request, metering.quotas)
        const { refused } = metering.count(meters, now)
        if (refused.length > 0) {
          if (refused.some(({ limit, meter: { cost = 1 } }) => cost > limit)) return doneAfter
          next = Math.min(next, ...refused.map(({ retryAtMillis }) => retryAtMillis - scenario.skewMillis))
          break
        }
        sent[index] = done + 1
        if (done + 1 === count) doneAfter[index] = now - startMillis
      }
    }
    now = Math.max(now + 1, next)
    if (!Number.isFinite(now)) return doneAfter
  }
  return doneAfter
}
