/**
 * Clarifai's rate limits: what it promises, how its refusals are read, and a client that keeps to both.
 *
 * - https://docs.clarifai.com/api-guide/api-overview/rate-limits, read on 2026-11-22: limit, refusal, waiting
 * - https://docs.clarifai.com/api-guide/advanced-topics/status-codes, read on 2026-11-22: 11003, 11004, 11005
 *
 * @example
 * ```ts
 * import { Clarifai } from "@sluice/providers/clarifai"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const clarifai = yield* Clarifai.Client
 *   const response = yield* clarifai.get("/v2/models/types")
 *   return yield* response.json
 * }).pipe(Effect.catchTag("ClarifaiRateLimited", (error) => Effect.logWarning(error.message)))
 * ```
 */
import * as Claim from "@sluice/core/Claim"
import * as Paginate from "@sluice/core/Paginate"
import * as Pipeline from "@sluice/core/Pipeline"
import type { Decoded, Provider, Wire } from "@sluice/core/Provider"
import * as Quota from "@sluice/core/Quota"
import * as Refusal from "@sluice/core/RateLimited"
import * as RetrySchedule from "@sluice/core/RetrySchedule"
import * as Signal from "@sluice/core/Signal"
import { Context, Effect, Layer, Option, Schema } from "effect"
import { type HttpClientRequest, HttpClientResponse } from "effect/http"
import { ClarifaiRateLimited, read, type Status } from "./RateLimited.ts"

// --- Quotas -------------------------------------------------------------------------------------

const docs: Quota.Source = {
  url: "https://docs.clarifai.com/api-guide/api-overview/rate-limits",
  readOn: "2026-11-22"
}

/** "You wait for 15 seconds before retrying the requests." */
const waitMillis = 15_000

/**
 * What "halts processing additional requests until a designated time interval has elapsed" means: until the second has
 * room again (`rolling`), or for the 15 seconds that it says to wait, anew with each request in between (`penalty`).
 */
export type Reading = "rolling" | "penalty"

/** What Clarifai promises, with the halt as it is read. */
export const quotasWith = (reading: Reading) => ({
  /** "15 requests per second for all users, regardless of the pricing plan"; a customized one is told by `quotas`. */
  requests: Quota.rolling(15, "1 second", {
    name: "requests",
    source: docs,
    ...(reading === "penalty" && { penalty: waitMillis })
  })
})

/** What Clarifai promises, with a second that rolls. */
export const quotas = quotasWith("rolling")

// --- Classify -----------------------------------------------------------------------------------

const classify = (_request: HttpClientRequest.HttpClientRequest, own: typeof quotas): ReadonlyArray<Claim.Draw> => [
  Claim.need(own.requests)
]

/**
 * What one call of any kind needs, for `RateLimiter.withPermit`: gRPC draws on the same second as HTTP. It shares the
 * slots of a client that was made with the same `partition`; a client without one takes a hash of its key.
 */
export const claim = (partition: string, options: Pick<Options, "quotas" | "reading"> = {}): Claim.Claim => {
  const { requests } = { ...quotasWith(options.reading ?? "rolling"), ...options.quotas }
  return Claim.make({
    origin: "clarifai",
    partition,
    needs: [Claim.need(Quota.named(requests, quotas.requests.name))]
  })
}

// --- Decode -------------------------------------------------------------------------------------

type Limit = "requests" | "hourly" | "monthly"

const limits = new Map<string, Limit>([
  ["11003", "hourly"],
  ["CONN_EXCEED_HOURLY_LIMIT", "hourly"],
  ["11004", "monthly"],
  ["CONN_EXCEED_MONTHLY_LIMIT", "monthly"],
  ["11005", "requests"],
  ["CONN_THROTTLED", "requests"]
])

const limitOf = (status: Status): Limit | undefined =>
  Option.getOrUndefined(Option.flatMap(status, ({ code }) => code).pipe(Option.map((code) => limits.get(String(code)))))

/** Most answers are no refusals and need not be parsed. */
const mayRefuse = /1100[345]|CONN_(THROTTLED|EXCEED_)/

