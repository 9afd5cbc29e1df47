import { Effect } from "effect"
import type { Permit } from "../Admission.ts"
import type { Book } from "../admission/Book.ts"
import type { Flow, Waiter } from "../admission/Flow.ts"
import type { Lane } from "../admission/Lane.ts"

type Next = Effect.Effect<unknown, unknown, unknown>

/** A call that waits. Its turn may come before its fiber listens. */
export class WaitingCall implements Waiter {
  private current: Lane | undefined = undefined
  flow: Flow | undefined = undefined
  before: Waiter | undefined = undefined
  after: Waiter | undefined = undefined
  readonly permit: Permit
  readonly deadlineAt: number
  readonly since: number
  /** What goes once its turn has come. */
  readonly next: Next
  /** Whether the fiber went on, so that something may have been sent. */
  hasGone = false
  /** Which quota it stood in line for last. */
  boundBy: Book | undefined = undefined
  private outcome: Next | undefined = undefined
  private resume: ((effect: Next) => void) | undefined = undefined

  constructor(permit: Permit, deadlineAt: number, since: number, next: Next) {
    this.permit = permit
    this.deadlineAt = deadlineAt
    this.since = since
    this.next = next
  }

  get lane(): Lane | undefined {
    return this.current
  }

  set lane(lane: Lane | undefined) {
    this.current = lane
    if (lane) this.boundBy = lane.book
  }

  /** What the call's fiber waits for: its outcome, to go on with. */
  get turn(): Next {
    return Effect.callback<unknown, unknown, unknown>((resume) => {
      this.resume = resume
      if (this.outcome) this.end(this.outcome)
    })
  }

  end(outcome: Next): void {
    this.outcome = outcome
    if (!this.resume) return
    this.hasGone = true
    this.resume(outcome)
  }
}
