import type { Effect } from "effect"
import type { Permit } from "../Admission.ts"
import type { Lane, Waiter } from "../admission/Lane.ts"
import type { AdmissionError } from "../AdmissionError.ts"

/** A call that waits, and how to tell it the outcome. */
export class WaitingCall implements Waiter {
  lane: Lane | undefined = undefined
  before: Waiter | undefined = undefined
  after: Waiter | undefined = undefined
  readonly permit: Permit
  readonly deadlineAt: number
  readonly resume: (effect: Effect.Effect<Permit, AdmissionError>) => void

  constructor(permit: Permit, deadlineAt: number, resume: WaitingCall["resume"]) {
    this.permit = permit
    this.deadlineAt = deadlineAt
    this.resume = resume
  }
}
