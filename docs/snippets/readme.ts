/** The examples of the root README. */
// #region fifteen
import { NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { RateLimiter } from "@sluice/core"
import { Attio } from "@sluice/providers/attio"
import { Config, Effect, Layer } from "effect"

const program = Effect.gen(function* () {
  const attio = yield* Attio.Client
  const ids = Array.from({ length: 500 }, (_, i) => i)
  yield* Effect.forEach(ids, (id) => attio.get(`/v2/objects/people/records/${id}`), { concurrency: "unbounded" })
  const response = yield* attio.get("/v2/self").pipe(RateLimiter.within("2 seconds"))
  return yield* response.json
}).pipe(Effect.catchTag("AttioRateLimited", (error) => Effect.logWarning(error.message)))

const AttioLive = Attio.layerConfig({ apiKey: Config.Redacted("ATTIO_API_KEY") }).pipe(
  Layer.provide([NodeHttpClient.layerUndici, RateLimiter.layer])
)
// #endregion

if (import.meta.main) {
  // #region fifteen
  program.pipe(Effect.provide(AttioLive), NodeRuntime.runMain)
  // #endregion
}

export { program }
