/** One real request, as somebody makes it who has installed the packages. Its answer's status is the last line. */
import { RateLimiter } from "@sluice/core"
import { Attio } from "@sluice/providers/attio"
import { simulation } from "@sluice/providers/attio/simulation"
import { Simulator } from "@sluice/simulator"
import { Console, Effect, Layer, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"

const program = Effect.gen(function* () {
  const { stats, url } = yield* Simulator.serve(simulation)
  const AttioLive = Attio.layer({ apiKey: Redacted.make("key"), baseUrl: url }).pipe(
    Layer.provide([FetchHttpClient.layer, RateLimiter.layer])
  )
  const response = yield* Effect.provide(
    Attio.Client.use((attio) => attio.get("/v2/self")),
    AttioLive
  )
  const seen = yield* stats
  yield* Console.log(`status ${response.status}, refusals ${seen.refusals}`)
}).pipe(Effect.scoped)

await Effect.runPromise(program)
