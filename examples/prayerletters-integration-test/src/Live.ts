/** The real PrayerLetters, which this program asks for contacts under its test headers, and nothing else. */
import * as ReadsOnly from "@sluice/core/ReadsOnly"
import { PrayerLetters } from "@sluice/providers/prayerletters"
import { Config, Layer } from "effect"

// #region layer
/** Whatever the code does, nothing but reads with a test header leaves. */
const testsOnly = ReadsOnly.layerWith({
  isRead: (request) =>
    ReadsOnly.isSafe(request) && Object.keys(request.headers).some((name) => name.startsWith("x-ratelimit"))
})

/** The OAuth token is your own: `PRAYERLETTERS_TOKEN`. The code says itself what is repeated. */
export const layer = PrayerLetters.layerConfig({
  apiKey: Config.Redacted("PRAYERLETTERS_TOKEN"),
  retry: "none"
}).pipe(Layer.provide(testsOnly))
// #endregion
