/** What a sender holds of a stored call, and what can be told of it. */
import type { RateLimited } from "@sluice/core/RateLimited"
import { type DateTime, type Option, Schema } from "effect"
import type { Failure, Trouble } from "./Failure.ts"

/** Names a stored call. Its `id` is all that has to be kept of it; `Outbox.ticket` makes a ticket of an id. */
export interface Ticket<out A = unknown> {
  readonly id: string
  /** How the body of the answer is read; by default as JSON if it is, else as text. */
  readonly answer: Schema.ConstraintDecoder<A>
}

/** What the server answered. */
export interface Answer<out A = unknown> {
  readonly status: number
  /** Names in lower case, without cookies. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: A
}

/** How a ticket stands. Instants that are expected are lower bounds, as far as the limiter knows. */
export type Status<A = unknown> =
  | Waiting
  | Refused
  | Sending
  | Done<A>
  | Failed
  | { readonly _tag: "Cancelled"; readonly at: DateTime.Utc }
  /** `by` is the ticket of the call that took its place. */
  | { readonly _tag: "Superseded"; readonly at: DateTime.Utc; readonly by: string }

/** Of a call that goes, or went, as one with others. */
export interface Merged {
  /** The ticket of the call that it was merged into; none where it goes by itself, or others were merged into it. */
  readonly mergedInto: Option.Option<string>
}

export interface Sending extends Merged {
  readonly _tag: "Sending"
  readonly since: DateTime.Utc
  readonly attempts: number
}

export interface Done<A = unknown> extends Merged {
  readonly _tag: "Done"
  readonly at: DateTime.Utc
  readonly attempts: number
  readonly answer: Answer<A>
}

export interface Waiting extends Merged {
  readonly _tag: "Waiting"
  /** None where it waits for another ticket, or nothing is known. */
  readonly expectedAt: Option.Option<DateTime.Utc>
  /** The ticket of the same subject that has to be sent, retried or cancelled first. */
  readonly behind: Option.Option<string>
  readonly attempts: number
  /** How the last attempt ended, if there was one. */
  readonly after: Option.Option<Trouble>
}

/** Refused by a limit, and waiting again. */
export interface Refused extends Merged {
  readonly _tag: "Refused"
  /** The provider's own error. */
  readonly error: RateLimited
  readonly expectedAt: Option.Option<DateTime.Utc>
  readonly attempts: number
}

export interface Failed extends Merged {
  readonly _tag: "Failed"
  readonly at: DateTime.Utc
  readonly attempts: number
  readonly why: Failure
}

/** Whatever a body is: the value if it is JSON, else its text. */
export const anything: Schema.ConstraintDecoder<unknown> = Schema.Unknown

/** A ticket by its id, of a call that was sent before, perhaps by another process. */
export const ticketOf = <A = unknown>(id: string, answer?: Schema.ConstraintDecoder<A> | undefined): Ticket<A> => ({
  id,
  // Where no schema is given, `A` is what is unknown.
  answer: answer ?? (anything as Schema.ConstraintDecoder<A>)
})

/** What all calls of an outbox have become, one entry a change, the last one of a ticket if several came at once. */
export interface Change {
  readonly id: string
  /** The provider's id. */
  readonly provider: string
  readonly subject: Option.Option<string>
  readonly state: "waiting" | "sending" | "done" | "failed" | "cancelled" | "superseded"
  readonly at: DateTime.Utc
}
