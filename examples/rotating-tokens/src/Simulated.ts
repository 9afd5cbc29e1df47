/** Tokens and an Attio on 127.0.0.1, which tells at the end what it saw. With an app of your own, delete this file. */
import { Simulator } from "@sluice/simulator"
import { Clock, Console, Effect, Layer, Redacted } from "effect"
import * as AttioApp from "./AttioApp.ts"
import { attio, oauth } from "./simulation.ts"
import { Tokens } from "./Tokens.ts"

export const layer = Layer.unwrap(
  Effect.gen(function* () {
    const { stats, urls } = yield* Simulator.serve([oauth, attio(150)], {
      latency: { before: "20 millis", after: "20 millis" }
    })
    const startedAt = yield* Clock.currentTimeMillis
    const report = Effect.gen(function* () {
      const { intercepted, refusals, requests } = yield* stats
      const seconds = ((yield* Clock.currentTimeMillis) - startedAt) / 1000
      yield* Console.log(
        `${requests} calls, ${refusals} refused, ${intercepted} by a revoked token, ${seconds.toFixed(1)} s`
      )
    })
    yield* Effect.addFinalizer(() => report)
    const tokens = Tokens.layer({
      url: `${urls["oauth"]}/token`,
      clientId: "simulated",
      clientSecret: Redacted.make("simulated"),
      refreshToken: Redacted.make("refresh-0")
    })
    return AttioApp.layer("acme", { baseUrl: urls["attio"] }).pipe(Layer.provide(tokens))
  }).pipe(Effect.orDie)
)
