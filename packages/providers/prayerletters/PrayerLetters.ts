/**
 * PrayerLetters' rate limits: what it promises, how its refusals are read, and a client that keeps to both.
 *
 * - https://www.prayerletters.com/dev/errors/429, read on 2026-11-22: rules, refusal, waiting, test headers
 * - https://www.prayerletters.com/dev/api/v1/contacts/PUT, read on 2026-11-22: limits of that endpoint
 * - https://www.prayerletters.com/dev/api/v3/contacts/:id/POST, read on 2026-11-22: limits of that endpoint
 *
 * @example
 * ```ts
 * import { PrayerLetters } from "@sluice/providers/prayerletters"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const prayerLetters = yield* PrayerLetters.Client
 *   const response = yield* prayerLetters.get("/v1/contacts")
 *   return yield* response.json
 * }).pipe(Effect.catchTag("PrayerLettersRateLimited", (error) => Effect.logWarning(error.message)))
 * ```
 */
import * as Claim from "@sluice/core/Claim"
import * as Pipeline from "@sluice/core/Pipeline"
import type { Decoded, Provider, Quotas, Wire } from "@sluice/core/Provider"
import * as Quota from "@sluice/core/Quota"
import * as Refusal from "@sluice/core/RateLimited"
import * as RetrySchedule from "@sluice/core/RetrySchedule"
import * as Signal from "@sluice/core/Signal"
import { Context, Layer, Option, Predicate } from "effect"
import { HttpClientRequest } from "effect/http"
import { contactOf, endpointOf, isEndpoint, type Target } from "./Endpoint.ts"
import { PrayerLettersRateLimited, read } from "./RateLimited.ts"
import * as TestHeaders from "./TestHeaders.ts"

// --- Quotas -------------------------------------------------------------------------------------

const docs: Quota.Source = { url: "https://www.prayerletters.com/dev/errors/429", readOn: "2026-11-22" }
const replacing: Quota.Source = {
  url: "https://www.prayerletters.com/dev/api/v1/contacts/PUT",
  readOn: "2026-11-22"
}
const updating: Quota.Source = {
  url: "https://www.prayerletters.com/dev/api/v3/contacts/:id/POST",
  readOn: "2026-11-22"
}

/**
 * What PrayerLetters promises to each token, "on a rolling basis": `hour` and `day` for every endpoint of its own, where
 * nothing else is known; and under an endpoint with a quota's name, what is known of it.
 */
export const quotas = {
  /** The page's example, which is taken for every endpoint whose limits are not published until a refusal tells them. */
  hour: Quota.rolling(50, "1 hour", { name: "hour", assumed: true, source: docs }),
  day: Quota.rolling(600, "1 day", { name: "day", assumed: true, source: docs }),
  /** "4 requests per hour, 12 requests per day". */
  "PUT /v1/contacts hour": Quota.rolling(4, "1 hour", { name: "hour", source: replacing }),
  "PUT /v1/contacts day": Quota.rolling(12, "1 day", { name: "day", source: replacing }),
  /** "200 requests per hour, 600 requests per day, 50 requests per day per ID". */
  "POST /v3/contacts/:id hour": Quota.rolling(200, "1 hour", { name: "hour", source: updating }),
  "POST /v3/contacts/:id day": Quota.rolling(600, "1 day", { name: "day", source: updating }),
  "POST /v3/contacts/:id contact-day": Quota.rolling(50, "1 day", { name: "contact-day", source: updating })
}

// --- Classify -----------------------------------------------------------------------------------

/** Requests allowed by interval; `contactDay` counts for each id in the path. What is left out stays as it is. */
export interface Allowance {
  readonly hour?: number
  readonly day?: number
  readonly contactDay?: number
}

/** What differs from what PrayerLetters publishes. */
export interface Limits {
  /**
   * What was granted to your client or token, "on a per-endpoint basis": `{ "GET /v1/contacts": { hour: 100, day: 1000 } }`.
   * Ids in a path are written `:id`.
   */
  readonly endpoints?: Readonly<Record<string, Allowance>> | undefined
}

