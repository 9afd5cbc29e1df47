/** Says why a call was sent away, in the terms of the wall clock. */
import { type DateTime, Option } from "effect"
import type { Permit } from "../Admission.ts"
import { AdmissionError, Closed, DeadlineExceeded, Never, QueueFull, Store } from "../AdmissionError.ts"
import type { Claim } from "../Claim.ts"
import type { Refusal } from "../WaitingRoom.ts"
import type { Evidence } from "./Evidence.ts"

export const admissionError = (
  { claim }: Permit,
  refusal: Refusal,
  { decided, facts }: Evidence,
  known: {
    readonly queueBound: number
    readonly deadlineAt: number
    readonly dateOf: (at: number) => DateTime.Utc
  }
): AdmissionError => {
  const fact = facts[decided]
  const quota = fact?.quota.name ?? ""
  const reason = () => {
    switch (refusal._tag) {
      case "Full":
        return new QueueFull({ bound: known.queueBound })
      case "Never":
        return new Never({ quota, cost: fact?.cost ?? 0, limit: refusal.largest })
      case "Late":
        return new DeadlineExceeded({
          quota,
          earliest: known.dateOf(refusal.earliest),
          deadline: known.dateOf(known.deadlineAt)
        })
      case "Away":
        return new Store({ description: refusal.description, cause: refusal.cause })
      case "Shut":
        return new Closed({
          quota,
          retryAt: known.dateOf(refusal.until),
          refusal: Option.fromUndefinedOr(fact?.refusal)
        })
    }
  }
  return new AdmissionError({ partition: claim.partition, reason: reason() })
}

export const closedError = (claim: Claim) =>
  new AdmissionError({
    partition: claim.partition,
    reason: new Store({ description: "The limiter's scope has ended; nothing is admitted any more.", cause: "closed" })
  })
