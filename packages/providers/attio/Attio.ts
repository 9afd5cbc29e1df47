/**
 * Attio's rate limits: what it promises, how its refusals are read, and a client that keeps to both.
 *
 * - https://docs.attio.com/rest-api/how-to/rate-limiting, read on 2026-11-22: limits, refusal, waiting
 * - https://docs.attio.com/rest-api/guides/rate-limiting, read on 2026-11-22: limits by the score of queries
 *
 * @example
 * ```ts
 * import { Attio } from "@sluice/providers/attio"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const attio = yield* Attio.Client
 *   const response = yield* attio.get("/v2/self")
 *   return yield* response.json
 * }).pipe(Effect.catchTag("AttioRateLimited", (error) => Effect.logWarning(error.message)))
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
import { HttpClientRequest, HttpClientResponse } from "effect/http"
import { AttioRateLimited, extraOf, read } from "./RateLimited.ts"
import * as TooComplex from "./TooComplex.ts"

// --- Quotas -------------------------------------------------------------------------------------

const docs: Quota.Source = { url: "https://docs.attio.com/rest-api/how-to/rate-limiting", readOn: "2026-11-22" }
const scores: Quota.Source = { url: "https://docs.attio.com/rest-api/guides/rate-limiting", readOn: "2026-11-22" }

/**
 * What Attio promises. A refusal ends with "the next clock second", so its windows are clock seconds.
 *
 * The page does not say whose limit it is; it is taken for the key's, and another is named by `partition`.
 */
export const quotas = {
  /** "100 requests per second for read requests". */
  reads: Quota.fixed(100, "1 second", { name: "reads", phase: "clock", source: docs }),
  /** "25 requests per second for write requests". */
  writes: Quota.fixed(25, "1 second", { name: "writes", phase: "clock", source: docs }),
  /** The sum of the scores of queries over a sliding 10 s, in the whole workspace; its budget is not published. */
  queries: Quota.unpublished("10 seconds", { name: "queries", source: scores })
}

// --- Classify -----------------------------------------------------------------------------------

/** What Attio's own limits depend on beyond the key. */
export interface Limits {
  /**
   * Lower limits of single endpoints, "documented on the endpoint": `{ "GET /v2/notes": Quota.fixed(...) }`. Parts of the
   * path in braces stand for anything. They hold on top of the general ones.
   */
  readonly endpoints?: Readonly<Record<string, Quota.Quota>>
  /** Names the workspace, so that all clients of it share its limit of scores; by default each key has its own. */
  readonly workspace?: string
}

type Kind = "reads" | "writes" | "queries"
interface Target {
  readonly method: string
  readonly path: string
}

const scored = /(^|\/)v2\/(objects\/[^/]+\/records|lists\/[^/]+\/entries)\/query\/?$/
const readsByPost = /\/(query|search)\/?$/

const kindOf = ({ method, path }: Target): Kind => {
  if (method === "GET") return "reads"
  if (method !== "POST") return "writes"
  return scored.test(path) ? "queries" : readsByPost.test(path) ? "reads" : "writes"
}

const targetOf = ({ method, url }: HttpClientRequest.HttpClientRequest): Target => ({
  method,
  path: URL.parse(url, "https://api.attio.com")?.pathname ?? url
})

/** A read needs no look at its path. */
const kindOfRequest = (request: HttpClientRequest.HttpClientRequest): Kind =>
  request.method === "GET" ? "reads" : kindOf(targetOf(request))

