/**
 * PrayerLetters' rate limits: what it promises, how its refusals are read, and a client that keeps to both.
 *
 * - https://www.prayerletters.com/dev/errors/429, read on 2026-11-22: refusal, rolling windows, test headers, an example of limits
 * - https://www.prayerletters.com/dev/, read on 2026-11-22: limits of single endpoints
 *
 * @example
 * ```ts
 * const program = Effect.gen(function*() {
 *   const prayerLetters = yield* PrayerLetters.Client
 *   const response = yield* prayerLetters.get("/v1/contacts")
 *   return yield* response.json
 * }).pipe(Effect.catchTag("PrayerLettersRateLimited", (error) => Effect.logWarning(error.message)))
 * ```
 */
import * as Claim from "@sluice/core/Claim"
import * as Pipeline from "@sluice/core/Pipeline"
import type { Decoded, Provider, Wire } from "@sluice/core/Provider"
import * as Quota from "@sluice/core/Quota"
import * as RetrySchedule from "@sluice/core/RetrySchedule"
import * as Signal from "@sluice/core/Signal"
import { Context, Effect, Layer, Option, Predicate } from "effect"
import { HttpClientRequest } from "effect/http"
import { type Allowances, type Endpoint, finder } from "./Endpoints.ts"
import { PrayerLettersRateLimited, read } from "./RateLimited.ts"

// --- Quotas -------------------------------------------------------------------------------------

const docs: Quota.Source = { url: "https://www.prayerletters.com/dev/errors/429", readOn: "2026-11-22" }

/** What an endpoint is taken to allow of which nothing is known: the numbers of the page's example. */
export const quotas = {
  hour: Quota.rolling(50, "1 hour", { name: "hour", assumed: true, source: docs }),
  day: Quota.rolling(600, "1 day", { name: "day", assumed: true, source: docs })
}

export { type Allowance, type Allowances, published } from "./Endpoints.ts"

// --- Classify -----------------------------------------------------------------------------------

type Find = (method: string, path: string) => Endpoint

const pathOf = (url: string) => URL.parse(url, "https://www.prayerletters.com")?.pathname ?? url

const classifyWith =
  (find: Find) =>
  ({ headers, method, url }: HttpClientRequest.HttpClientRequest, own: typeof quotas): ReadonlyArray<Claim.Draw> => {
    const endpoint = find(method, pathOf(url))
    const known = endpoint.quotas ?? { ...own, contactDay: undefined }
    const draw = (quota: Quota.Quota | undefined, header: string, within: string): ReadonlyArray<Claim.Draw> => {
      if (!quota) return []
      const mode = modeOf(headers)
      return [Claim.need(mode === "" ? quota : lowered(quota, headers[header]), { within: mode + within })]
    }
    return [
      ...draw(known.hour, limitHeaders.hour, endpoint.name),
      ...draw(known.day, limitHeaders.day, endpoint.name),
      ...draw(known.contactDay, "", `${endpoint.name} ${endpoint.resource}`)
    ]
  }

// --- Decode -------------------------------------------------------------------------------------

const intervals = ["hour", "day"] as const

const decodeWith =
  (find: Find) =>
  (wire: Wire): Decoded<PrayerLettersRateLimited> => {
    const serverDateMillis = Signal.date(wire.headers)
    const said: Signal.Signal = { readings: [], ...(serverDateMillis !== undefined && { serverDateMillis }) }
    if (wire.status !== 429) return { signal: said }
    const body = read(wire.body)
    const limits = countsOf(body.limits)
    const exceeded = exceededBy(find(wire.request.method, wire.request.path), body.limit_exceeded, limits)
    const readings = intervals.flatMap((interval) => {
      const limit = limits[interval]
      const quota = interval === "day" && exceeded === "contact-day" ? exceeded : interval
      return limit === undefined ? [] : [{ quota, limit }]
    })
    return {
      // It is not told when to come back: the limiter's own log knows, or a backoff has to do.
      signal: { ...said, readings, ...(exceeded !== undefined && { closes: [exceeded] }) },
      refusal: refusal(wire, body, limits, exceeded)
    }
  }

