/**
 * How long the server says that it worked on a request: `Server-Timing` (of several durations the longest), or else
 * `X-Envoy-Upstream-Service-Time`, `X-Runtime` or `X-Response-Time`.
 *
 * Total, and never too long: a time may have been rounded up in its last written place, which is taken off.
 */
import * as WireTime from "./WireTime.ts"

/** Longer values are cut. */
const longest = 2048

const quoted = /"(?:[^"\\]|\\.)*"/g
const durations = /;\s*dur\s*=\s*([\d.]+)/gi

/** The headers in the order in which they are believed, and the milliseconds of a number without a unit. */
const fields: ReadonlyArray<readonly [name: string, millis: number]> = [
  ["x-envoy-upstream-service-time", 1],
  ["x-runtime", 1000],
  ["x-response-time", 1]
]

/** Whether a header is one of those that are read. */
export const isField = (name: string): boolean => name === "server-timing" || fields.some(([known]) => known === name)

/** The header that tells, and whole milliseconds; none if nothing is said, or nothing that can be read. */
export const told = (
  header: (name: string) => unknown
): { readonly name: string; readonly millis: number } | undefined => {
  const textOf = (name: string) => String(header(name) ?? "").slice(0, longest)
  const timing = Array.from(textOf("server-timing").replace(quoted, "").matchAll(durations), ([, text = ""]) =>
    least(text, 1)
  ).filter((millis) => millis !== undefined)
  if (timing.length > 0) return { name: "server-timing", millis: Math.max(...timing) }
  for (const [name, usual] of fields) {
    const millis = least(textOf(name), usual)
    if (millis !== undefined) return { name, millis }
  }
  return undefined
}

const least = (text: string, unitMillis: number): number | undefined => {
  const told = WireTime.delay(text, unitMillis, "unknown") ?? WireTime.span(text.replace(/ /g, ""), "unknown")
  return told && Math.max(0, told.millis - told.toleranceMillis)
}
