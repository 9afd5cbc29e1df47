import type { Closure, Outcome, Permit } from "../Admission.ts"
import type { Book } from "../admission/Book.ts"
import type { AdmissionError } from "../AdmissionError.ts"
import type { Claim } from "../Claim.ts"

/** Who is told at once of each call, and must be quick: it stands in every call's way. */
export interface Watcher {
  /** A call was admitted: at once, or after a wait that ended at this quota. */
  readonly admitted: (permit: Permit, boundBy: Book | undefined, waitedMillis: number) => void
  readonly turnedAway: (claim: Claim, reason: AdmissionError["reason"]["_tag"]) => void
  readonly refused: (permit: Permit, closure: Closure) => void
  /** A call that was admitted has ended, in whichever way, so long after. */
  readonly ended: (permit: Permit, outcome: Outcome, tookMillis: number) => void
}