const windows = { hour: "1 hour", day: "1 day", "contact-day": "1 day" } as const

const quotasWith = ({ endpoints = {} }: Limits): typeof quotas => {
  const granted: Record<string, Quota.Quota> = {}
  for (const [endpoint, { contactDay, day, hour }] of Object.entries(endpoints)) {
    if (!isEndpoint(endpoint)) {
      throw new Claim.ClaimError({
        field: "endpoints",
        rule: 'names such as "GET /v1/contacts" or "POST /v3/contacts/:id"',
        value: endpoint
      })
    }
    for (const [name, limit] of Object.entries({ hour, day, "contact-day": contactDay })) {
      if (limit === undefined) continue
      // The names are those of `windows`.
      granted[`${endpoint} ${name}`] = Quota.rolling(limit, windows[name as keyof typeof windows], { name })
    }
  }
  return { ...quotas, ...granted }
}

/** The quotas of a request's endpoint: its own, or the assumed ones. */
const quotasOf = (target: Target, own: typeof quotas) => {
  const byName: Quotas = own
  const endpoint = endpointOf(target)
  return {
    endpoint,
    hour: byName[`${endpoint} hour`] ?? own.hour,
    day: byName[`${endpoint} day`] ?? own.day,
    contactDay: byName[`${endpoint} contact-day`]
  }
}

const classify = (request: HttpClientRequest.HttpClientRequest, own: typeof quotas): ReadonlyArray<Claim.Draw> => {
  // It is refused whatever any counter says, and must cost nothing.
  if (TestHeaders.isForced(request.headers)) return []
  const target = { method: request.method, path: URL.parse(request.url, "https://x")?.pathname ?? request.url }
  const { contactDay, day, endpoint, hour } = quotasOf(target, own)
  return [
    Claim.need(hour, { within: endpoint }),
    Claim.need(day, { within: endpoint }),
    ...(contactDay ? [Claim.need(contactDay, { within: `${endpoint} ${contactOf(target)}` })] : []),
    ...TestHeaders.lowered(request.headers, [hour, day]).map((quota) =>
      Claim.need(quota, { within: `test:${quota.limit} ${endpoint}` })
    )
  ]
}

// --- Decode -------------------------------------------------------------------------------------

interface Body extends Omit<ReturnType<typeof read>, "limits"> {
  readonly limits: Readonly<Record<string, number>>
}

const bodyOf = (text: string): Body => {
  const body = read(text)
  return { ...body, limits: countsOf(body.limits) }
}

const countsOf = (limits: Option.Option<Readonly<Record<string, unknown>>>): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(Option.getOrElse(limits, () => ({}))).flatMap(([name, value]) => {
      const count = typeof value === "string" ? Number(value) : value
      return Predicate.isNumber(count) && Number.isInteger(count) && count >= 1 && count <= Quota.maxLimit
        ? [[name, count]]
        : []
    })
  )

/** Answers say nothing but their `Date`; a refusal tells the endpoint's limits, and nothing of when. */
const decodeWith =
  (own: typeof quotas) =>
  (wire: Wire): Decoded<PrayerLettersRateLimited> => {
    const serverDateMillis = Signal.date(wire.headers)
    const said: Signal.Signal = { readings: [], ...(serverDateMillis !== undefined && { serverDateMillis }) }
    if (wire.status !== 429) return { signal: said }
    const body = bodyOf(wire.body)
    const quota = exceededOf(wire, body, own)
    const learned = learnedOf(wire, body, quota, own)
    // PrayerLetters sends none, but somebody on the way may.
    const retry = Signal.retryAfter(wire.headers["retry-after"])
    const { common, signal } = Refusal.refused(
      "prayerletters",
      wire,
      { ...said, ...learned },
      {
        retry,
        quota: Option.fromUndefinedOr(quota),
        // The same header would be refused again.
        isRetryable: !TestHeaders.isForced(wire.request.headers ?? {})
      }
    )
    return { signal, refusal: refusal(common, body) }
  }

