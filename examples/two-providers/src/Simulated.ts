/** Both providers on 127.0.0.1, Attio down for a while, with what they saw told at the end. With keys of your own, delete this file. */
import { Attio } from "@sluice/providers/attio"
import { Productlane } from "@sluice/providers/productlane"
import { simulation as productlane } from "@sluice/providers/productlane/simulation"
import { Simulator } from "@sluice/simulator"
import { Clock, Console, Effect, Layer, Redacted } from "effect"
import { attioOptions, productlaneOptions } from "./Inbox.ts"
import { attio } from "./simulation.ts"

export const layer = Layer.unwrap(
  Effect.gen(function* () {
    const startedAt = yield* Clock.currentTimeMillis
    const isDown = (nowMillis: number) => nowMillis > startedAt + 1500 && nowMillis < startedAt + 3500
    const { stats, urls } = yield* Simulator.serve([productlane, attio(isDown)], {
      latency: { before: "20 millis", after: "20 millis" }
    })
    const report = Effect.gen(function* () {
      const { refusals, requests } = yield* stats
      const seconds = ((yield* Clock.currentTimeMillis) - startedAt) / 1000
      yield* Console.log(`${requests} calls, ${refusals} refused, ${seconds.toFixed(1)} s`)
    })
    yield* Effect.addFinalizer(() => report)
    const apiKey = Redacted.make("simulated")
    return Layer.merge(
      Productlane.layer({ ...productlaneOptions, apiKey, baseUrl: urls["productlane"] }),
      Attio.layer({ ...attioOptions, apiKey, baseUrl: urls["attio"] })
    )
  }).pipe(Effect.orDie)
)
