/** A Productlane on 127.0.0.1, with its limits, which tells at the end what it saw. With a key of your own, delete this file. */
import { simulation } from "@sluice/providers/productlane/simulation"
import { Simulator } from "@sluice/simulator"
import { Clock, Console, Effect, Layer, Redacted } from "effect"
import { layer as client } from "./Feedback.ts"

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
    return client({ apiKey: Redacted.make("simulated"), baseUrl: url })
  }).pipe(Effect.orDie)
)
