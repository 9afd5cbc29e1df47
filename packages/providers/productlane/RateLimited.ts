/** Productlane's refusal: https://productlane.mintlify.dev/docs/api-v2/rate-limits, read on 2026-11-22. */
import * as RateLimited from "@sluice/core/RateLimited"
import { Option, Schema } from "effect"

/** Which cap was met: so many requests in a window of `1m` or `10s`. */
const Cap = Schema.Struct({ limit: RateLimited.field(Schema.Finite), window: RateLimited.field(Schema.String) })

/** What other errors have in its place: which fields of the request are wrong. */
const Problems = Schema.Array(
  Schema.Struct({ path: RateLimited.field(Schema.String), message: RateLimited.field(Schema.String) })
)

/** `error.details`: an object in a refusal, a list in a failed validation. */
export const Details = Schema.Union([Problems, Cap])

/** The body of a 429 as the page prints it; any part of it may be missing. */
const Body = Schema.Struct({
  error: RateLimited.field(
    Schema.Struct({
      code: RateLimited.field(Schema.String),
      message: RateLimited.field(Schema.String),
      details: RateLimited.field(Details),
      request_id: RateLimited.field(Schema.String)
    })
  )
})

/** Reads the body of a 429, whatever it is. */
export const read = RateLimited.reader(Body)

/** Productlane refused a request. `quota` is `reads`, `writes`, `readsBurst` or `writesBurst`, if the body tells its window. */
export class ProductlaneRateLimited extends Schema.TaggedError<ProductlaneRateLimited>()("ProductlaneRateLimited", {
  ...RateLimited.fields,
  /** `error.code`: `rate_limited`. */
  code: Schema.Option(Schema.String),
  /** `error.message`. */
  serverMessage: Schema.Option(Schema.String),
  /** `error.details`. */
  details: Schema.Option(Schema.toType(Details))
}) {
  override get message() {
    return RateLimited.sentence(
      "Productlane",
      this,
      Option.orElse(this.serverMessage, () => this.code)
    )
  }
}
