/** The example of packages/providers/README.md. */
// #region example
import { RateLimiter } from "@sluice/core"
import { Attio } from "@sluice/providers/attio"
import { Config, Effect, Layer } from "effect"
import { FetchHttpClient } from "effect/http"

const AttioLive = Attio.layerConfig({ apiKey: Config.Redacted("ATTIO_API_KEY") }).pipe(
  Layer.provide([FetchHttpClient.layer, RateLimiter.layer])
)

export const self = Effect.gen(function* () {
  const attio = yield* Attio.Client
  const response = yield* attio.get("/v2/self")
  return yield* response.json
}).pipe(Effect.provide(AttioLive))
// #endregion
