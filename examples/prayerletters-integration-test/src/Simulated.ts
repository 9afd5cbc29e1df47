/**
 * A PrayerLetters on 127.0.0.1, with its limits and its test headers, where an hour is over in five seconds. It takes any
 * token; with one of your own, delete this file.
 */
import { PrayerLetters } from "@sluice/providers/prayerletters"
import { simulation } from "@sluice/providers/prayerletters/simulation"
import { Scenario, Simulator } from "@sluice/simulator"
import { Clock, Console, Effect, Layer, Redacted } from "effect"

const speed = 720

export const layer = Layer.unwrap(
  Effect.gen(function* () {
    const server = yield* Simulator.serve(simulation, { speed })
    yield* Console.log(`Simulated PrayerLetters at ${server.url}`)
    const startedAt = yield* Clock.currentTimeMillis
    yield* Effect.addFinalizer(() =>
      Effect.gen(function* () {
        const { intercepted, refusals, requests } = yield* server.stats
        const seconds = ((yield* Clock.currentTimeMillis) - startedAt) / 1000
        yield* Console.log(
          `${requests} calls, ${refusals + intercepted} refused (two are provoked), ${seconds.toFixed(1)} s`
        )
      })
    )
    return PrayerLetters.layer({
      apiKey: Redacted.make("simulated"),
      baseUrl: server.url,
      quotas: Scenario.quotas(PrayerLetters.quotas, speed),
      retry: "none"
    })
  }).pipe(Effect.orDie)
)
