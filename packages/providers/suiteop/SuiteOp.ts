/**
 * SuiteOp's rate limits: what it promises, how its refusals are read, and a client that keeps to both.
 *
 * - https://help-new.suiteop.com/api/rate-limits/, read on 2026-11-22: limits, headers, refusal, waiting
 * - https://help-new.suiteop.com/api/idempotency/, read on 2026-11-22: what may be sent again
 *
 * @example
 * ```ts
 * import { SuiteOp } from "@sluice/providers/suiteop"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const suiteop = yield* SuiteOp.Client
 *   const response = yield* suiteop.get("/api/v1/tasks")
 *   return yield* response.json
 * }).pipe(Effect.catchTag("SuiteOpRateLimited", (error) => Effect.logWarning(error.message)))
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
import { SecureRandom } from "effect/crypto"
import { HttpClientRequest, HttpClientResponse } from "effect/http"
import { read, SuiteOpRateLimited } from "./RateLimited.ts"

// --- Quotas -------------------------------------------------------------------------------------

const docs: Quota.Source = { url: "https://help-new.suiteop.com/api/rate-limits/", readOn: "2026-11-22" }

/** What SuiteOp promises to each key. */
export const quotas = {
  /** "1,000 requests per minute per API key", "over a rolling 60-second window"; below 50 left it is spread evenly. */
  sustained: Quota.rolling(1000, "60 seconds", { name: "sustained", slowBelow: 50, source: docs }),
  /** "50 requests per second per API key". */
  burst: Quota.rolling(50, "1 second", { name: "burst", source: docs })
}

// --- Classify -----------------------------------------------------------------------------------

const classify = (_request: HttpClientRequest.HttpClientRequest, own: typeof quotas): ReadonlyArray<Claim.Draw> => [
  Claim.need(own.sustained),
  Claim.need(own.burst)
]

// --- Decode -------------------------------------------------------------------------------------

/** The headers do not say which window they mean; the number of requests that it allows does. */
const windowOf = (limit: number | undefined) => (limit === quotas.burst.limit ? "burst" : "sustained")

const decode = (wire: Wire): Decoded<SuiteOpRateLimited> => {
  const spoken = Signal.fromHeaders(wire.headers)
  const readings = spoken.readings.map((reading) => ({ ...reading, quota: reading.quota ?? windowOf(reading.limit) }))
  const said: Signal.Signal = { ...spoken, readings }
  if (wire.status !== 429) return { signal: said }
  const spent = readings.find(({ remaining }) => remaining === 0)
  // "Wait exactly Retry-After seconds": nothing was rounded.
  const retry = Signal.retryAfter(wire.headers["retry-after"], { rounding: "exact" })
  const { error, meta } = read(wire.body)
  const { common, signal } = Refusal.refused("suiteop", wire, said, {
    retry,
    quota: Option.fromUndefinedOr(spent?.quota),
    requestId: Option.flatMap(meta, ({ requestId }) => requestId)
  })
  return { signal, refusal: refusal(common, error, spent ?? readings[0]) }
}

// --- Refusal ------------------------------------------------------------------------------------

export { SuiteOpRateLimited as RateLimited }

type Failure = ReturnType<typeof read>["error"]

const refusal = (common: Refusal.Common, error: Failure, reading: Signal.Reading | undefined): SuiteOpRateLimited =>
  new SuiteOpRateLimited({
    ...common,
    type: Option.flatMap(error, ({ type }) => type),
    code: Option.flatMap(error, ({ code }) => code),
    serverMessage: Option.flatMap(error, ({ message }) => message),
    limit: Option.fromUndefinedOr(reading?.limit),
    remaining: Option.fromUndefinedOr(reading?.remaining)
  })

/** Retries refusals after exactly the seconds that they tell, bounded; stops on anything else. */
export const retrySchedule = RetrySchedule.serverDirected()

// --- Layer --------------------------------------------------------------------------------------

const idempotencyKey = "idempotency-key"

/** Where a key lives. */
export type Region = "us" | "eu"

/** SuiteOp in a region. */
export const providerIn = (region: Region): Provider<SuiteOpRateLimited, typeof quotas> => ({
  id: "suiteop",
  docs,
  retrySchedule,
  baseUrl: `https://api-${region}.suiteop.com`,
  authorization: "Bearer",
  quotas,
  classify,
  decode,
  reads: "errors",
  // "GET, PATCH, PUT, and DELETE requests are naturally idempotent", and a POST is with its key.
  repeatsRefused: ({ headers, method }) => method !== "POST" || headers[idempotencyKey] !== undefined,
  idempotency: { header: idempotencyKey, keptFor: "1 day" },
  prepare: (request) =>
    request.method !== "POST" || request.headers[idempotencyKey] !== undefined
      ? Effect.succeed(request)
      : Effect.sync(() => HttpClientRequest.setHeader(request, idempotencyKey, SecureRandom.uuidV4Unsafe()))
})

/** SuiteOp as a value, in the United States. */
export const provider = providerIn("us")

/** An `HttpClient` that keeps to SuiteOp's limits and whose errors tell SuiteOp's refusals. */
export class Client extends Context.Service<Client, Pipeline.Client<SuiteOpRateLimited>>()(
  "@sluice/providers/suiteop/Client"
) {}

/** How the client is made: the key, where it lives, and what differs from what SuiteOp publishes. */
export interface Options extends Pipeline.Options<typeof quotas> {
  /** Default `"us"`. */
  readonly region?: Region | undefined
}

/** A client of one key; retries by `retrySchedule`. Throws `QuotaError` for quotas that cannot be. */
export const make = (options: Options) => Pipeline.make(providerIn(options.region ?? "us"), options)

export const layer = (options: Options) => Layer.effect(Client, make(options))

/** The layer with options that may come from the configuration: `{ apiKey: Config.Redacted("SUITEOP_API_KEY") }`. */
export const layerConfig = (options: Pipeline.Configured<Options>) => Pipeline.layerConfig(layer, options)

// --- Pages --------------------------------------------------------------------------------------

/** How a list is read. */
export interface PagesOptions<S> {
  /** What each item is; without it, items are `unknown`. */
  readonly item?: S
  /** Items a page, 100 at most and by default. */
  readonly limit?: number
}

/**
 * All items of a list, one request a page, by offset.
 *
 * @example
 * ```ts
 * import { SuiteOp } from "@sluice/providers/suiteop"
 * import { Schema } from "effect"
 *
 * const Task = Schema.Struct({ id: Schema.String })
 * const tasks = SuiteOp.pages("/api/v1/tasks", { item: Task })
 * ```
 */
export const pages = <S extends Schema.ConstraintDecoder<unknown, unknown> = typeof Schema.Unknown>(
  path: string,
  options: PagesOptions<S> = {}
) => {
  const { item = Schema.Unknown, limit = 100 } = options
  // Where no schema is given, `S` is the schema of what is unknown.
  const Page = Schema.Struct({
    data: Schema.Array(item as S),
    meta: Schema.Struct({ pagination: Schema.Struct({ total: Schema.Int }) })
  })
  return Paginate.stream(0, (offset) =>
    Client.use((client) => client.get(path, { urlParams: { limit, offset } })).pipe(
      Effect.flatMap(HttpClientResponse.filterStatusOk),
      Effect.flatMap(HttpClientResponse.schemaBodyJson(Page)),
      Effect.map(({ data, meta }) => {
        const next = offset + data.length
        return { items: data, next: data.length > 0 && next < meta.pagination.total ? next : undefined }
      })
    )
  )
}
