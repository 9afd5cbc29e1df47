/** Responses for the tests of every provider: the literal ones of its fixtures, and rubbish. */
import { readFileSync } from "node:fs"
import { assert } from "@effect/vitest"
import type { Decoded, Wire } from "@sluice/core/Provider"
import type { RateLimited } from "@sluice/core/RateLimited"
import { Arbitrary, DateTime, Duration, Option, Schema } from "effect"

/** Reads a response as it goes over the wire: a status line, headers, a blank line, the body. */
export const fixture = (file: URL, more: Partial<Wire> = {}): Wire => {
  const [head = "", ...body] = readFileSync(file, "utf8").split("\n\n")
  const [statusLine = "", ...lines] = head.split("\n")
  return {
    request: { method: "GET", path: "/" },
    status: Number(statusLine.split(" ")[1]),
    headers: Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()])
    ),
    body: body.join("\n\n"),
    receivedAtMillis: Date.UTC(2024, 0, 1),
    ...more
  }
}

const texts = [
  "",
  " ",
  "0",
  "-1",
  "1",
  "18",
  "2.5",
  "1e9",
  "NaN",
  "Infinity",
  "000000000018",
  "99999999999999999999999999",
  "1746489660",
  "1720000000000",
  "Tue, 23 May 2023 14:42:01 GMT",
  "Mon, 01 Jan 2024 00:00:07 GMT",
  "Mon, 32 Jan 2024 00:00:07 GMT",
  "Sat, 03 Jan 2026 00:00:00 GMT",
  "Fri, 31 Dec 9999 23:59:59 GMT",
  "2024-01-01T00:00:07Z",
  "6m0s",
  "\u0000",
  "18, 19",
  "\u0661\u0668"
]
const Text = Schema.Union([Schema.Literals(texts), Schema.Literals(texts), Schema.String, Schema.Int])

/** Any status, headers and body, with enough likeness to a refusal that its readers are reached. */
export const rubbish = (like: {
  readonly paths: ReadonlyArray<string>
  readonly headers: ReadonlyArray<string>
  /** Objects in which the keys may stand, and the keys. */
  readonly within: ReadonlyArray<string>
  readonly keys: ReadonlyArray<string>
  readonly body: string
}): Arbitrary.Arbitrary<Wire> =>
  Arbitrary.map(
    Arbitrary.schema(
      Schema.Struct({
        method: Schema.Literals(["GET", "POST", "PATCH", "DELETE"]),
        path: Schema.Union([Schema.Literals(like.paths), Schema.String]),
        status: Schema.Literals([200, 204, 302, 400, 401, 404, 422, 429, 429, 429, 429, 500, 503]),
        headers: Schema.Array(Schema.Tuple([Schema.Literals(["retry-after", "date", "age", ...like.headers]), Text])),
        body: Schema.Union([
          Schema.String,
          Schema.Array(Schema.Tuple([Schema.Literals(["", ...like.within]), Schema.Literals(like.keys), Schema.Json])),
          Schema.Struct({ json: Schema.Json }),
          Schema.Struct({ cutAt: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: like.body.length })) })
        ])
      })
    ),
    ({ body, headers, method, path, status }) => ({
      request: { method, path },
      status,
      headers: Object.fromEntries(headers.map(([name, value]) => [name, String(value)])),
      body:
        typeof body === "string"
          ? body
          : "json" in body
            ? JSON.stringify(body.json)
            : "cutAt" in body
              ? like.body.slice(0, body.cutAt)
              : JSON.stringify(nested(body)),
      receivedAtMillis: Date.UTC(2024, 0, 1)
    })
  )

const nested = (entries: ReadonlyArray<readonly [string, string, Schema.Json]>) => {
  const root: Record<string, unknown> = {}
  for (const [within, key, value] of entries) {
    if (within === "") root[key] = value
    else root[within] = { ...(root[within] as object | undefined), [key]: value }
  }
  return root
}

/** What must hold of every answer, whatever it is; `isRefused` says which of them are refusals. */
export const assertHonest = (
  wire: Wire,
  { refusal, signal }: Decoded<RateLimited>,
  isRefused = wire.status === 429
) => {
  assert.strictEqual(refusal !== undefined, isRefused)
  if (refusal === undefined) return
  assert.strictEqual(refusal.raw, wire.body)
  assert.isAbove(refusal.message.length, 10)
  assert.strictEqual(Option.isSome(refusal.retryAfter), Option.isSome(refusal.retryAt))
  assert.strictEqual(Option.isSome(refusal.retryAfter), signal.retry !== undefined)
  const millis = Option.match(refusal.retryAfter, { onNone: () => 0, onSome: Duration.toMillis })
  const at = Option.match(refusal.retryAt, { onNone: () => 0, onSome: DateTime.toEpochMillis })
  if (Option.isSome(refusal.retryAfter)) {
    assert.isAbove(millis, 0)
    assert.strictEqual(at, wire.receivedAtMillis + millis)
  }
  const told = toldMillis(wire)
  if (told > 0) assert.isAtLeast(millis, told)
}

const longestMillis = 366 * 86_400_000

/** The wait in the two forms of RFC 9110, where they are written as it says. */
const toldMillis = ({ headers, receivedAtMillis }: Wire): number => {
  const text = headers["retry-after"] ?? ""
  if (/^\d{1,9}$/.test(text)) return Math.min(Number(text) * 1000, longestMillis)
  const date = httpDate(text)
  // What a cache answered is as old as its `Age` says, and so is its `Date`.
  const isFresh = /^\s*0*\s*$/.test(headers["age"] ?? "")
  return date === undefined ? 0 : date - ((isFresh ? httpDate(headers["date"]) : undefined) ?? receivedAtMillis)
}

const httpDate = (text = ""): number | undefined => {
  const millis = /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/.test(text) ? Date.parse(text) : NaN
  return new Date(millis).toString() === "Invalid Date" || new Date(millis).toUTCString() !== text ? undefined : millis
}
