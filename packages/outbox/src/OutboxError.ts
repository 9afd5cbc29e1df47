/**
 * What may go wrong with an outbox, by who has to do something about it.
 *
 * @example
 * ```ts
 * import { Outbox } from "@sluice/outbox"
 * import { Console, Effect } from "effect"
 *
 * const cancel = (ticket: Outbox.Ticket) =>
 *   Outbox.cancel(ticket).pipe(Effect.catchTag("TicketMoved", (error) => Console.log(error.message)))
 * ```
 */
import { Inspectable, Schema } from "effect"
import { Failure } from "./Failure.ts"

/** A call that cannot be stored as it is: names the field, the rule that it breaks, the value, and what to do. */
export class CallError extends Schema.TaggedError<CallError>()("CallError", {
  field: Schema.String,
  rule: Schema.String,
  /** The value as text; `"<redacted>"` where it may be a secret. */
  value: Schema.String,
  remedy: Schema.String
}) {
  override get message() {
    return `Outbox: ${this.field} takes ${this.rule}, but was given ${this.value}. ${this.remedy}`
  }
}

/** The database cannot answer. Of a `send`, nothing may be assumed stored. */
export class OutboxStoreError extends Schema.TaggedError<OutboxStoreError>()("OutboxStoreError", {
  operation: Schema.String,
  /** Whether the same operation may succeed later as it is. */
  isRetryable: Schema.Boolean,
  cause: Schema.Defect()
}) {
  override get message() {
    return `The outbox's store could not ${this.operation}: ${sayingOf(this.cause)}`
  }
}

/** No such ticket: it never was, or it ended so long ago that it was purged. */
export class TicketUnknown extends Schema.TaggedError<TicketUnknown>()("TicketUnknown", { id: Schema.String }) {
  override get message() {
    return `There is no ticket ${this.id} in this outbox: it never was, or it ended and was purged.`
  }
}

/** A ticket that has gone too far, or not far enough, for what was asked of it. */
export class TicketMoved extends Schema.TaggedError<TicketMoved>()("TicketMoved", {
  id: Schema.String,
  action: Schema.Literals(["cancel", "retry"]),
  state: Schema.String
}) {
  override get message() {
    const rule = { cancel: "what waits or has failed can be cancelled", retry: "what has failed can be sent again" }
    return `Ticket ${this.id} is ${this.state}; only ${rule[this.action]}.`
  }
}

/** The call has failed for good, unless it is sent again from the dead letters. */
export class TicketFailed extends Schema.TaggedError<TicketFailed>()("TicketFailed", {
  id: Schema.String,
  why: Failure
}) {
  override get message() {
    return `Ticket ${this.id} failed: ${this.why.message}`
  }
}

/** The call was cancelled before it was sent. */
export class TicketCancelled extends Schema.TaggedError<TicketCancelled>()("TicketCancelled", { id: Schema.String }) {
  override get message() {
    return `Ticket ${this.id} was cancelled before it was sent.`
  }
}

/** A later call took this one's place before it was sent: `by` is that one's ticket. */
export class TicketSuperseded extends Schema.TaggedError<TicketSuperseded>()("TicketSuperseded", {
  id: Schema.String,
  by: Schema.String
}) {
  override get message() {
    return `Ticket ${this.id} was superseded by ${this.by} before it was sent.`
  }
}

/** The call was answered, but its body is not what the ticket's schema says. It will not be sent again for that. */
export class AnswerUnreadable extends Schema.TaggedError<AnswerUnreadable>()("AnswerUnreadable", {
  id: Schema.String,
  status: Schema.Int,
  body: Schema.String,
  cause: Schema.Defect()
}) {
  override get message() {
    return `The answer to ticket ${this.id} (${this.status}) is not of its schema: ${sayingOf(this.cause)}`
  }
}

/** Whatever it is that was thrown. */
const sayingOf = (cause: unknown): string =>
  cause instanceof Error ? cause.message : Inspectable.toStringUnknown(cause)