/** Answers say nothing but their `Date`; a refusal is known by its code, whatever its HTTP status. */
const decode = (wire: Wire): Decoded<ClarifaiRateLimited> => {
  const serverDateMillis = Signal.date(wire.headers)
  const said: Signal.Signal = { readings: [], ...(serverDateMillis !== undefined && { serverDateMillis }) }
  if (wire.status !== 429 && !mayRefuse.test(wire.body)) return { signal: said }
  const { status } = read(wire.body)
  const limit = limitOf(status) ?? (wire.status === 429 ? "requests" : undefined)
  if (limit === undefined) return { signal: said }
  return refused(wire, limit, status, said, Signal.retryAfter(wire.headers["retry-after"]))
}

/**
 * Reads the `status` of a gRPC response, which is a plain object with keys as in the API or in camel case. A throttled call
 * is an RPC without an error, so look at what it gave. `retryAt` is told only if `receivedAtMillis` is.
 *
 * @example
 * ```ts
 * import { RateLimiter, Signal } from "@sluice/core"
 * import { Clarifai } from "@sluice/providers/clarifai"
 * import { Effect, Exit } from "effect"
 *
 * declare const call: Effect.Effect<{ readonly status: { readonly code: number } }>
 *
 * const predict = RateLimiter.withPermit(call, Clarifai.claim("acme"), {
 *   decode: (exit) => (Exit.isSuccess(exit) ? Clarifai.decodeStatus(exit.value.status).signal : Signal.none)
 * })
 * ```
 */
export const decodeStatus = (status: unknown, receivedAtMillis?: number): Decoded<ClarifaiRateLimited> => {
  const raw = textOf(status)
  const found = read(`{"status":${raw}}`).status
  const limit = limitOf(found)
  if (limit === undefined) return { signal: Signal.none }
  const answer = { body: raw.slice(0, maxRaw), receivedAtMillis }
  const { refusal, signal } = refused(answer, limit, found, Signal.none)
  return { refusal, signal: { ...signal, isRefusal: true } }
}

const maxRaw = 65_536

const textOf = (status: unknown): string => {
  try {
    return JSON.stringify(status, (_key, value) => (typeof value === "bigint" ? String(value) : value)) ?? "null"
  } catch {
    return "null"
  }
}

// --- Refusal ------------------------------------------------------------------------------------

export { ClarifaiRateLimited as RateLimited }

const refused = (
  { body, receivedAtMillis }: { readonly body: string; readonly receivedAtMillis: number | undefined },
  limit: Limit,
  status: Status,
  said: Signal.Signal,
  retry?: Signal.Instant
): Required<Decoded<ClarifaiRateLimited>> => {
  const wire = { body, receivedAtMillis: receivedAtMillis ?? 0 }
  const details = Option.flatMap(status, ({ details }) => details)
  const perSecond = limit === "requests" ? Option.flatMap(details, perSecondOf) : Option.none()
  const readings = Option.toArray(Option.map(perSecond, (limit) => ({ quota: "requests", limit })))
  const { common, signal } = Refusal.refused(
    "clarifai",
    wire,
    { ...said, readings, closes: ["requests"] },
    {
      quota: Option.some(limit),
      retry: limit === "requests" ? laterOf(retry, said, wire.receivedAtMillis) : retry,
      requestId: Option.flatMap(status, ({ reqId, req_id }) => Option.orElse(req_id, () => reqId)),
      // Who is told that a month is spent is told so again until it is over.
      isRetryable: limit !== "monthly"
    }
  )
  return {
    signal,
    refusal: new ClarifaiRateLimited({
      ...common,
      ...(receivedAtMillis === undefined && { retryAt: Option.none() }),
      code: Option.flatMap(status, ({ code }) => code),
      description: Option.flatMap(status, ({ description }) => description),
      details,
      limit: perSecond
    })
  }
}

/** "Exceeded limit of 15 requests per second": the limit that is in force, whatever is published. */
const perSecondOf = (details: string): Option.Option<number> => {
  // Bounded, and only at the beginning of a number: the time it takes grows no faster than the text.
  const perSecond = Number(/(?<![\d.,])(\d{1,7}) requests per second/.exec(details)?.[1])
  return perSecond >= 1 && perSecond <= Quota.maxLimit ? Option.some(perSecond) : Option.none()
}

