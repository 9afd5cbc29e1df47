/** The bakery as its server sees itself: written from its page, never from our own `classify` and `decode`. */
import { Quota } from "@sluice/core"
import type { Simulation } from "@sluice/core/Simulation"

const loaves = ["rye", "spelt", "sourdough", "baguette", "focaccia", "brioche"]

export const simulation: Simulation = {
  id: "bakery",
  baseUrl: "https://api.bakery.example",
  quotas: {
    requests: Quota.rolling(120, "1 minute", { name: "requests" }),
    orders: Quota.rolling(5, "1 second", { name: "orders" })
  },
  intercept: ({ headers }) =>
    headers["authorization"]?.startsWith("Bearer ") ? undefined : { status: 401, body: { error: "Who is it?" } },
  meters: ({ headers, method }, { orders, requests }) =>
    (method === "POST" ? [requests, orders] : [requests]).flatMap((quota) =>
      quota ? [{ quota, key: headers["authorization"] ?? "" }] : []
    ),
  headers: (readings, { nowMillis }) => ({
    RateLimit: readings
      .map(({ meter, remaining, resetAtMillis }) => {
        const seconds = Math.max(0, Math.ceil((resetAtMillis - nowMillis) / 1000))
        return `"${meter.quota.name}";r=${remaining};t=${seconds}`
      })
      .join(", ")
  }),
  refuse: (refused, _request, { nowMillis }) => {
    const last = refused.toSorted((a, b) => b.retryAtMillis - a.retryAtMillis)[0]
    const limit = last?.meter.quota.name
    const seconds = Math.ceil(((last?.retryAtMillis ?? nowMillis) - nowMillis) / 1000)
    return { status: 429, headers: { "Retry-After": `${seconds}` }, body: { error: `Too many ${limit}.`, limit } }
  },
  routes: [
    { method: "GET", path: "/loaves", handle: () => ({ status: 200, body: { loaves } }) },
    {
      method: "POST",
      path: "/orders",
      handle: ({ body }, _params, { sequence }) => ({ status: 201, body: { id: sequence, ...JSON.parse(body) } })
    }
  ]
}
