/** What the view of an outbox shows, as its routes answer it. Instants are ISO 8601. */
import { Schema } from "effect"

/** A ticket as a person may see it. What is hidden is left out. */
export const Ticket = Schema.Struct({
  id: Schema.String,
  provider: Schema.String,
  subject: Schema.NullOr(Schema.String),
  method: Schema.String,
  path: Schema.String,
  state: Schema.String,
  /** Since when it is as it is, where that is known. */
  at: Schema.NullOr(Schema.String),
  /** A lower bound; null where nothing is known. */
  expectedAt: Schema.NullOr(Schema.String),
  attempts: Schema.Int,
  why: Schema.NullOr(Schema.String),
  behind: Schema.NullOr(Schema.String),
  by: Schema.NullOr(Schema.String),
  canRetry: Schema.Boolean,
  canCancel: Schema.Boolean,
  /** The status of the answer. */
  answered: Schema.optionalKey(Schema.Int),
  idempotencyKey: Schema.optionalKey(Schema.String),
  headers: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  body: Schema.optionalKey(Schema.String),
  answerHeaders: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  answerBody: Schema.optionalKey(Schema.String)
})
export type Ticket = typeof Ticket.Type

/** `next` is where to go on, and null if there is nothing more. */
export const Tickets = Schema.Struct({ tickets: Schema.Array(Ticket), next: Schema.NullOr(Schema.Int) })
export type Tickets = typeof Tickets.Type

/** How much of each provider's waits, is under way and has failed. */
export const Summary = Schema.Struct({
  providers: Schema.Array(
    Schema.Struct({
      provider: Schema.String,
      waiting: Schema.Int,
      sending: Schema.Int,
      failed: Schema.Int,
      /** When the last of what waits is expected to go; null where that is not known. */
      until: Schema.NullOr(Schema.String)
    })
  ),
  /** Whether there are others that were not counted. */
  isMore: Schema.Boolean
})
export type Summary = typeof Summary.Type
