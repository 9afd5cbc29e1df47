/** Says why a call was sent away, in the terms of the wall clock. */
import { Option } from "effect"
import type { Permit } from "../Admission.ts"
import { AdmissionError, Closed, DeadlineExceeded, Never, QueueFull, Store } from "../AdmissionError.ts"
import type { Claim } from "../Claim.ts"
import type { Refusal } from "../WaitingRoom.ts"
import type { Evidence } from "./Evidence.ts"
import { dateOf } from "./WallTime.ts"

export const admissionError = (
  { claim }: Permit,
  refusal: Refusal,
  { decided, facts }: Evidence,
  {
    deadlineAt,
    offset,
    queueBound
  }: {
    readonly queueBound: number
    readonly deadlineAt: number
    /** What makes a date of a monotonic instant. */
    readonly offset: number
  }
): AdmissionError => {
  const fact = facts[decided]
  const quota = fact?.quota.name ?? ""
  const reason = () => {
    switch (refusal._tag) {
      case "Full":
        return new QueueFull({ bound: queueBound })
      case "Never":
        return new Never({ quota, cost: fact?.cost ?? 0, limit: refusal.largest })
      case "Late":
        return new DeadlineExceeded({
          quota,
          earliest: dateOf(refusal.earliest + offset),
          deadline: dateOf(deadlineAt + offset)
        })
      case "Away":
        return new Store({ description: refusal.description, cause: refusal.cause })
      case "Shut":
        return new Closed({
          quota,
          retryAt: dateOf(refusal.until + offset),
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