/** Which requests an endpoint such as `GET /v2/notes` means; throws `ClaimError`. */
const matcherOf = (endpoint: string): ((target: Target) => boolean) => {
  const [, method, template] = /^([A-Z]+) (\/[^\s?#]+)$/.exec(endpoint) ?? []
  if (method === undefined || template === undefined) {
    throw new Claim.ClaimError({ field: "endpoints", rule: 'names such as "GET /v2/notes"', value: endpoint })
  }
  const parts = partsOf(template)
  return (target) => {
    const given = partsOf(target.path).slice(-parts.length)
    return (
      target.method === method &&
      given.length === parts.length &&
      parts.every((part, i) => part === given[i] || /^\{.*\}$/.test(part))
    )
  }
}
const partsOf = (path: string) => path.split("/").filter((part) => part !== "")

const classifyWith = (limits: Limits) => {
  const endpoints = Object.entries(limits.endpoints ?? {}).map(([endpoint, quota]) => ({
    matches: matcherOf(endpoint),
    draw: Claim.need(quota, { within: endpoint })
  }))
  return (request: HttpClientRequest.HttpClientRequest, own: typeof quotas): ReadonlyArray<Claim.Draw> => {
    const kind = kindOfRequest(request)
    const target = endpoints.length > 0 ? targetOf(request) : undefined
    return [
      Claim.need(kind === "writes" ? own.writes : own.reads),
      ...(kind === "queries" ? [Claim.need(own.queries, { partition: limits.workspace })] : []),
      ...endpoints.filter(({ matches }) => target && matches(target)).map(({ draw }) => draw)
    ]
  }
}

// --- Decode -------------------------------------------------------------------------------------

/** Answers say nothing but their `Date`. */
const decode = (wire: Wire): Decoded<AttioRateLimited> => {
  const serverDateMillis = Signal.date(wire.headers)
  const said: Signal.Signal = { readings: [], ...(serverDateMillis !== undefined && { serverDateMillis }) }
  if (wire.status !== 429) return { signal: said }
  // Reads are never exceeded, so that a refused query has met the limit of scores.
  const kind = kindOf(wire.request)
  // The date is itself the clock second on which the limit resets: nothing was rounded.
  const retry = Signal.retryAfter(wire.headers["retry-after"], { rounding: "exact" })
  const { common, signal } = Refusal.refused("attio", wire, said, { quota: Option.some(kind), retry })
  return { signal, refusal: refusal(common) }
}

// --- Refusal ------------------------------------------------------------------------------------

export { AttioRateLimited as RateLimited }

const refusal = (common: Refusal.Common): AttioRateLimited => {
  const { code, message, status_code, type, ...rest } = read(common.raw)
  return new AttioRateLimited({
    ...common,
    statusCode: status_code,
    type,
    code,
    serverMessage: message,
    extra: extraOf(rest)
  })
}

/**
 * Retries refusals when the date says, bounded; stops on anything else and on a query that is too complex in itself.
 */
export const retrySchedule = RetrySchedule.serverDirected()

// --- Layer --------------------------------------------------------------------------------------

/** Attio with limits of one's own. Throws `ClaimError` if an endpoint is not one. */
export const providerWith = (limits: Limits): Provider<AttioRateLimited, typeof quotas> => ({
  id: "attio",
  docs,
  retrySchedule,
  baseUrl: "https://api.attio.com",
  authorization: "Bearer",
  quotas,
  classify: classifyWith(limits),
  decode,
  reads: "errors",
  // "A rate limited response means that we have not processed the request, so it can be safely retried."
  repeatsRefused: () => true,
  around: TooComplex.make((request) => kindOfRequest(request) === "queries")
})

/** Attio as a value: quotas, classify, decode and what is read from a sequence of refusals. */
export const provider = providerWith({})

/** An `HttpClient` that keeps to Attio's limits and whose errors tell Attio's refusals. */
export class Client extends Context.Service<Client, Pipeline.Client<AttioRateLimited>>()(
  "@sluice/providers/attio/Client"
) {}

/** How the client is made: the key, and what differs from what Attio publishes. */
export interface Options extends Pipeline.Options<typeof quotas>, Limits {}

/** A client of one key; retries by `retrySchedule`. Throws `QuotaError` or `ClaimError` for limits that cannot be. */
export const make = (options: Options) => Pipeline.make(providerWith(options), options)

export const layer = (options: Options) => Layer.effect(Client, make(options))

/** The layer with options that may come from the configuration: `{ apiKey: Config.Redacted("ATTIO_API_KEY") }`. */
export const layerConfig = (options: Pipeline.Configured<Options>) => Pipeline.layerConfig(layer, options)

// --- Pages --------------------------------------------------------------------------------------

/** How a list is read. */
export interface PagesOptions<S> {
  /** What each item is; without it, items are `unknown`. */
  readonly item?: S
  /** Items a page: by default 500 in queries of records and entries, and what Attio chooses anywhere else. */
  readonly limit?: number
  /** The filter and the sorts of a query. */
  readonly body?: Readonly<Record<string, unknown>>
}

/**
 * All items of a list, one request a page: of `GET` lists such as `/v2/notes`, and of queries (`POST .../query`).
 *
 * Most lists go by offset, newer ones by cursor: https://docs.attio.com/rest-api/guides/pagination, read on 2026-11-22.
 *
 * @example
 * ```ts
 * import { Attio } from "@sluice/providers/attio"
 * import { Schema } from "effect"
 *
 * const Person = Schema.Struct({ id: Schema.Struct({ record_id: Schema.String }) })
 * const people = Attio.pages("/v2/objects/people/records/query", { item: Person })
 * ```
 */
export const pages = <S extends Schema.ConstraintDecoder<unknown, unknown> = typeof Schema.Unknown>(
  path: string,
  options: PagesOptions<S> = {}
) => {
  const { body, item = Schema.Unknown, limit = scored.test(path) ? 500 : undefined } = options
  const Page = Schema.Struct({
    // Where no schema is given, `S` is the schema of what is unknown.
    data: Schema.Array(item as S),
    pagination: Schema.optionalKey(Schema.Struct({ next_cursor: Schema.NullOr(Schema.String) }))
  })
  const requestAt = (position: Position) => {
    const where = { ...(limit !== undefined && { limit }), ...position }
    return body !== undefined || /\/query\/?$/.test(path)
      ? HttpClientRequest.bodyJsonUnsafe(HttpClientRequest.post(path), { ...body, ...where })
      : HttpClientRequest.get(path, { urlParams: where })
  }
  return Paginate.stream({}, (position: Position) =>
    Client.use((client) => client.execute(requestAt(position))).pipe(
      Effect.flatMap(HttpClientResponse.filterStatusOk),
      Effect.flatMap(HttpClientResponse.schemaBodyJson(Page)),
      Effect.map(({ data, pagination }) => {
        const isLast = pagination ? pagination.next_cursor === null : data.length < (limit ?? 1)
        if (isLast) return { items: data, next: undefined }
        const next: Position = pagination?.next_cursor
          ? { cursor: pagination.next_cursor }
          : { offset: (position.offset ?? 0) + data.length }
        return { items: data, next }
      })
    )
  )
}

interface Position {
  readonly offset?: number
  readonly cursor?: string
}
