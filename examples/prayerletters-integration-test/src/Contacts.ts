/** Your own code, in the two ways that PrayerLetters recommends. It knows nothing of tests. */
import { RateLimiter } from "@sluice/core"
import { PrayerLetters } from "@sluice/providers/prayerletters"
import { DateTime, Effect, Schema } from "effect"
import { HttpClientResponse } from "effect/http"

const Contacts = Schema.Struct({ contacts: Schema.Array(Schema.Struct({ contact_id: Schema.String })) })

const count = PrayerLetters.Client.use((client) => client.get("/v1/contacts")).pipe(
  Effect.flatMap(HttpClientResponse.filterStatusOk),
  Effect.flatMap(HttpClientResponse.schemaBodyJson(Contacts)),
  Effect.map(({ contacts }) => contacts.length)
)

// #region code
/** "Fail fast": for somebody who waits. Says the number, or when to ask again; a refusal is logged with its body. */
export const forPerson = count.pipe(
  RateLimiter.failFast,
  Effect.map((count) => `You have ${count} contacts.`),
  Effect.tapErrorTag("PrayerLettersRateLimited", ({ raw }) => Effect.logWarning(raw)),
  Effect.catchTag("PrayerLettersRateLimited", () => Effect.succeed("PrayerLetters is busy. Please try again later.")),
  Effect.catchReason("AdmissionError", "DeadlineExceeded", ({ earliest }) =>
    Effect.succeed(`Please try again at ${DateTime.toDateUtc(earliest).toLocaleTimeString("en-GB")}.`)
  )
)

/** "Queue the request to be retried later": for what runs in the background, and may wait an hour for its turn. */
export const inBackground = count.pipe(
  Effect.retry(PrayerLetters.retrySchedule),
  Effect.map((count) => `${count} contacts counted`)
)
// #endregion
