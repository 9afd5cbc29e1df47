/** The example of packages/outbox/README.md. */
// #region example
import { NodeHttpClient } from "@effect/platform-node"
import { RateLimiter } from "@sluice/core"
import { Outbox, OutboxStoreSqlite } from "@sluice/outbox"
import { PrayerLetters } from "@sluice/providers/prayerletters"
import { Config, Effect, Layer } from "effect"
import { HttpClientRequest } from "effect/http"

export const OutboxLive = Outbox.layer([PrayerLetters]).pipe(
  Layer.provide(OutboxStoreSqlite.layer({ filename: "outbox.db" })),
  Layer.provide(PrayerLetters.layerConfig({ apiKey: Config.Redacted("PRAYERLETTERS_TOKEN") })),
  Layer.provide([NodeHttpClient.layerUndici, RateLimiter.layer])
)

export const save = Effect.fn(function* (id: string, contact: { readonly name: string }) {
  const request = HttpClientRequest.post(`/v3/contacts/${id}`).pipe(HttpClientRequest.bodyJsonUnsafe(contact))
  const ticket = yield* Outbox.send(PrayerLetters.provider, request, { subject: `contact ${id}`, supersede: true })
  return yield* Outbox.status(ticket)
})
// #endregion
