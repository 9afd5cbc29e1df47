/** The real Clarifai, of which this program can only read. */
import { Clarifai } from "@sluice/providers/clarifai"
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

/** The personal access token is your own: `CLARIFAI_PAT`. */
export const layer = Clarifai.layerConfig({ apiKey: Config.Redacted("CLARIFAI_PAT") }).pipe(Layer.provide(readsOnly))
// #endregion
