/** Says why a call was sent away, in the terms of the wall clock. */
import { type DateTime, Option } from "effect"
import type { Permit } from "../Admission.ts"
import type { Book } from "../admission/Book.ts"
import { AdmissionError, Closed, DeadlineExceeded, Never, QueueFull, Store } from "../AdmissionError.ts"
import type { Claim } from "../Claim.ts"
import type { Refusal } from "../WaitingRoom.ts"

export const admissionError = (
  { books, claim }: Permit,
  refusal: Refusal,
  known: {
    readonly queueBound: number
    readonly deadlineAt: number
    readonly dateOf: (at: number) => DateTime.Utc
    /** The provider's own error that closed a quota last. */
    readonly closedBy: (book: Book) => unknown
  }
): AdmissionError => {
  const needOf = (index: number) => claim.needs[index]
  const reason = () => {
    switch (refusal._tag) {
      case "Full":
        return new QueueFull({ bound: known.queueBound })
      case "Never":
        return new Never({
          quota: needOf(refusal.need)?.quota.name ?? "",
          cost: needOf(refusal.need)?.cost ?? 0,
          limit: refusal.largest
        })
      case "Late":
        return new DeadlineExceeded({
          quota: needOf(refusal.need)?.quota.name ?? "",
          earliest: known.dateOf(refusal.earliest),
          deadline: known.dateOf(known.deadlineAt)
        })
      case "Away":
        return new Store({ description: refusal.description, cause: refusal.cause })
      case "Shut": {
        const book = books[refusal.need]
        return new Closed({
          quota: needOf(refusal.need)?.quota.name ?? "",
          retryAt: known.dateOf(refusal.until),
          refusal: Option.fromUndefinedOr(book && known.closedBy(book))
        })
      }
    }
  }
  return new AdmissionError({ partition: claim.partition, reason: reason() })
}

export const closedError = (claim: Claim) =>
  new AdmissionError({
    partition: claim.partition,
    reason: new Store({ description: "The limiter's scope has ended; nothing is admitted any more.", cause: "closed" })
  })