/** Which of the endpoint's quotas was exceeded. A day of fifty is a contact's where contacts have a limit of their own. */
const exceededBy = (
  { quotas: own }: Endpoint,
  named: Option.Option<string>,
  limits: Readonly<Record<string, number>>
): string | undefined => {
  const name = Option.getOrUndefined(named)
  const contact = own?.contactDay
  if (name === "day" && contact && limits["day"] === contact.limit && limits["day"] !== own.day?.limit)
    return contact.name
  if (name === "hour" || name === "day") return name
  return name !== undefined && contact ? contact.name : undefined
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

// --- Refusal ------------------------------------------------------------------------------------

export { PrayerLettersRateLimited as RateLimited }

const refusal = (
  wire: Wire,
  body: ReturnType<typeof read>,
  limits: Readonly<Record<string, number>>,
  exceeded: string | undefined
): PrayerLettersRateLimited =>
  new PrayerLettersRateLimited({
    provider: "prayerletters",
    quota: Option.fromUndefinedOr(exceeded),
    retryAt: Option.none(),
    retryAfter: Option.none(),
    requestId: Option.none(),
    isRetryable: true,
    raw: wire.body,
    status: body.status,
    error: body.error,
    limitExceeded: body.limit_exceeded,
    limits,
    serverMessage: body.message,
    moreInfo: body.more_info
  })

/** Retries refusals by exponential backoff, as the page advises; the limiter holds each back until its own log has room. */
export const retrySchedule = RetrySchedule.serverDirected({ maxElapsed: "2 days" })

// --- Test headers -------------------------------------------------------------------------------

const forceHeader = "x-ratelimit"
const limitHeaders = { hour: "x-ratelimit-hour", day: "x-ratelimit-day" }

/** Asks the server to refuse this request whatever its limits are. Uses counters of its own, as all test headers do. */
export const forceRateLimit = HttpClientRequest.setHeader(forceHeader, "1")

/**
 * Asks the server to hold this request to a lower limit than the endpoint's own, which tests both the working and the
 * limited case. Ignored where the endpoint has no such interval or allows less. Throws `QuotaError`.
 */
export const limitTo = (interval: "hour" | "day", limit: number) =>
  HttpClientRequest.setHeader(limitHeaders[interval], String(Quota.rolling(limit, "1 hour").limit))

/** Names the counters of a request with test headers, each combination its own; empty for a live request. */
const modeOf = (headers: Readonly<Record<string, string | undefined>>): string => {
  const given = [forceHeader, limitHeaders.hour, limitHeaders.day].filter((name) => isSet(headers[name]))
  return given.length === 0 ? "" : `test:${given.map((name) => `${name}=${headers[name]}`).join(",")}:`
}

const isSet = (value: string | undefined) => value !== undefined && value.trim() !== "" && value.trim() !== "0"

const lowered = (quota: Quota.Quota, header: string | undefined): Quota.Quota => {
  const limit = /^\s*\d{1,7}\s*$/.test(header ?? "") ? Number(header) : NaN
  return limit >= 1 && limit < quota.limit ? Quota.make({ ...Quota.definition(quota), limit, published: limit }) : quota
}

// --- Layer --------------------------------------------------------------------------------------

/** What differs from what PrayerLetters publishes. */
export interface Limits {
  /** What was granted to your client or token, by endpoint. */
  readonly endpoints?: Allowances | undefined
}

/** PrayerLetters with allowances of one's own. Throws `ClaimError` and `QuotaError` for those that cannot be. */
export const providerWith = (limits: Limits): Provider<PrayerLettersRateLimited, typeof quotas> => {
  const find = finder(limits.endpoints ?? {})
  return {
    id: "prayerletters",
    docs,
    baseUrl: "https://www.prayerletters.com/api",
    authorization: "Bearer",
    quotas,
    classify: classifyWith(find),
    decode: decodeWith(find),
    reads: "errors",
    // "Queue the request to be retried later": the page counts on a refused request not having been carried out.
    repeatsRefused: () => true,
    // A refusal that was asked for comes again with every repetition.
    around: Effect.succeed((attempt, { headers }) =>
      isSet(headers[forceHeader])
        ? Effect.mapError(attempt, (error) =>
            error._tag === "PrayerLettersRateLimited"
              ? new PrayerLettersRateLimited({ ...error, isRetryable: false })
              : error
          )
        : attempt
    )
  }
}

/** PrayerLetters as a value. */
export const provider = providerWith({})

/** An `HttpClient` that keeps to PrayerLetters' limits and whose errors tell PrayerLetters' refusals. */
export class Client extends Context.Service<Client, Pipeline.Client<PrayerLettersRateLimited>>()(
  "@sluice/providers/prayerletters/Client"
) {}

/** How the client is made: the token, and what differs from what PrayerLetters publishes. */
export interface Options extends Pipeline.Options<typeof quotas>, Limits {}

/** A client of one token; retries by `retrySchedule`. Throws `QuotaError` for quotas that cannot be. */
export const make = (options: Options) =>
  Pipeline.make(providerWith(options), { ...options, retry: options.retry ?? retrySchedule })

export const layer = (options: Options) => Layer.effect(Client, make(options))

/** The layer with options that may come from the configuration: `{ apiKey: Config.Redacted("PRAYERLETTERS_TOKEN") }`. */
export const layerConfig = (options: Pipeline.Configured<Options>) => Pipeline.layerConfig(layer, options)
