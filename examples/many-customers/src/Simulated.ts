/** Customers with accounts at an Attio on 127.0.0.1, which tells at the end what it saw. With accounts of your own, delete this file. */
import { simulation } from "@sluice/providers/attio/simulation"
import { Simulator } from "@sluice/simulator"
import { Clock, Console, Effect, Layer, Redacted } from "effect"
import { Accounts, UnknownCustomer } from "./Customers.ts"

export const customers = ["acme", "globex", "hooli", "tyrell", "wonka"]

export const layer = Layer.effect(
  Accounts,
  Effect.gen(function* () {
    const { stats, url } = yield* Simulator.serve(simulation, { latency: { before: "20 millis", after: "20 millis" } })
    const startedAt = yield* Clock.currentTimeMillis
    const report = Effect.gen(function* () {
      const { refusals, requests } = yield* stats
      const seconds = ((yield* Clock.currentTimeMillis) - startedAt) / 1000
      yield* Console.log(`${requests} calls, ${refusals} refused, ${seconds.toFixed(1)} s`)
    })
    yield* Effect.addFinalizer(() => report)
    return {
      get: (customer: string) =>
        customers.includes(customer)
          ? Effect.succeed({ apiKey: Redacted.make(`key-of-${customer}`), baseUrl: url })
          : Effect.fail(new UnknownCustomer({ customer }))
    }
  }).pipe(Effect.orDie)
)
