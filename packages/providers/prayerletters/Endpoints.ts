/** PrayerLetters' limits are per endpoint: which endpoint a request means, and what it is allowed. */
import { ClaimError } from "@sluice/core/Claim"
import * as Quota from "@sluice/core/Quota"

/** Requests allowed by interval; `contactDay` counts for each contact. */
export interface Allowance {
  readonly hour?: number
  readonly day?: number
  readonly contactDay?: number
}

/** Allowances by method and path template: `{ "GET /v1/contacts": { hour: 100, day: 1000 } }`. */
export type Allowances = Readonly<Record<string, Allowance>>

const source: Quota.Source = { url: "https://www.prayerletters.com/dev/", readOn: "2026-11-22" }
const update: Allowance = { hour: 200, day: 600, contactDay: 50 }

/** What the pages of single endpoints say. */
export const published: Allowances = {
  "PUT /v1/contacts": { hour: 4, day: 12 },
  "POST /v3/contacts/:id": update,
  "POST /v2/contacts/:id": update
}

/** An endpoint's own quotas. */
export interface EndpointQuotas {
  readonly hour: Quota.Quota | undefined
  readonly day: Quota.Quota | undefined
  readonly contactDay: Quota.Quota | undefined
}

export interface Endpoint {
  /** Method and path template. */
  readonly name: string
  /** The last part of the path that stands for something: a contact, say. */
  readonly resource: string
  /** None where nothing is known of it. */
  readonly quotas: EndpointQuotas | undefined
}

/** Finds a request's endpoint among the published ones and one's own. Throws `ClaimError` and `QuotaError` for those that cannot be. */
export const finder = (own: Allowances): ((method: string, path: string) => Endpoint) => {
  const known = Object.entries({ ...published, ...own }).map(([name, allowance]) => {
    const [, method = "", template = ""] = /^([A-Z]+) (\/[^\s?#]+)$/.exec(name) ?? []
    if (template === "") {
      throw new ClaimError({ field: "endpoints", rule: 'names such as "GET /v1/contacts"', value: name })
    }
    return { name, method, parts: partsOf(template), quotas: quotasOf(allowance) }
  })
  return (method, path) => {
    const parts = partsOf(path.slice(Math.max(0, path.search(/\/v\d+(\/|$)/))))
    const found = known.find(
      (endpoint) =>
        endpoint.method === method &&
        endpoint.parts.length === parts.length &&
        endpoint.parts.every((part, i) => part.startsWith(":") || part === parts[i])
    )
    const template = parts.map((part, i) => (i > 0 && /\d/.test(part) ? ":id" : part)).join("/")
    return {
      name: found?.name ?? `${method} /${template}`,
      resource: parts.at(-1) ?? "",
      quotas: found?.quotas
    }
  }
}

const quotasOf = ({ contactDay, day, hour }: Allowance): EndpointQuotas => ({
  hour: hour === undefined ? undefined : Quota.rolling(hour, "1 hour", { name: "hour", source }),
  day: day === undefined ? undefined : Quota.rolling(day, "1 day", { name: "day", source }),
  contactDay: contactDay === undefined ? undefined : Quota.rolling(contactDay, "1 day", { name: "contact-day", source })
})

const partsOf = (path: string) => path.split("/").filter((part) => part !== "")
