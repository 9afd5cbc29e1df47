/** A server that counts exactly: so many requests in any window, by a log, and a refusal that says when to come back. */
import * as Quota from "@sluice/core/Quota"
import type { Simulation } from "@sluice/core/Simulation"
import { BestTime, Scenario } from "@sluice/simulator"
import * as Network from "../Network.ts"
import type * as Peer from "./Peer.ts"

export const simulation = ({ limit, windowMillis }: Peer.Quota): Simulation => {
  const quota = Quota.rolling(limit, windowMillis, { name: "requests" })
  return {
    id: "exact",
    baseUrl: "http://127.0.0.1",
    quotas: { requests: quota },
    meters: () => [{ quota, key: "all" }],
    headers: () => ({}),
    refuse: (refused, _request, { nowMillis }) => {
      const untilMillis = Math.max(...refused.map(({ retryAtMillis }) => retryAtMillis)) - nowMillis
      return { status: 429, headers: { "retry-after": String(Math.max(1, Math.ceil(untilMillis / 1000))) } }
    },
    routes: [{ method: "GET", path: "/", handle: () => ({ status: 200, body: "done" }) }]
  }
}

export const scenario = { seed: 1, latency: Network.latencyOf("uniform", 1) } satisfies Scenario.Input

/** How many calls a client that knows everything would have done after so long, from a cold start. */
export const mostDone = (quota: Peer.Quota, millis: number): number => {
  const windows = Math.ceil(millis / quota.windowMillis) + 1
  const request = { method: "GET", path: "/", query: new URLSearchParams(), headers: {}, body: "" }
  const { doneAfterMillis } = BestTime.make({
    simulation: simulation(quota),
    scenario: Scenario.make(scenario),
    requests: Array.from({ length: windows * quota.limit }, () => request),
    startMillis: 0
  })
  return doneAfterMillis.filter((after) => after <= millis).length
}