/** The page's own wait, unless somebody on the way tells a longer one. */
const laterOf = (retry: Signal.Instant | undefined, said: Signal.Signal, receivedAtMillis: number): Signal.Instant => {
  const own: Signal.Instant = { kind: "after", millis: waitMillis, toleranceMillis: 0 }
  if (retry === undefined) return own
  const startsAt = retry.kind === "after" ? 0 : (said.serverDateMillis ?? receivedAtMillis)
  return retry.millis - startsAt > waitMillis ? retry : own
}

/** Retries refusals after 15 seconds, those of the hour after a backoff, both bounded; stops on those of the month and on anything else. */
export const retrySchedule = RetrySchedule.serverDirected()

// --- Layer --------------------------------------------------------------------------------------

/** Clarifai with its halt as it is read. */
export const providerWith = (reading: Reading): Provider<ClarifaiRateLimited, typeof quotas> => ({
  id: "clarifai",
  docs,
  retrySchedule,
  baseUrl: "https://api.clarifai.com",
  authorization: "Key",
  quotas: quotasWith(reading),
  classify,
  decode,
  reads: "json",
  // "Wait for 15 seconds before retrying the requests": of any kind.
  repeatsRefused: () => true
})

/** Clarifai as a value, with a second that rolls. */
export const provider = providerWith("rolling")

/** An `HttpClient` that keeps to Clarifai's limit and whose errors tell Clarifai's refusals. */
export class Client extends Context.Service<Client, Pipeline.Client<ClarifaiRateLimited>>()(
  "@sluice/providers/clarifai/Client"
) {}

/** How the client is made: the key, and what differs from what Clarifai publishes. */
export interface Options extends Pipeline.Options<typeof quotas> {
  /** Default `"rolling"`. A `quotas.requests` of one's own says its penalty itself. */
  readonly reading?: Reading | undefined
}

/** A client of one key; retries by `retrySchedule`. Throws `QuotaError` for limits that cannot be. */
export const make = (options: Options) => Pipeline.make(providerWith(options.reading ?? "rolling"), options)

export const layer = (options: Options) => Layer.effect(Client, make(options))

/** The layer with options that may come from the configuration: `{ apiKey: Config.Redacted("CLARIFAI_PAT") }`. */
export const layerConfig = (options: Pipeline.Configured<Options>) => Pipeline.layerConfig(layer, options)

// --- Pages --------------------------------------------------------------------------------------

/** How a list is read. */
export interface PagesOptions<S> {
  /** The field of the answer that holds the items: `model_types`, `inputs`, `concepts`. */
  readonly items: string
  /** What each item is; without it, items are `unknown`. */
  readonly item?: S
  /** Items a page, 1 to 1000 and by default 128. */
  readonly perPage?: number
}

/**
 * All items of a `GET` list, one request a page, by `page` and `per_page`; a page that is not full is the last one. An
 * answer whose `status` is no success fails with a `SchemaError`. Throws `RangeError` for a `perPage` that cannot be.
 *
 * @example
 * ```ts
 * import { Clarifai } from "@sluice/providers/clarifai"
 *
 * const types = Clarifai.pages("/v2/models/types", { items: "model_types" })
 * ```
 */
export const pages = <S extends Schema.ConstraintDecoder<unknown, unknown> = typeof Schema.Unknown>(
  path: string,
  options: PagesOptions<S>
) => {
  const { item = Schema.Unknown, perPage = 128 } = options
  // The server would cut a larger number, and a page of fewer items be taken for the last one.
  if (!(Number.isInteger(perPage) && perPage >= 1 && perPage <= 1000)) {
    throw new RangeError(`Clarifai.pages: perPage takes a whole number from 1 to 1000, but was given ${perPage}.`)
  }
  const Page = Schema.Struct({
    status: Schema.Struct({ code: Schema.Literals([10000, 10001, 10002, "SUCCESS"]) }),
    // An empty list may be left out. Where no schema is given, `S` is the schema of what is unknown.
    items: Schema.optionalKey(Schema.Array(item as S))
  }).pipe(Schema.encodeKeys({ items: options.items }))
  return Paginate.stream(1, (page) =>
    Client.use((client) => client.get(path, { urlParams: { page, per_page: perPage } })).pipe(
      Effect.flatMap(HttpClientResponse.filterStatusOk),
      Effect.flatMap(HttpClientResponse.schemaBodyJson(Page)),
      Effect.map(({ items = [] }) => ({ items, next: items.length < perPage ? undefined : page + 1 }))
    )
  )
}
