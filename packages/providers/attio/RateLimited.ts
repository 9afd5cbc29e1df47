/** Attio's refusal: https://docs.attio.com/rest-api/how-to/rate-limiting, read on 2026-11-22. */
import * as RateLimited from "@sluice/core/RateLimited"
import { Option, Schema } from "effect"

/** The body of a 429 as the page prints it; further keys may come, and any of them may be missing. */
const Body = Schema.StructWithRest(
  Schema.Struct({
    status_code: RateLimited.field(Schema.Int),
    type: RateLimited.field(Schema.String),
    code: RateLimited.field(Schema.String),
    message: RateLimited.field(Schema.String)
  }),
  [Schema.Record(Schema.String, Schema.Unknown)]
)

/** Reads the body of a 429, whatever it is. */
export const read = RateLimited.reader(Body)

/** What is nested deeper is no debugging information, and whoever wrote it as JSON would run out of stack. */
const maxDepth = 32

/** The keys that are not the page's, by their names. */
export const extraOf = (rest: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(rest).filter(([, value]) => isShallow(value, maxDepth)))

const isShallow = (value: unknown, depth: number): boolean =>
  typeof value !== "object" ||
  value === null ||
  (depth > 0 && Object.values(value).every((part) => isShallow(part, depth - 1)))

/** Attio refused a request, which it has not processed. `quota` is `reads`, `writes` or `queries`. */
export class AttioRateLimited extends Schema.TaggedError<AttioRateLimited>()("AttioRateLimited", {
  ...RateLimited.fields,
  /** The body's `status_code`. */
  statusCode: Schema.Option(Schema.Int),
  /** `rate_limit_error`. */
  type: Schema.Option(Schema.String),
  /** `rate_limit_exceeded`. */
  code: Schema.Option(Schema.String),
  /** The body's `message`. */
  serverMessage: Schema.Option(Schema.String),
  /** "Additional debugging information": what else the body holds, by its own keys. */
  extra: Schema.Record(Schema.String, Schema.Unknown)
}) {
  override get message() {
    return RateLimited.sentence(
      "Attio",
      this,
      Option.orElse(this.serverMessage, () => this.code)
    )
  }
}
