/** What a response says about limits, for people to read. */
import type * as Inspection from "@sluice/core/Inspection"
import { Duration } from "effect"
import type { Response } from "./InspectSource.ts"
import { printable, table } from "./TextTable.ts"

const unknown = "not told"

/** The page; a terminal's lines are cut at its width. */
export const page = (response: Response, inspection: Inspection.Inspection, columns: number | undefined): string => {
  const { ignored, limits, retry, served } = inspection
  const now = response.receivedAt ?? inspection.serverDateMillis
  const parts = [
    [headOf(response), clocksOf(response, inspection)].join("\n"),
    limits.length === 0
      ? "No limits are told."
      : table(
          [
            ["quota", "limit", "window", "remaining", "reset", "told by"],
            ...limits.map((limit) => rowOf(limit, now).map(printable))
          ],
          columns
        ),
    ...(retry ? [`Stay away until ${momentText(retry, now)}, by ${retry.from}.`] : []),
    ...(served ? [`The server worked for ${spanText(served.millis)}, by ${served.from}.`] : []),
    ...(ignored.length > 0
      ? [table([["ignored", "value", "why"], ...ignored.map((one) => ignoredOf(one).map(printable))], columns)]
      : [])
  ]
  return parts.join("\n\n")
}

const headOf = ({ before, headers, status, title }: Response): string => {
  const answer = status === undefined ? "no status line" : `${status}${status === 429 ? ", a refusal" : ""}`
  const location = status !== undefined && status >= 300 && status < 400 ? headers["location"] : undefined
  return [
    `${printable(title)}: ${answer}`,
    ...(before > 0 ? [`The last of ${before + 1} responses.`] : []),
    ...(location === undefined ? [] : [`A redirect to ${printable(withoutQuery(location))}, which was not followed.`])
  ].join("\n")
}

/** A query may hold what is nobody's business. */
const withoutQuery = (location: string): string => location.replace(/[?#].*$/s, "").replace(/\/\/[^/@]*@/, "//")

const clocksOf = ({ receivedAt }: Response, { serverDateMillis, skew }: Inspection.Inspection): string => {
  const date = serverDateMillis === undefined ? "no Date that can be read" : `its Date is ${isoText(serverDateMillis)}`
  if (receivedAt === undefined) {
    const by = serverDateMillis === undefined ? "" : "; instants are by the server's clock"
    return `Received at a time that is not known (--received-at), ${date}${by}.`
  }
  const clock =
    skew &&
    `; server's clock minus ours: ${tenths(Math.floor(skew.fromMillis / 100))} to ${tenths(Math.ceil(skew.byMillis / 100))}`
  return `Received at ${isoText(receivedAt)}, ${date}${clock ?? ""}.`
}

const rowOf = (limit: Inspection.Limit, now: number | undefined): ReadonlyArray<string> => [
  limit.quota ?? "-",
  limit.limit === undefined ? unknown : `${limit.limit}${limit.unit === undefined ? "" : ` ${limit.unit}`}`,
  limit.windowMillis === undefined ? unknown : spanText(limit.windowMillis),
  limit.remaining === undefined ? unknown : String(limit.remaining),
  limit.reset === undefined ? unknown : momentText(limit.reset, now),
  `${limit.from.join(", ")}${limit.isReading ? "" : ", as a policy beside"}`
]

const ignoredOf = ({ by, field, reason, value, what }: Inspection.Ignored): ReadonlyArray<string> => [
  field,
  value,
  `${what === undefined ? "" : `${what}: `}${reasons[reason]}${by.length === 0 ? "" : ` ${by.join(", ")}`}`
]

const reasons: Readonly<Record<Inspection.Reason, string>> = {
  unknown: "sounds like a limit, and no dialect here has it",
  unreadable: "cannot be read",
  cached: "a cache answered, and what it says is old",
  past: "past",
  ambiguous: "nothing tells which limit it is about",
  contradictory: "the stricter of two holds:",
  superseded: "more of it, or finer, is told by",
  overlong: "more of it than is read"
}

/** `2026-11-22 10:01:00Z ±1.5 s (in 41s)`. */
const momentText = ({ byMillis, fromMillis, isPast, told }: Inspection.Moment, now: number | undefined): string => {
  if (byMillis === undefined || fromMillis === undefined) return `${spanText(told.millis)} after the response`
  const middle = (fromMillis + byMillis) / 2
  const error = (byMillis - fromMillis) / 2
  const left =
    now === undefined ? "" : isPast ? " (past)" : ` (in ${spanText(Math.max(0, rounded(middle - now, error)))})`
  return `${isoText(rounded(middle, error))}${error === 0 ? "" : ` ±${secondsText(error)}`}${left}`
}

/** To the second, where less cannot be known. */
const rounded = (millis: number, error: number): number =>
  error >= 500 ? Math.round(millis / 1000) * 1000 : Math.round(millis)

const isoText = (millis: number): string =>
  new Date(Math.floor(millis))
    .toISOString()
    .replace("T", " ")
    .replace(/\.000Z$/, "Z")

const spanText = (millis: number): string => (millis === 0 ? "0s" : Duration.format(Duration.millis(millis)))

const secondsText = (millis: number): string =>
  millis < 100 ? `${Math.ceil(millis)} ms` : `${(Math.ceil(millis / 100) / 10).toFixed(1)} s`

const tenths = (count: number): string => `${(count / 10).toFixed(1)} s`
