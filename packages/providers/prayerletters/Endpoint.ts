/**
 * Which endpoint a request meets: its method and the template of its path, by which PrayerLetters counts.
 *
 * - https://www.prayerletters.com/dev/errors/429, read on 2026-11-22: "on a per-endpoint basis"
 */

export interface Target {
  readonly method: string
  readonly path: string
}

/** Version and what follows it, wherever the API is served from. */
const versioned = /\/v\d+(?:\/.*)?$/

const partsOf = ({ path }: Target): ReadonlyArray<string> =>
  (versioned.exec(path)?.[0] ?? `/${path}`).split("/").filter((part) => part !== "")

/**
 * Paths go by turns: a version, a collection, an id, a collection. Whatever stands for an id is `:id`, so that one counter
 * may stand for several endpoints, but never several for one.
 */
export const endpointOf = (target: Target): string => {
  const parts = partsOf(target).map((part, i) => (i > 0 && i % 2 === 0 ? ":id" : part))
  const endpoint = `${target.method} /${parts.join("/")}`
  return Object.hasOwn(replacements, endpoint) ? (replacements[endpoint] ?? endpoint) : endpoint
}

/** The deprecated one has the same limits, and whether it has counters of its own is not told: it shares them. */
const replacements: Readonly<Record<string, string>> = { "POST /v2/contacts/:id": "POST /v3/contacts/:id" }

/** The first id in the path. */
export const contactOf = (target: Target): string => decoded(partsOf(target)[2] ?? "")

/** Whether the text names an endpoint as `endpointOf` does: `GET /v1/contacts`. */
export const isEndpoint = (text: string): boolean => {
  const [, method, path] = /^([A-Z]+) (\/v\d+\/[^\s?#]+)$/.exec(text) ?? []
  return method !== undefined && path !== undefined && endpointOf({ method, path }) === text
}

const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
