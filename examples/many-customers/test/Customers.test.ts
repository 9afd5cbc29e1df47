import { assert, describe, it } from "@effect/vitest"
import { RateLimiter } from "@sluice/core"
import { simulation } from "@sluice/providers/attio/simulation"
import { Simulator } from "@sluice/simulator"
import { Duration, Effect, Exit, Layer, Redacted } from "effect"
import { Accounts, Customers, UnknownCustomer } from "../src/Customers.ts"
import { sync } from "../src/Sync.ts"

/** Knows everybody but `nobody`, and notes who was asked for. */
const connected = (asked: Array<string> = []) =>
  Effect.provide(
    Customers.layer.pipe(
      Layer.provideMerge(RateLimiter.layer),
      Layer.provide(
        Layer.succeed(Accounts, {
          get: (customer) => {
            asked.push(customer)
            return customer === "nobody"
              ? Effect.fail(new UnknownCustomer({ customer }))
              : Effect.succeed({ apiKey: Redacted.make(`secret-of-${customer}`) })
          }
        })
      ),
      Layer.provideMerge(Simulator.layer(simulation, { latency: { before: "20 millis", after: "20 millis" } }))
    )
  )

const customers = Array.from({ length: 10 }, (_, i) => `customer-${i}`)

describe("sync", () => {
  it.effect("takes as long for ten customers as for one, none refused", () =>
    Effect.gen(function* () {
      const all = Effect.forEach(customers, (customer) => sync(customer, 150), { concurrency: "unbounded" })
      const { elapsed, exit, stats } = yield* Simulator.fastForward(all)
      assert.deepStrictEqual(exit, Exit.succeed(customers.map(() => 150)))
      assert.deepInclude(stats, { requests: 10 * 151, refusals: 0 })
      assert.isAtLeast(Duration.toMillis(elapsed), 1000)
      assert.isBelow(Duration.toMillis(elapsed), 2000)
    }).pipe(connected())
  )

  it.effect("shows names and never keys", () =>
    Effect.gen(function* () {
      yield* Simulator.fastForward(sync("acme", 1))
      const status = yield* RateLimiter.status()
      assert.deepStrictEqual([...new Set(status.map(({ partition }) => partition))], ["acme"])
      const error = yield* Effect.flip(sync("nobody", 1))
      assert.strictEqual(error.message, "no key of nobody is known")
      assert.notInclude(JSON.stringify([status, error]), "secret")
    }).pipe(connected())
  )
})

describe("Customers", () => {
  const asked: Array<string> = []
  it.effect("keeps a client for ten idle minutes, and no longer", () =>
    Simulator.fastForward(
      Effect.gen(function* () {
        yield* sync("acme", 1)
        yield* Effect.delay(sync("acme", 1), "599 seconds")
        assert.deepStrictEqual(asked, ["acme"])
        yield* Effect.delay(sync("acme", 1), "601 seconds")
        assert.deepStrictEqual(asked, ["acme", "acme"])
      })
    ).pipe(
      Effect.flatMap(({ exit }) => exit),
      connected(asked)
    )
  )

  const unknown: Array<string> = []
  it.effect("asks again for a customer who was unknown", () =>
    Effect.gen(function* () {
      yield* Simulator.fastForward(Effect.replicateEffect(Effect.flip(sync("nobody", 1)), 2))
      assert.deepStrictEqual(unknown, ["nobody", "nobody"])
    }).pipe(connected(unknown))
  )

  it.effect("leaves the quota as it is when a client is made anew", () =>
    Effect.gen(function* () {
      const rush = sync("acme", 99).pipe(RateLimiter.failFast)
      const { exit, stats } = yield* Simulator.fastForward(
        Effect.andThen(rush, Effect.andThen(Customers.invalidate("acme"), Effect.flip(rush)))
      )
      assert.strictEqual(Exit.isSuccess(exit) && exit.value._tag, "AdmissionError")
      assert.deepInclude(stats, { requests: 100, refusals: 0 })
    }).pipe(connected())
  )
})
