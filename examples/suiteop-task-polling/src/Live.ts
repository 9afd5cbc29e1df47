/** The real SuiteOp, of which this program can only read. */
import { SuiteOp } from "@sluice/providers/suiteop"
import { Config, Effect, Layer } from "effect"
import { HttpClient } from "effect/http"

// #region layer
/** Whatever the job does, nothing but reads leaves. */
const readsOnly = Layer.effect(
  HttpClient.HttpClient,
  Effect.map(
    HttpClient.HttpClient,
    HttpClient.mapRequestEffect((request) =>
      request.method === "GET"
        ? Effect.succeed(request)
        : Effect.die(new Error(`${request.method} ${request.url} is no read`))
    )
  )
)

/** The key is your own: `SUITEOP_API_KEY`. */
export const layer = SuiteOp.layerConfig({ apiKey: Config.Redacted("SUITEOP_API_KEY") }).pipe(Layer.provide(readsOnly))
// #endregion
