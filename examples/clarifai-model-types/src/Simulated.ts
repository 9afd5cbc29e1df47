/** A Clarifai on 127.0.0.1, with Clarifai's limits. It takes any key; with one of your own, delete this file. */
import { Clarifai } from "@sluice/providers/clarifai"
import { simulation } from "@sluice/providers/clarifai/simulation"
import { Simulator } from "@sluice/simulator"
import { Clock, Console, Effect, Layer, Redacted } from "effect"

export const layer = Layer.unwrap(
  Effect.gen(function* () {
    const server = yield* Simulator.serve(simulation, { latency: { before: "10 millis", after: "10 millis" } })
    yield* Console.log(`Simulated Clarifai at ${server.url}`)
    const startedAt = yield* Clock.currentTimeMillis
    yield* Effect.addFinalizer(() =>
      Effect.gen(function* () {
        const { refusals, requests } = yield* server.stats
        const seconds = ((yield* Clock.currentTimeMillis) - startedAt) / 1000
        yield* Console.log(`${requests} calls, ${refusals} refused, ${seconds.toFixed(1)} s`)
      })
    )
    return Clarifai.layer({ apiKey: Redacted.make("simulated"), baseUrl: server.url })
  }).pipe(Effect.orDie)
)
