/** The real PrayerLetters, which this program asks for contacts under its test headers, and nothing else. */
import { PrayerLetters } from "@sluice/providers/prayerletters"
import { Config, Effect, Layer } from "effect"
import { HttpClient } from "effect/http"

// #region layer
/** Whatever the code does, nothing but reads with a test header leaves. */
const testsOnly = Layer.effect(
  HttpClient.HttpClient,
  Effect.map(
    HttpClient.HttpClient,
    HttpClient.mapRequestEffect((request) =>
      request.method === "GET" && Object.keys(request.headers).some((name) => name.startsWith("x-ratelimit"))
        ? Effect.succeed(request)
        : Effect.die(new Error(`${request.method} ${request.url} is no read with a test header`))
    )
  )
)

/** The OAuth token is your own: `PRAYERLETTERS_TOKEN`. The code says itself what is repeated. */
export const layer = PrayerLetters.layerConfig({
  apiKey: Config.Redacted("PRAYERLETTERS_TOKEN"),
  retry: "none"
}).pipe(Layer.provide(testsOnly))
// #endregion
