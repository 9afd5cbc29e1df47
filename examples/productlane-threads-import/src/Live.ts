/** The real Productlane, of which this program can only read. */
import { Productlane } from "@sluice/providers/productlane"
import { Config, Effect, Layer } from "effect"
import { HttpClient } from "effect/http"

// #region layer
/** Lets reads through and nothing else. To import in earnest, take it out of `layer`, and let `main.ts` run the import. */
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

/** The key is your own: `PRODUCTLANE_API_KEY`. */
export const layer = Productlane.layerConfig({ apiKey: Config.Redacted("PRODUCTLANE_API_KEY") }).pipe(
  Layer.provide(readsOnly)
)
// #endregion
