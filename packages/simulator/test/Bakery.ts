/** A made-up provider with one quota of each sort that a test needs, written as a simulation would be. */
import * as Quota from "@sluice/core/Quota"
import type { Meter, Simulation } from "@sluice/core/Simulation"

export const quotas = {
  reads: Quota.rolling(2, "1 second"),
  daily: Quota.fixed(5, "1 minute", { phase: "clock" }),
  ovens: Quota.concurrency(1)
}

export const simulation: Simulation = {
  id: "bakery",
  baseUrl: "https://bakery.test/api/v2",
  quotas,
  intercept: (request) =>
    request.headers["authorization"] === undefined ? { status: 401, body: { error: "unauthorized" } } : undefined,
  meters: (request, quotas) => {
    const key = request.headers["authorization"] ?? ""
    const meter = (name: keyof typeof quotas): Meter => ({ quota: quotas[name] as Quota.Quota, key })
    return request.method === "POST" ? [meter("ovens")] : [meter("reads"), meter("daily")]
  },
  headers: (readings) =>
    Object.fromEntries(readings.map(({ meter, remaining }) => [`X-Remaining-${meter.quota.name}`, String(remaining)])),
  refuse: (refused, _request, { nowMillis }) => ({
    status: 429,
    headers: {
      "Retry-After": String(Math.ceil((Math.max(...refused.map((r) => r.retryAtMillis)) - nowMillis) / 1000))
    },
    body: { error: "too_many", quotas: refused.map(({ meter }) => meter.quota.name) }
  }),
  routes: [
    { method: "GET", path: "/loaves", handle: () => ({ status: 200, body: { loaves: [] } }) },
    { method: "GET", path: "/loaves/:id", handle: (_request, { id }) => ({ status: 200, body: { id } }) },
    {
      method: "POST",
      path: "/loaves",
      handle: ({ body }, _params, { sequence }) => ({ status: 201, body: { sequence, got: body } })
    },
    { method: "DELETE", path: "/loaves/:id", handle: () => ({ status: 204 }) }
  ]
}
