import { describe, it } from "@effect/vitest"
import * as Conformance from "@sluice/simulator/conformance"
import { HttpClientRequest } from "effect/http"
import * as Bakery from "../src/Bakery.ts"
import { simulation } from "../src/simulation.ts"

// #region conformance
describe("Bakery", () => {
  const checks = Conformance.checks({
    provider: Bakery.provider,
    make: Bakery.make,
    simulation,
    requests: [
      HttpClientRequest.get("/loaves"),
      HttpClientRequest.post("/orders").pipe(HttpClientRequest.bodyJsonUnsafe({ loaf: "rye" }))
    ],
    // The 429 that the bakery's page prints.
    refusals: [
      {
        status: 429,
        headers: { "Retry-After": "1", RateLimit: '"requests";r=41;t=12, "orders";r=0;t=1' },
        body: '{ "error": "Too many orders.", "limit": "orders" }',
        request: { method: "POST", path: "/orders" }
      }
    ],
    // So many made-up answers; take ten times as many for a provider that matters.
    fuzz: 10_000
  })
  for (const check of checks) it.effect(check.name, () => check.run, 30_000)
})
// #endregion
