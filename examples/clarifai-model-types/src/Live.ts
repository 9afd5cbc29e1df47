/** The real Clarifai, of which this program can only read. */
import * as ReadsOnly from "@sluice/core/ReadsOnly"
import { Clarifai } from "@sluice/providers/clarifai"
import { Config, Layer } from "effect"

// #region layer
/** The personal access token is your own: `CLARIFAI_PAT`. Whatever the job does, nothing but reads leaves. */
export const layer = Clarifai.layerConfig({ apiKey: Config.Redacted("CLARIFAI_PAT") }).pipe(
  Layer.provide(ReadsOnly.layer)
)
// #endregion
