/** Clarifai's refusal: https://docs.clarifai.com/api-guide/api-overview/rate-limits, read on 2026-11-22. */
import * as RateLimited from "@sluice/core/RateLimited"
import { Option, Schema } from "effect"

/** A code by its name, as the page prints it, or by its number, as the API's clients know it. */
export const Code = Schema.Union([Schema.Int, Schema.String])

/** The body of any answer, as far as it tells a refusal; any part of it may be missing. */
const Body = Schema.Struct({
  status: RateLimited.field(
    Schema.Struct({
      code: RateLimited.field(Code),
      description: RateLimited.field(Schema.String),
      details: RateLimited.field(Schema.String),
      req_id: RateLimited.field(Schema.String),
      /** The same as gRPC clients write it that turn names into camel case. */
      reqId: RateLimited.field(Schema.String)
    })
  )
})

/** Reads the body of an answer, whatever it is. */
export const read = RateLimited.reader(Body)

/** What `read` finds in a body. */
export type Status = ReturnType<typeof read>["status"]

/** Clarifai refused a request. `quota` is `requests`, `hourly` or `monthly`; after a monthly one no repeating helps. */
export class ClarifaiRateLimited extends Schema.TaggedError<ClarifaiRateLimited>()("ClarifaiRateLimited", {
  ...RateLimited.fields,
  /** `status.code`: `CONN_THROTTLED` or 11005, as it was written. */
  code: Schema.Option(Code),
  /** `status.description`. */
  description: Schema.Option(Schema.String),
  /** `status.details`. */
  details: Schema.Option(Schema.String),
  /** Requests a second that the server allows, if `details` tells. */
  limit: Schema.Option(Schema.Int)
}) {
  override get message() {
    return RateLimited.sentence(
      "Clarifai",
      this,
      this.details.pipe(
        Option.orElse(() => this.description),
        Option.orElse(() => Option.map(this.code, String))
      )
    )
  }
}
