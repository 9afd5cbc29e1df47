/** PrayerLetters' refusal: https://www.prayerletters.com/dev/errors/429, read on 2026-11-22. */
import * as RateLimited from "@sluice/core/RateLimited"
import { Option, Schema } from "effect"

const Count = Schema.Union([Schema.Finite, Schema.FiniteFromString])

/** The body of a 429 as the page means it; any part of it may be missing. */
const Body = Schema.Struct({
  status: RateLimited.field(Count),
  error: RateLimited.field(Schema.String),
  limit_exceeded: RateLimited.field(Schema.String),
  limits: RateLimited.field(Schema.Record(Schema.String, Schema.Unknown)),
  message: RateLimited.field(Schema.String),
  more_info: RateLimited.field(Schema.String)
})
const readJson = RateLimited.reader(Body)

/** Reads the body of a 429, whatever it is: the page itself prints one that is no JSON, so its fields are also found one by one. */
export const read = (text: string): typeof Body.Type => readJson(isJson(text) ? text : JSON.stringify(fieldsOf(text)))

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const texts = ["error", "limit_exceeded", "message", "more_info"]
const pair = /"([^"\\]{1,40})"\s{0,40}:\s{0,40}"?(\d{1,9})(?![\w.])/g

/** The fields of a text that is almost JSON: commas that are missing or too many do not matter. */
const fieldsOf = (text: string): Readonly<Record<string, unknown>> => {
  const found: Record<string, unknown> = {}
  const status = /"status"\s{0,40}:\s{0,40}"?(\d{1,9})/.exec(text)
  if (status) found["status"] = Number(status[1])
  for (const name of texts) {
    const quoted = new RegExp(`"${name}"\\s{0,40}:\\s{0,40}("(?:[^"\\\\]|\\\\.)*")`).exec(text)?.[1]
    if (quoted !== undefined && isJson(quoted)) found[name] = JSON.parse(quoted)
  }
  const limits = /"limits"\s{0,40}:\s{0,40}\{([^{}]*)/.exec(text)?.[1]
  if (limits !== undefined) {
    found["limits"] = Object.fromEntries(Array.from(limits.matchAll(pair), ([, name, count]) => [name, Number(count)]))
  }
  return found
}

/** PrayerLetters refused a request. `quota` is the interval that was exceeded: `hour`, `day`, or `contact-day`. */
export class PrayerLettersRateLimited extends Schema.TaggedError<PrayerLettersRateLimited>()(
  "PrayerLettersRateLimited",
  {
    ...RateLimited.fields,
    /** `status`, which the API writes as a number or as a text. */
    status: Schema.Option(Schema.Finite),
    /** `error`: `too_many_requests`. */
    error: Schema.Option(Schema.String),
    /** `limit_exceeded`, as it came. */
    limitExceeded: Schema.Option(Schema.String),
    /** `limits`: requests allowed by interval. */
    limits: Schema.Record(Schema.String, Schema.Finite),
    /** `message`. */
    serverMessage: Schema.Option(Schema.String),
    /** `more_info`: an address that explains it. */
    moreInfo: Schema.Option(Schema.String)
  }
) {
  override get message() {
    return RateLimited.sentence(
      "PrayerLetters",
      this,
      Option.orElse(this.serverMessage, () => this.error)
    )
  }
}
