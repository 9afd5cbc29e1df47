/** The real Productlane, of which this program can only read. */
import * as ReadsOnly from "@sluice/core/ReadsOnly"
import { Productlane } from "@sluice/providers/productlane"
import { Config, Layer } from "effect"

// #region layer
/** The key is your own: `PRODUCTLANE_API_KEY`. Nothing but reads leaves: to import in earnest, take `ReadsOnly` out, and let `main.ts` run the import. */
export const layer = Productlane.layerConfig({ apiKey: Config.Redacted("PRODUCTLANE_API_KEY") }).pipe(
  Layer.provide(ReadsOnly.layer)
)
// #endregion
