import { assert, describe, it } from "@effect/vitest"
import * as Quota from "@sluice/core/Quota"
import { Simulator } from "@sluice/simulator"
import { Effect } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import * as Catalogue from "@sluice/cli/Catalogue"
import { requestOf } from "@sluice/cli/Naive"
import * as Work from "@sluice/cli/Work"
import { simulationOf } from "./Fixtures.ts"

describe("Work.of", () => {
  it.effect("is work that every provider's simulation can do, and refuses where it is said to", () =>
    Effect.gen(function* () {
      for (const { id, module, simulation } of yield* Catalogue.load([])) {
        const work = Work.of(simulation)
        const statusOf = (call: Parameters<typeof requestOf>[0]) =>
          HttpClient.execute(
            HttpClientRequest.setHeader(
              requestOf(call, simulation.baseUrl),
              "authorization",
              `${module.provider.authorization} demo`
            )
          ).pipe(
            Effect.map(({ status }) => status),
            Effect.provide(Simulator.layer(simulation))
          )
        assert.isBelow(yield* statusOf(work.call(0)), 300, id)
        assert.isBelow(yield* statusOf(work.call(work.calls - 1)), 300, id)
        if (work.provoked) assert.strictEqual(yield* statusOf(work.provoked.call), 429, id)
      }
    })
  )

  it("is a plain GET for a provider without an entry", () => {
    const work = Work.of(simulationOf({ q: Quota.rolling(5, "1 hour") }))
    assert.deepStrictEqual(work.call(3), { method: "GET", path: "/loaves/1" })
    const seen = { status: 429, headers: {}, nowMillis: 0, refusals: 3, random: 0 }
    assert.strictEqual(work.manners.onRefusal(seen), 4000)
    assert.strictEqual(work.manners.onRefusal({ ...seen, headers: { "retry-after": "9" } }), 9000)
  })
})

describe("Work.speedFor", () => {
  it("leaves seconds at their own speed and lets longer windows pass in three", () => {
    assert.strictEqual(Work.speedFor([Quota.rolling(5, "1 second"), Quota.rolling(9, "1 hour")]), 1)
    assert.strictEqual(Work.speedFor([Quota.rolling(5, "1 minute"), Quota.rolling(9, "1 hour")]), 20)
    assert.strictEqual(Work.speedFor([Quota.concurrency(5)]), 1)
  })
})
