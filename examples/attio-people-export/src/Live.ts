/** The real Attio, of which this program can only read. */
import * as ReadsOnly from "@sluice/core/ReadsOnly"
import { Attio } from "@sluice/providers/attio"
import { Config, Layer } from "effect"

// #region layer
/** Whatever the job does, nothing but reads leaves; Attio's queries are reads that are posted. */
const readsOnly = ReadsOnly.layerWith({
  isRead: (request) => ReadsOnly.isSafe(request) || (request.method === "POST" && request.url.endsWith("/query"))
})

/** The key is your own: `ATTIO_API_KEY`. */
export const layer = Attio.layerConfig({ apiKey: Config.Redacted("ATTIO_API_KEY") }).pipe(Layer.provide(readsOnly))
// #endregion
