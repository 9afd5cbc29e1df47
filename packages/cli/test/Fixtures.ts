import * as Quota from "@sluice/core/Quota"
import type { Simulation } from "@sluice/core/Simulation"
import type { Outcome } from "@sluice/cli/Demo"
import type { Result } from "@sluice/cli/Lane"

/** A server that counts every request by all of the quotas, each under one key. */
export const simulationOf = (quotas: Readonly<Record<string, Quota.Quota>>, cost = 1): Simulation => ({
  id: "bakery",
  baseUrl: "https://bakery.example",
  quotas,
  meters: (_request, inForce) => Object.values(inForce).map((quota) => ({ quota, key: "k", cost })),
  headers: () => ({}),
  refuse: () => ({ status: 429 }),
  routes: [{ method: "GET", path: "/loaves/:id", handle: () => ({ status: 200, body: {} }) }]
})

export const resultOf = (overrides: Partial<Result> = {}): Result => ({
  calls: 4,
  done: 4,
  failures: [],
  requests: 4,
  refusals: 0,
  wasted: 0,
  elapsedMillis: 4000,
  machineMillis: 200,
  best: { doneAfterMillis: [10, 10, 1000, 3000], millis: 3000 },
  share: 0.75,
  doneAfterMillis: [60, 70, 1060, 4000],
  countedAfterMillis: [30, 40, 1030, 3970],
  refusedAfterMillis: [],
  ...overrides
})

export const outcomeOf = (overrides: Partial<Outcome> = {}): Outcome => ({
  id: "bakery",
  title: "Bakery",
  speed: 20,
  call: "GET /loaves",
  says: "wait a while",
  results: {
    sluice: resultOf(),
    sample: resultOf({ done: 2, refusals: 7, wasted: 7, requests: 9, refusedAfterMillis: [45, 50, 2000] })
  },
  peculiarities: { provoked: 1, list: [{ about: "a deadline", says: "refused at once" }] },
  ...overrides
})