/** How the limit of a single contact is named is not told: by its number, or by a name that is no interval. */
const exceededOf = ({ request }: Wire, { limit_exceeded, limits }: Body, own: typeof quotas): string | undefined => {
  const name = Option.getOrUndefined(limit_exceeded)
  const { contactDay, day } = quotasOf(request, own)
  if (name === undefined || name === "hour" || contactDay === undefined) return name
  const told = limits["day"]
  return name !== "day" || (told === contactDay.published && told !== day.published) ? "contact-day" : name
}

/** What a test header provokes teaches nothing about what holds without it. */
const learnedOf = (
  { request }: Wire,
  { limit_exceeded, limits }: Body,
  quota: string | undefined,
  own: typeof quotas
): Pick<Signal.Signal, "closes" | "readings"> => {
  const { headers = {} } = request
  if (TestHeaders.isForced(headers)) return { readings: [], closes: [] }
  const { day, hour } = quotasOf(request, own)
  const lowered = TestHeaders.lowered(headers, [hour, day]).map(({ name }) => name)
  if (lowered.length > 0) {
    const isProvoked = quota === undefined || lowered.includes(TestHeaders.nameOf(quota))
    const provoked = quota === undefined ? lowered : [TestHeaders.nameOf(quota)]
    return { readings: [], closes: isProvoked ? provoked : [quota] }
  }
  const exceeded = Option.getOrUndefined(limit_exceeded)
  return {
    readings: Object.entries(limits)
      .map(([name, limit]) => ({ quota: name === exceeded && quota !== undefined ? quota : name, limit }))
      .filter(({ quota }) => Object.hasOwn(windows, quota)),
    ...(quota !== undefined && { closes: [quota] })
  }
}

// --- Refusal ------------------------------------------------------------------------------------

export { PrayerLettersRateLimited as RateLimited }

const refusal = (
  common: Refusal.Common,
  { error, limit_exceeded, limits, message, more_info, status }: Body
): PrayerLettersRateLimited =>
  new PrayerLettersRateLimited({
    ...common,
    status,
    error,
    limitExceeded: limit_exceeded,
    limits,
    serverMessage: message,
    moreInfo: more_info
  })

/** Retries refusals by exponential backoff, as the page advises; the limiter holds each back until its own log has room. */
export const retrySchedule = RetrySchedule.serverDirected({ maxElapsed: "2 days" })

// --- Layer --------------------------------------------------------------------------------------

/** PrayerLetters with limits of one's own. Throws `ClaimError` for an endpoint and `QuotaError` for a limit that cannot be. */
export const providerWith = (limits: Limits): Provider<PrayerLettersRateLimited, typeof quotas> => {
  const own = quotasWith(limits)
  return {
    id: "prayerletters",
    docs,
    retrySchedule,
    baseUrl: "https://www.prayerletters.com/api",
    authorization: "Bearer",
    quotas: own,
    classify,
    decode: decodeWith(own),
    reads: "errors",
    // "Queue the request to be retried later": the page counts on a refused request not having been carried out.
    repeatsRefused: () => true
  }
}

/** PrayerLetters as a value, with the limits that are published. */
export const provider = providerWith({})

/** An `HttpClient` that keeps to PrayerLetters' limits and whose errors tell PrayerLetters' refusals. */
export class Client extends Context.Service<Client, Pipeline.Client<PrayerLettersRateLimited>>()(
  "@sluice/providers/prayerletters/Client"
) {}

/** How the client is made: the token, and what differs from what PrayerLetters publishes. */
export interface Options extends Pipeline.Options<typeof quotas>, Limits {}

/** A client of one token; retries by `retrySchedule`. Throws `QuotaError` or `ClaimError` for limits that cannot be. */
export const make = (options: Options) => Pipeline.make(providerWith(options), options)

export const layer = (options: Options) => Layer.effect(Client, make(options))

/** The layer with options that may come from the configuration: `{ apiKey: Config.Redacted("PRAYERLETTERS_TOKEN") }`. */
export const layerConfig = (options: Pipeline.Configured<Options>) => Pipeline.layerConfig(layer, options)

// --- Test headers -------------------------------------------------------------------------------

export { forceRateLimit, limitTo } from "./TestHeaders.ts"
