import { assert, describe, it } from "@effect/vitest"
import { RateLimiter, type Simulation } from "@sluice/core"
import { Outbox, OutboxStoreSqlite } from "@sluice/outbox"
import { Simulator } from "@sluice/simulator"
import { Effect, Layer } from "effect"
import * as Acme from "./support/Acme.ts"
import * as Live from "./support/Live.ts"

/** Tells its limit with every answer, and has a lower one for a while. */
const told = (done: Array<Acme.Done>): Simulation.Simulation => ({
  ...Acme.simulation(done),
  headers: ([reading]): Record<string, string> =>
    reading
      ? {
          "X-RateLimit-Limit": String(reading.limit),
          "X-RateLimit-Remaining": String(reading.remaining),
          "X-RateLimit-Reset": String(Math.ceil(reading.resetAtMillis / 1000))
        }
      : {},
  refuse: (refused, _request, { nowMillis }) => ({
    status: 429,
    headers: {
      "Retry-After": String(Math.max(0, ...refused.map((each) => Math.ceil((each.retryAtMillis - nowMillis) / 1000))))
    }
  })
})

describe("a limit that changes", () => {
  it.effect("is felt within a second, however many tickets wait", () => {
    const done: Array<Acme.Done> = []
    const at = (from: number, until: number) => done.filter(({ at }) => at >= from && at < until).length
    const layer = Outbox.layer([Acme], Live.options).pipe(
      Layer.provideMerge(OutboxStoreSqlite.layer({ filename: ":memory:" })),
      Layer.provide(Acme.layer),
      Layer.provideMerge(RateLimiter.layer),
      Layer.provideMerge(
        Simulator.layer(told(done), {
          ...Live.scenario,
          lower: [{ quota: "writes", limit: 1, at: "10 seconds", until: "20 seconds" }]
        })
      )
    )
    return Live.run(
      Effect.gen(function* () {
        for (let i = 0; i < 300; i++) yield* Live.send(Acme.post(`/things/${i}`))
        yield* Effect.sleep("35 seconds")
        const began = done[0]?.at ?? 0
        const seconds = Array.from({ length: 24 }, (_, i) => at(began + i * 1000, began + (i + 1) * 1000))
        assert.deepStrictEqual(seconds.slice(0, 10), Array<number>(10).fill(5))
        // One of the five on their way is counted by the lower limit; from then on one a window at most, as it is told.
        assert.isAtMost(Math.max(...seconds.slice(10, 20)), 1)
        assert.isAtLeast(
          seconds.slice(10, 20).reduce((sum, each) => sum + each),
          5
        )
        assert.strictEqual(seconds[20], 5)
      })
    ).pipe(Effect.provide(layer))
  })
})
