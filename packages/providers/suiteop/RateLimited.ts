/** SuiteOp's refusal: https://help-new.suiteop.com/api/rate-limits/, read on 2026-11-22. */
import * as RateLimited from "@sluice/core/RateLimited"
import { Option, Schema } from "effect"

/** The body of a 429 as the page prints it; any part of it may be missing. */
const Body = Schema.Struct({
  error: RateLimited.field(
    Schema.Struct({
      type: RateLimited.field(Schema.String),
      code: RateLimited.field(Schema.String),
      message: RateLimited.field(Schema.String)
    })
  ),
  meta: RateLimited.field(Schema.Struct({ requestId: RateLimited.field(Schema.String) }))
})

/** Reads the body of a 429, whatever it is. */
export const read = RateLimited.reader(Body)

/** SuiteOp refused a request. `quota` is `sustained` or `burst`, if the headers tell which of them is spent. */
export class SuiteOpRateLimited extends Schema.TaggedError<SuiteOpRateLimited>()("SuiteOpRateLimited", {
  ...RateLimited.fields,
  /** `error.type`: `rate_limit_error`. */
  type: Schema.Option(Schema.String),
  /** `error.code`: `rate_limit_exceeded`. */
  code: Schema.Option(Schema.String),
  /** `error.message`. */
  serverMessage: Schema.Option(Schema.String),
  /** `X-RateLimit-Limit`: requests allowed in the window. */
  limit: Schema.Option(Schema.Finite),
  /** `X-RateLimit-Remaining`: requests left in it. */
  remaining: Schema.Option(Schema.Finite)
}) {
  override get message() {
    return RateLimited.sentence(
      "SuiteOp",
      this,
      Option.orElse(this.serverMessage, () => this.code)
    )
  }
}
