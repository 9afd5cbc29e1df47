/** Greets every contact anew. `PRAYERLETTERS_TOKEN=... npx node --conditions=@sluice/source examples/prayerletters.ts` */
import { NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { RateLimiter } from "@sluice/core"
import { PrayerLetters } from "@sluice/providers/prayerletters"
import { Config, Console, Effect, Layer } from "effect"
import { HttpBody, HttpClientResponse } from "effect/http"

const ids = Array.from({ length: 500 }, (_, i) => `c-100-${1000 + i}`)

/** Two hundred an hour; another endpoint, or a contact that was updated fifty times a day, would wait for its own limit. */
export const program = Effect.gen(function* () {
  const prayerLetters = yield* PrayerLetters.Client
  const greet = (id: string) =>
    prayerLetters
      .post(`/v3/contacts/${id}`, { body: HttpBody.jsonUnsafe({ greeting: "Dear friend" }) })
      .pipe(Effect.flatMap(HttpClientResponse.filterStatusOk))
  yield* Effect.forEach(ids, greet, { concurrency: "unbounded", discard: true })
  yield* Console.log(`${ids.length} contacts greeted`)
}).pipe(Effect.catchTag("PrayerLettersRateLimited", (error) => Console.log(error.message)))

export const layer = PrayerLetters.layerConfig({ apiKey: Config.Redacted("PRAYERLETTERS_TOKEN") }).pipe(
  Layer.provide(RateLimiter.layer)
)

if (import.meta.main) {
  program.pipe(Effect.provide(layer), Effect.provide(NodeHttpClient.layerUndici), NodeRuntime.runMain)
}
