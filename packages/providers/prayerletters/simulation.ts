/**
 * PrayerLetters as its server sees itself.
 *
 * - refusal, rolling windows, test headers: https://www.prayerletters.com/dev/errors/429, read on 2026-11-22
 * - replacing: https://www.prayerletters.com/dev/api/v1/contacts/PUT, read on 2026-11-22
 * - updating: https://www.prayerletters.com/dev/api/v3/contacts/:id/POST and .../v2/..., read on 2026-11-22
 *
 * Not published, and so chosen here: endpoints without limits of their own carry the 50 and 600 of the page's example; a
 * contact's own limit is told as `day` with its number; a request with test headers is counted like any other.
 */
import * as Quota from "@sluice/core/Quota"
import type { Meter, Reading, Request, Response, Simulation } from "@sluice/core/Simulation"

const moreInfo = "https://www.prayerletters.com/dev/errors/"
const failure = (status: number, error: string, message: string) => ({
  status,
  body: { status, error, message, more_info: moreInfo + status }
})

const contacts = Array.from({ length: 40 }, (_, i) => ({
  contact_id: `c-100-${1000 + i}`,
  external_id: String(i),
  name: `Contact ${i}`,
  company: "",
  file_as: `Contact, ${i}`,
  greeting: `Dear Contact ${i}`,
  address: { street: `${i} Main St`, city: "Springfield", state: "IL", postal_code: "62701", country: "US" }
}))

/** The endpoint's name, and the names of its quotas. */
const endpointOf = ({ method, path }: Request) => {
  const parts = path.split("/").filter((part) => part !== "")
  const [version = "", collection = "", id] = parts
  const isContact = collection === "contacts" && id !== undefined && parts.length === 3
  if (method === "PUT" && path === "/v1/contacts")
    return { name: "replace", quotas: ["replaceHour", "replaceDay"], id: "" }
  if (method === "POST" && isContact && (version === "v3" || version === "v2")) {
    return { name: `update ${version}`, quotas: ["updateHour", "updateDay", "contactDay"], id }
  }
  const template = parts.map((part, i) => (i > 0 && /\d/.test(part) ? ":id" : part)).join("/")
  return { name: `${method} ${template}`, quotas: ["hour", "day"], id: "" }
}

const hourMillis = 3_600_000
const intervalOf = (quota: Quota.Quota) => (quota.windowMillis <= hourMillis ? "hour" : "day")

const testLimit = ({ headers }: Request, quota: Quota.Quota): number | undefined => {
  const value = headers[`x-ratelimit-${quota.name.toLowerCase().endsWith("hour") ? "hour" : "day"}`]
  if (value === undefined || !/^\d+$/.test(value.trim())) return undefined
  return Number(value) >= 1 && Number(value) < quota.limit ? Number(value) : undefined
}

const tooMany = (exceeded: string, limits: Readonly<Record<string, number>>): Response => ({
  status: 429,
  body: {
    status: 429,
    error: "too_many_requests",
    limit_exceeded: exceeded,
    limits,
    message: `You have exceeded the limit of requests per ${exceeded}.`,
    more_info: `${moreInfo}429`
  }
})

/** What the request's endpoint allows, by interval. */
const limitsOf = (request: Request): Readonly<Record<string, number>> =>
  Object.fromEntries(
    endpointOf(request).quotas.flatMap((name) => {
      const quota = simulation.quotas[name]
      return quota && name !== "contactDay" ? [[intervalOf(quota), quota.limit]] : []
    })
  )

const created = (id: string, body: unknown): Response => ({ status: 201, headers: { Location: id }, body })

/** PrayerLetters' server: contacts, lists and orders, limits by endpoint, and test headers. */
export const simulation: Simulation = {
  id: "prayerletters",
  baseUrl: "https://www.prayerletters.com/api",
  quotas: {
    hour: Quota.rolling(50, "1 hour"),
    day: Quota.rolling(600, "1 day"),
    replaceHour: Quota.rolling(4, "1 hour"),
    replaceDay: Quota.rolling(12, "1 day"),
    updateHour: Quota.rolling(200, "1 hour"),
    updateDay: Quota.rolling(600, "1 day"),
    contactDay: Quota.rolling(50, "1 day")
  },
  intercept: (request) => {
    const { headers } = request
    if (!/^Bearer \S+$/i.test(headers["authorization"] ?? "")) {
      const refused = failure(401, "invalid_request", "API credentials were not provided.")
      // This one is printed with its status as a text.
      return { ...refused, body: { ...refused.body, status: "401" } }
    }
    const forced = headers["x-ratelimit"]?.trim() ?? ""
    return forced === "" || forced === "0" ? undefined : tooMany("hour", limitsOf(request))
  },
  meters: (request, quotas) => {
    const endpoint = endpointOf(request)
    return endpoint.quotas.flatMap((name): ReadonlyArray<Meter> => {
      const quota = quotas[name]
      if (!quota) return []
      const key = [
        request.headers["authorization"],
        endpoint.name,
        ...(name === "contactDay" ? [endpoint.id] : [])
      ].join(" ")
      const limit = name === "contactDay" ? undefined : testLimit(request, quota)
      return [{ quota, key, ...(limit !== undefined && { limit }) }]
    })
  },
  headers: () => ({}),
  refuse: (refused, request) => {
    const longest = refused.toSorted((a: Reading, b: Reading) => b.retryAtMillis - a.retryAtMillis)[0]
    const exceeded = longest ? intervalOf(longest.meter.quota) : "hour"
    return tooMany(exceeded, { ...limitsOf(request), ...(longest && { [exceeded]: longest.limit }) })
  },
  routes: [
    { method: "GET", path: "/v1/contacts", handle: () => ({ status: 200, body: { contacts } }) },
    {
      method: "PUT",
      path: "/v1/contacts",
      handle: () => ({
        status: 200,
        body: { contacts: contacts.map(({ contact_id, external_id }) => ({ contact_id, external_id })) }
      })
    },
    {
      method: "POST",
      path: "/v2/contacts",
      handle: (_request, _params, { sequence }) =>
        created(`c-200-${1000 + sequence}`, { contact_id: `c-200-${1000 + sequence}` })
    },
    { method: "POST", path: "/v2/contacts/:id", handle: () => ({ status: 204 }) },
    { method: "POST", path: "/v3/contacts/:id", handle: () => ({ status: 204 }) },
    {
      method: "POST",
      path: "/v1/lists",
      handle: (_request, _params, { nowMillis, sequence }) =>
        created(`list-${sequence}`, {
          list_id: `list-${sequence}`,
          expires: new Date(nowMillis + 86_400_000).toISOString()
        })
    },
    {
      method: "POST",
      path: "/v1/orders",
      handle: (_request, _params, { nowMillis, sequence }) =>
        created(`order-${sequence}`, { created: new Date(nowMillis).toISOString(), order_id: `order-${sequence}` })
    }
  ]
}
