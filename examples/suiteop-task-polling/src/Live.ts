/** The real SuiteOp, of which this program can only read. */
import * as ReadsOnly from "@sluice/core/ReadsOnly"
import { SuiteOp } from "@sluice/providers/suiteop"
import { Config, Layer } from "effect"

// #region layer
/** The key is your own: `SUITEOP_API_KEY`. Whatever the job does, nothing but reads leaves. */
export const layer = SuiteOp.layerConfig({ apiKey: Config.Redacted("SUITEOP_API_KEY") }).pipe(
  Layer.provide(ReadsOnly.layer)
)
// #endregion
