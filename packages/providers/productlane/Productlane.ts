/**
 * Productlane's rate limits: what it promises, how its refusals are read, and a client that keeps to both.
 *
 * - https://productlane.mintlify.dev/docs/api-v2/rate-limits, read on 2026-11-22: limits, headers, refusal, waiting
 *
 * @example
 * ```ts
 * import { Productlane } from "@sluice/providers/productlane"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const productlane = yield* Productlane.Client
 *   const response = yield* productlane.get("/me")
 *   return yield* response.json
 * }).pipe(Effect.catchTag("ProductlaneRateLimited", (error) => Effect.logWarning(error.message)))
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
import { ProductlaneRateLimited, read } from "./RateLimited.ts"

// --- Quotas -------------------------------------------------------------------------------------

const docs: Quota.Source = { url: "https://productlane.mintlify.dev/docs/api-v2/rate-limits", readOn: "2026-11-22" }

/**
 * How "2x the above, over a 10-second window" is meant: twice the rate, so a third of the minute's number in 10 s
 * (`prorated`), or twice the number itself (`literal`), which could never be met before the minute's.
 */
export type Burst = "prorated" | "literal"

/** What Productlane promises to each key, with the burst as it is read. */
export const quotasWith = (burst: Burst) => {
  const [readsBurst, writesBurst] = burst === "prorated" ? [333, 20] : [2000, 120]
  return {
    /** "GET (reads): 1000 / minute". */
    reads: Quota.fixed(1000, "1 minute", { name: "reads", phase: "reset", slowBelow: 5, source: docs }),
    /** "POST / PATCH / DELETE (writes): 60 / minute". */
    writes: Quota.fixed(60, "1 minute", { name: "writes", phase: "reset", slowBelow: 5, source: docs }),
    /** "Burst: 2x the above, over a 10-second window". */
    readsBurst: Quota.rolling(readsBurst, "10 seconds", { name: "readsBurst", source: docs }),
    /** The same for writes. */
    writesBurst: Quota.rolling(writesBurst, "10 seconds", { name: "writesBurst", source: docs })
  }
}

/** What Productlane promises to each key, with a pro-rated burst. */
export const quotas = quotasWith("prorated")

// --- Classify -----------------------------------------------------------------------------------

type Class = "reads" | "writes"

const classOf = (method: string): Class => (method === "GET" ? "reads" : "writes")

const classify = ({ method }: HttpClientRequest.HttpClientRequest, own: typeof quotas): ReadonlyArray<Claim.Draw> =>
  classOf(method) === "reads"
    ? [Claim.need(own.reads), Claim.need(own.readsBurst)]
    : [Claim.need(own.writes), Claim.need(own.writesBurst)]

// --- Decode -------------------------------------------------------------------------------------

/** The headers carry the state of "the method class", and not of its burst. */
const decode = (wire: Wire): Decoded<ProductlaneRateLimited> => {
  const ownClass = classOf(wire.request.method)
  const said = Signal.fromHeaders(wire.headers, { quota: ownClass })
  if (wire.status !== 429) return { signal: said }
  const { error } = read(wire.body)
  // "Honour Retry-After literally": nothing was rounded.
  const retry = Signal.retryAfter(wire.headers["retry-after"], { rounding: "exact" })
  const { common, signal } = Refusal.refused("productlane", wire, said, {
    retry,
    quota: Option.flatMap(error, ({ details }) => quotaOf(ownClass, details)),
    requestId: Option.orElse(
      Option.flatMap(error, ({ request_id }) => request_id),
      () => Option.fromUndefinedOr(wire.headers["x-request-id"])
    )
  })
  return { signal, refusal: refusal(common, error) }
}

/** A window of ten seconds is the burst's. */
const quotaOf = (ownClass: Class, details: Details): Option.Option<string> =>
  Option.flatMap(details, (details) => ("window" in details ? details.window : Option.none())).pipe(
    Option.flatMap((window) =>
      window === "1m" ? Option.some(ownClass) : window === "10s" ? Option.some(`${ownClass}Burst`) : Option.none()
    )
  )

