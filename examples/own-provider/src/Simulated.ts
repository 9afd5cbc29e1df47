/** A bakery on 127.0.0.1 in place of the real one, which tells at the end what it saw. */
import { Simulator } from "@sluice/simulator"
import { Clock, Console, Effect, Layer, Redacted } from "effect"
import * as Bakery from "./Bakery.ts"
import { simulation } from "./simulation.ts"

export const layer = Layer.unwrap(
  Effect.gen(function* () {
    const { stats, url } = yield* Simulator.serve(simulation, { latency: { before: "20 millis", after: "20 millis" } })
    const startedAt = yield* Clock.currentTimeMillis
    const report = Effect.gen(function* () {
      const { refusals, requests } = yield* stats
      const seconds = ((yield* Clock.currentTimeMillis) - startedAt) / 1000
      yield* Console.log(`${requests} calls, ${refusals} refused, ${seconds.toFixed(1)} s`)
    })
    yield* Effect.addFinalizer(() => report)
    return Bakery.layer({ apiKey: Redacted.make("simulated"), baseUrl: url })
  }).pipe(Effect.orDie)
)
