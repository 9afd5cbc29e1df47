/**
 * Why a call was not admitted, by our own decision and before anything was sent.
 *
 * @example
 * ```ts
 * import { Claim, Quota, RateLimiter } from "@sluice/core"
 * import { Console, Effect } from "effect"
 *
 * const call = Effect.void.pipe(RateLimiter.withPermit(Claim.of(Quota.rolling(15, "1 second"))), RateLimiter.failFast)
 * call.pipe(Effect.catchReason("AdmissionError", "DeadlineExceeded", (reason) => Console.log(reason.earliest)))
 * ```
 */
import { DateTime, Option, Schema } from "effect"
import { becauseOf } from "./limiter/Gathering.ts"

/** The limiter already holds as many waiting calls as it may. */
export class QueueFull extends Schema.TaggedError<QueueFull>()("QueueFull", { bound: Schema.Int }) {
  override get message() {
    return `${this.bound} calls are waiting already, which is the bound of the queue (queueBound).`
  }
}

/** The call cannot be admitted by its deadline. */
export class DeadlineExceeded extends Schema.TaggedError<DeadlineExceeded>()("DeadlineExceeded", {
  /** The earliest instant at which it could be admitted, as far as known now. */
  earliest: Schema.DateTimeUtc,
  deadline: Schema.DateTimeUtc,
  quota: Schema.String
}) {
  override get message() {
    return (
      `Quota ${JSON.stringify(this.quota)} has no room before the deadline; ` +
      `the earliest instant, as far as known, is ${DateTime.formatIso(this.earliest)}.`
    )
  }
}

/** The claim is larger than its quota can ever be. */
export class Never extends Schema.TaggedError<Never>()("Never", {
  quota: Schema.String,
  cost: Schema.Int,
  limit: Schema.Int
}) {
  override get message() {
    return `The call needs ${this.cost} units of quota ${JSON.stringify(this.quota)}, which never holds more than ${this.limit}.`
  }
}

/** The provider closed the quota for longer than the limiter waits (`maxPause`); nothing was sent. */
export class Closed extends Schema.TaggedError<Closed>()("Closed", {
  quota: Schema.String,
  retryAt: Schema.DateTimeUtc,
  /** The provider's own error that closed it, where this process saw it. */
  refusal: Schema.Option(Schema.Unknown)
}) {
  override get message() {
    return `Quota ${JSON.stringify(this.quota)} was closed by its provider until ${DateTime.formatIso(this.retryAt)}.`
  }
}

/** The store that keeps the quota cannot answer. */
export class Store extends Schema.TaggedError<Store>()("Store", {
  description: Schema.String,
  cause: Schema.Defect()
}) {
  override get message() {
    return this.description
  }
}

/** Refused by the limiter itself; nothing was sent, so that repeating the call is always safe. */
export class AdmissionError extends Schema.TaggedError<AdmissionError>()("AdmissionError", {
  partition: Schema.String,
  reason: Schema.Union([QueueFull, DeadlineExceeded, Never, Closed, Store])
}) {
  /** From when the call may be admitted, as far as known; none if that is not known, or never. The same as of a `RateLimited`. */
  get retryAt(): Option.Option<DateTime.Utc> {
    switch (this.reason._tag) {
      case "DeadlineExceeded":
        return Option.some(this.reason.earliest)
      case "Closed":
        return Option.some(this.reason.retryAt)
      default:
        return Option.none()
    }
  }
  /** One line: the reason, and how the books of the quota that decided stood. */
  override get message() {
    return this.reason.message + becauseOf(this)
  }
}
