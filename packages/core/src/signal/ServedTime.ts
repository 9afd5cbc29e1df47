/**
 * How long the server says that it worked on a request: `Server-Timing` (of several durations the longest), or else
 * `X-Envoy-Upstream-Service-Time`, `X-Runtime` or `X-Response-Time`.
 *
 * Total, and never too long: a time may have been rounded up in its last written place, which is taken off.
 */

/** Longer values are cut. */
const longest = 2048

const quoted = /"(?:[^"\\]|\\.)*"/g
const durations = /;\s*dur\s*=\s*(\d+(?:\.\d+)?)/gi
const number = /^(\d+(?:\.\d+)?)\s*(ms|s)?$/i

/** The headers in the order in which they are believed, and the milliseconds of a number without a unit. */
const fields: ReadonlyArray<readonly [name: string, millis: number]> = [
  ["x-envoy-upstream-service-time", 1],
  ["x-runtime", 1000],
  ["x-response-time", 1]
]

/** Whole milliseconds; none if nothing is said, or nothing that can be read. */
export const servedMillis = (header: (name: string) => unknown): number | undefined => {
  const textOf = (name: string) => String(header(name) ?? "").slice(0, longest)
  const told = Array.from(textOf("server-timing").replace(quoted, "").matchAll(durations), ([, text = ""]) =>
    least(text, 1)
  )
  if (told.length > 0) return Math.max(...told)
  for (const [name, usual] of fields) {
    const [, text, unit] = number.exec(textOf(name).trim()) ?? []
    if (text !== undefined) return least(text, unit === undefined ? usual : unit.toLowerCase() === "s" ? 1000 : 1)
  }
  return undefined
}

const least = (text: string, unitMillis: number): number => {
  const place = 10 ** -(text.split(".")[1]?.length ?? 0)
  const millis = Math.floor((Number(text) - place) * unitMillis)
  return Number.isSafeInteger(millis) ? Math.max(0, millis) : 0
}
