/** One key, two kinds of work: an import that can wait, and people who cannot. */
import { Claim, type Pipeline, Quota, RateLimiter } from "@sluice/core"
import { Productlane } from "@sluice/providers/productlane"
import { Data, DateTime, Effect, Option, Schema } from "effect"
import { HttpBody, HttpClientResponse } from "effect/http"

export interface Feedback {
  readonly text: string
  readonly contact_email: string
}

const Thread = Schema.Struct({ id: Schema.String })

const create = (feedback: Feedback) =>
  Productlane.Client.use((productlane) =>
    productlane
      .post("/threads", { body: HttpBody.jsonUnsafe(feedback) })
      .pipe(
        Effect.flatMap(HttpClientResponse.filterStatusOk),
        Effect.flatMap(HttpClientResponse.schemaBodyJson(Thread))
      )
  )

// #region client
/** Refusals are not retried inside the client: the import repeats them itself, each time within its half. */
export const layer = (options: Pipeline.Configured<Productlane.Options>) =>
  Productlane.layerConfig({ ...options, retry: "none" })
// #endregion

// #region batch
/** Half of Productlane's 60 writes a minute and 20 in ten seconds: the other half is for people. */
const half = Claim.of(Quota.rolling(30, "1 minute"), Quota.rolling(10, "10 seconds"))

/** Waits as long as it takes, behind everybody else. */
const importOne = (feedback: Feedback) =>
  create(feedback).pipe(
    RateLimiter.withPermit(half),
    Effect.retry(Productlane.retrySchedule),
    RateLimiter.priority("low")
  )

export const importAll = (feedback: ReadonlyArray<Feedback>) =>
  Effect.forEach(feedback, importOne, { concurrency: "unbounded" })
// #endregion

// #region interactive
/** There was no room for a person's call, and this is when there may be. */
export class TryAgain extends Data.TaggedError("TryAgain")<{ readonly at: DateTime.Utc }> {
  override get message() {
    // The format cuts to the second, which would be too early.
    return `Please try again at ${DateTime.formatLocal(DateTime.add(this.at, { seconds: 1 }), { timeStyle: "medium" })}.`
  }
}

/** Goes at once or not at all; `RateLimiter.within("2 seconds")` would have some patience. */
export const submit = (feedback: Feedback) =>
  create(feedback).pipe(
    RateLimiter.failFast,
    RateLimiter.priority("high"),
    // We had no room, or Productlane had none, if others use the key as well.
    Effect.catchTag(["AdmissionError", "ProductlaneRateLimited"], (error) =>
      Effect.fail(Option.match(error.retryAt, { onNone: () => error, onSome: (at) => new TryAgain({ at }) }))
    )
  )
// #endregion
