/** The real Attio, of which this program can only read. */
import { Attio } from "@sluice/providers/attio"
import { Config, Effect, Layer } from "effect"
import { HttpClient, type HttpClientRequest } from "effect/http"

// #region layer
const isRead = ({ method, url }: HttpClientRequest.HttpClientRequest) =>
  method === "GET" || (method === "POST" && url.endsWith("/query"))

/** Whatever the job does, nothing but reads leaves; Attio's queries are reads that are posted. */
const readsOnly = Layer.effect(
  HttpClient.HttpClient,
  Effect.map(
    HttpClient.HttpClient,
    HttpClient.mapRequestEffect((request) =>
      isRead(request) ? Effect.succeed(request) : Effect.die(new Error(`${request.method} ${request.url} is no read`))
    )
  )
)

/** The key is your own: `ATTIO_API_KEY`. */
export const layer = Attio.layerConfig({ apiKey: Config.Redacted("ATTIO_API_KEY") }).pipe(Layer.provide(readsOnly))
// #endregion