// --- Refusal ------------------------------------------------------------------------------------

export { ProductlaneRateLimited as RateLimited }

type Failure = ReturnType<typeof read>["error"]
type Details = ProductlaneRateLimited["details"]

const refusal = (common: Refusal.Common, error: Failure): ProductlaneRateLimited =>
  new ProductlaneRateLimited({
    ...common,
    code: Option.flatMap(error, ({ code }) => code),
    serverMessage: Option.flatMap(error, ({ message }) => message),
    details: Option.flatMap(error, ({ details }) => details)
  })

/** Retries refusals after the seconds that they tell and up to half a second more, bounded; stops on anything else. */
export const retrySchedule = RetrySchedule.serverDirected({ jitter: "500 millis" })

// --- Layer --------------------------------------------------------------------------------------

/** Productlane with its burst as it is read. */
export const providerWith = (burst: Burst): Provider<ProductlaneRateLimited, typeof quotas> => ({
  id: "productlane",
  docs,
  retrySchedule,
  baseUrl: "https://productlane.com/api/v2",
  authorization: "Bearer",
  quotas: quotasWith(burst),
  classify,
  decode,
  reads: "errors",
  // "Retry the same request."
  repeatsRefused: () => true
})

/** Productlane as a value, with a pro-rated burst. */
export const provider = providerWith("prorated")

/** An `HttpClient` that keeps to Productlane's limits and whose errors tell Productlane's refusals. */
export class Client extends Context.Service<Client, Pipeline.Client<ProductlaneRateLimited>>()(
  "@sluice/providers/productlane/Client"
) {}

/** How the client is made: the key, and what differs from what Productlane publishes. */
export interface Options extends Pipeline.Options<typeof quotas> {
  /** Default `"prorated"`. */
  readonly burst?: Burst | undefined
}

/** A client of one key; retries by `retrySchedule`. Throws `QuotaError` for quotas that cannot be. */
export const make = (options: Options) => Pipeline.make(providerWith(options.burst ?? "prorated"), options)

export const layer = (options: Options) => Layer.effect(Client, make(options))

/** The layer with options that may come from the configuration: `{ apiKey: Config.Redacted("PRODUCTLANE_API_KEY") }`. */
export const layerConfig = (options: Pipeline.Configured<Options>) => Pipeline.layerConfig(layer, options)

// --- Pages --------------------------------------------------------------------------------------

/** How a list is read. */
export interface PagesOptions<S> {
  /** What each item is; without it, items are `unknown`. */
  readonly item?: S
  /** Items a page, 200 at most and by default. */
  readonly limit?: number
}

/**
 * All items of a list, one request a page, by the cursor that each page gives.
 *
 * @example
 * ```ts
 * import { Productlane } from "@sluice/providers/productlane"
 * import { Schema } from "effect"
 *
 * const Thread = Schema.Struct({ id: Schema.String })
 * const threads = Productlane.pages("/threads", { item: Thread })
 * ```
 */
export const pages = <S extends Schema.ConstraintDecoder<unknown, unknown> = typeof Schema.Unknown>(
  path: string,
  options: PagesOptions<S> = {}
) => {
  const { item = Schema.Unknown, limit = 200 } = options
  const Page = Schema.Struct({
    // Where no schema is given, `S` is the schema of what is unknown.
    data: Schema.Array(item as S),
    page: Schema.Struct({ cursor: Schema.NullOr(Schema.String), has_more: Schema.Boolean })
  })
  return Paginate.stream({}, (position: Position) =>
    Client.use((client) => client.get(path, { urlParams: { limit, ...position } })).pipe(
      Effect.flatMap(HttpClientResponse.filterStatusOk),
      Effect.flatMap(HttpClientResponse.schemaBodyJson(Page)),
      Effect.map(({ data, page: { cursor, has_more } }) => ({
        items: data,
        next: has_more && cursor !== null ? { cursor } : undefined
      }))
    )
  )
}

interface Position {
  readonly cursor?: string
}
