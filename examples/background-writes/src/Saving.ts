/** What users save: contacts for PrayerLetters, threads for Productlane. Saving answers at once; the sending may take its time. */
import { Outbox } from "@sluice/outbox"
import { PrayerLetters } from "@sluice/providers/prayerletters"
import { Productlane } from "@sluice/providers/productlane"
import { DateTime, Effect, Option } from "effect"
import { HttpClientRequest } from "effect/http"

export interface Contact {
  readonly name: string
}

export interface Thread {
  readonly text: string
  readonly contact_email: string
}

// #region saving
/** Changes of one contact go in order, and a change that waits is replaced by a later one. */
export const saveContact = (id: string, contact: Contact) =>
  Outbox.send(
    PrayerLetters.provider,
    HttpClientRequest.post(`/v3/contacts/${encodeURIComponent(id)}`).pipe(HttpClientRequest.bodyJsonUnsafe(contact)),
    { subject: `contact ${id}`, supersede: true }
  )

/** A thread that may have arrived is not posted twice: somebody looks first. */
export const saveThread = (thread: Thread) =>
  Outbox.send(Productlane.provider, HttpClientRequest.post("/threads").pipe(HttpClientRequest.bodyJsonUnsafe(thread)), {
    whenInDoubt: "hold"
  })
// #endregion

export const outbox = Outbox.layer([PrayerLetters, Productlane])

// #region telling
/** What a person is told of what was saved. */
export const tell = (status: Outbox.Status): string => {
  switch (status._tag) {
    case "Waiting":
      return Option.match(status.expectedAt, {
        onNone: () => "saved; it goes out after an earlier change",
        onSome: (at) => `saved; it goes out at about ${DateTime.formatLocal(at, { timeStyle: "medium" })}`
      })
    case "Refused":
      return `saved; ${status.error.provider} asked us to wait`
    case "Sending":
      return "saved; it is under way"
    case "Done":
      return "sent"
    case "Failed":
      return `not sent: ${status.why.message}`
    case "Cancelled":
      return "taken back"
    case "Superseded":
      return "replaced by a later change"
  }
}
// #endregion

/** How much waits, and until about when. */
export const delay = Effect.gen(function* () {
  const waiting = yield* Outbox.find({ states: ["waiting", "sending"], limit: 1000 })
  const until = waiting.flatMap(({ status }) => (status._tag === "Waiting" ? Option.toArray(status.expectedAt) : []))
  return { waiting: waiting.length, until: Option.fromUndefinedOr(until.toSorted(DateTime.Order).at(-1)) }
})
