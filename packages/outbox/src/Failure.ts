/** Why a call was not answered well: what is stored of it, and what a person reads. */
import { DateTime, Option, Schema } from "effect"

/** The provider refused by a limit; `error` is its own tagged error, as JSON, and `tag` its `_tag`. */
export class Refused extends Schema.TaggedError<Refused>()("Refused", {
  tag: Schema.String,
  said: Schema.String,
  error: Schema.Json
}) {
  override get message() {
    return this.said
  }
}

/** The server answered, and what it said is no success. `body` is cut at 64 KiB. */
export class Answered extends Schema.TaggedError<Answered>()("Answered", {
  status: Schema.Int,
  body: Schema.String
}) {
  override get message() {
    const said = this.body === "" ? "" : `: ${this.body.length > 200 ? `${this.body.slice(0, 200)}...` : this.body}`
    return `The server answered ${this.status}${said}`
  }
}

/** No answer came. `isUnsent` tells that surely nothing was sent; otherwise the server may have carried the call out. */
export class Unanswered extends Schema.TaggedError<Unanswered>()("Unanswered", {
  said: Schema.String,
  isUnsent: Schema.Boolean
}) {
  override get message() {
    return this.isUnsent ? `Nothing was sent: ${this.said}` : `No answer came: ${this.said}`
  }
}

/** Whether the call arrived is not known, and its sender did not want it to be sent twice. Look, then retry or cancel. */
export class InDoubt extends Schema.TaggedError<InDoubt>()("InDoubt", { said: Schema.String }) {
  override get message() {
    return `Whether the call arrived is not known (${this.said}), and it was not to be sent twice.`
  }
}

/** It had not been sent by the instant at which its sender stopped wanting it. */
export class Expired extends Schema.TaggedError<Expired>()("Expired", {
  expiresAt: Schema.DateTimeUtc,
  /** The earliest instant at which its quota has room, where that was why. */
  earliest: Schema.Option(Schema.DateTimeUtc)
}) {
  override get message() {
    const earliest = Option.match(this.earliest, {
      onNone: () => "",
      onSome: (at) => `; its quota has room at ${DateTime.formatIso(at)} at the earliest`
    })
    return `It could not be sent by ${DateTime.formatIso(this.expiresAt)}${earliest}.`
  }
}

/** The limiter will never admit it, or it cannot be made into a request. */
export class Impossible extends Schema.TaggedError<Impossible>()("Impossible", { said: Schema.String }) {
  override get message() {
    return this.said
  }
}

/** It was tried as often as it may be; `last` is how the last attempt ended. */
export class AttemptsExhausted extends Schema.TaggedError<AttemptsExhausted>()("AttemptsExhausted", {
  attempts: Schema.Int,
  last: Schema.Union([Refused, Answered, Unanswered])
}) {
  override get message() {
    return `After ${this.attempts} attempts: ${this.last.message}`
  }
}

/** How one attempt ended that may be followed by another. */
export const Trouble = Schema.Union([Refused, Answered, Unanswered])
export type Trouble = typeof Trouble.Type

/** Why a ticket is among the dead letters. */
export const Failure = Schema.Union([Refused, Answered, Unanswered, InDoubt, Expired, Impossible, AttemptsExhausted])
export type Failure = typeof Failure.Type
