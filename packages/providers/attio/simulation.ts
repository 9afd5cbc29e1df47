/**
 * Attio as its server sees itself.
 *
 * - limits and refusal: https://docs.attio.com/rest-api/how-to/rate-limiting, read on 2026-11-22
 * - scores of queries: https://docs.attio.com/rest-api/guides/rate-limiting, read on 2026-11-22
 * - endpoints and errors: https://api.attio.com/openapi/api (2.0.0), read on 2026-11-22
 *
 * Not published, and so invented here: how a query is scored, the budget of scores, the ceiling of a single query, and
 * the body of a 401. Filters are of records only, and nothing is sorted.
 */
import * as Quota from "@sluice/core/Quota"
import type { Context, Meter, Request, Response, Simulation } from "@sluice/core/Simulation"
import * as Records from "./SimulatedRecords.ts"
import { isObject, iso, type Json, uuid, workspace_id } from "./SimulatedRecords.ts"

const budget = 1000
const ceiling = 250

const isQuery = ({ method, path }: Request) =>
  method === "POST" && /^\/v2\/(objects\/[^/]+\/records|lists\/[^/]+\/entries)\/query$/.test(path)

const isRead = ({ method, path }: Request) =>
  method === "GET" || (method === "POST" && (path.endsWith("/query") || path.endsWith("/search")))

const bodyOf = ({ body }: Request): Json | undefined => {
  if (body === "") return {}
  try {
    const value: unknown = JSON.parse(body)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

const conditions = (filter: unknown): number =>
  typeof filter === "object" && filter !== null
    ? Object.values(filter).reduce((sum: number, part) => sum + conditions(part), 0)
    : filter === undefined
      ? 0
      : 1

/** One for the query, ten for each sort, five for each condition of the filter. */
const scoreOf = (request: Request): number => {
  const { filter, sorts } = bodyOf(request) ?? {}
  return 1 + 10 * (Array.isArray(sorts) ? sorts.length : 0) + 5 * conditions(filter)
}

const limited = (retryAtMillis: number): Response => ({
  status: 429,
  headers: { "Retry-After": new Date(Math.ceil(retryAtMillis / 1000) * 1000).toUTCString() },
  body: {
    status_code: 429,
    type: "rate_limit_error",
    code: "rate_limit_exceeded",
    message: "Rate limit exceeded, please try again later"
  }
})

const error = (status_code: number, type: string, code: string, message: string): Response => ({
  status: status_code,
  body: { status_code, type, code, message }
})

const nextSecond = ({ nowMillis }: Context) => (Math.floor(nowMillis / 1000) + 1) * 1000
const page = (
  request: Request,
  source: { readonly limit: unknown; readonly offset: unknown },
  usual: number,
  most: number
) => {
  const limit = source.limit === undefined || source.limit === null ? usual : Number(source.limit)
  const offset = source.offset === undefined || source.offset === null ? 0 : Number(source.offset)
  return Number.isInteger(limit) && Number.isInteger(offset) && limit >= 1 && limit <= most && offset >= 0
    ? { limit, offset }
    : error(400, "invalid_request_error", "validation_type", `Limit or offset of ${request.path} is out of range.`)
}

const slice = (
  page: { readonly limit: number; readonly offset: number } | Response,
  total: number,
  item: (index: number) => unknown
): Response =>
  "status" in page
    ? page
    : {
        status: 200,
        body: {
          data: Array.from({ length: Math.max(0, Math.min(page.limit, total - page.offset)) }, (_, i) =>
            item(page.offset + i)
          )
        }
      }

const unreadable = error(400, "invalid_request_error", "validation_type", "The body is not a JSON object.")

const query = (request: Request, total: number, item: (index: number) => unknown): Response => {
  const body = bodyOf(request)
  return body
    ? slice(page(request, { limit: body["limit"], offset: body["offset"] }, 500, 500), total, item)
    : unreadable
}

const queryRecords = (request: Request, object: string, context: Context): Response => {
  const filter = bodyOf(request)?.["filter"]
  const all = Records.all(context, object)
  if (filter === undefined || filter === null) return query(request, all.length, (index) => all[index])
  const predicate = Records.predicateOf(filter)
  if (!predicate) return error(400, "invalid_request_error", "filter_error", "Error in filter.")
  const found = all.filter(({ values }) => predicate(values))
  return query(request, found.length, (index) => found[index])
}

const valuesOf = (request: Request): Json | undefined => {
  const data = bodyOf(request)?.["data"]
  return isObject(data) && isObject(data["values"]) ? data["values"] : undefined
}

const missing = (id: string) =>
  error(404, "invalid_request_error", "not_found", `Record with ID "${id}" was not found.`)
const note = (index: number) => ({
  id: { workspace_id, note_id: uuid(4, index) },
  parent_object: "people",
  parent_record_id: uuid(2, index),
  title: `Note ${index}`,
  content_plaintext: "Met at the conference.",
  created_at: iso(Date.UTC(2023, 4, 23) + index * 60_000)
})

const notes = 120

/** The notes that this server was given, in order. */
const madeOf = ({ memory }: Context): Array<Json> => {
  const made = (memory.get(" notes") ?? []) as Array<Json>
  memory.set(" notes", made)
  return made
}

const createNote = (request: Request, context: Context): Response => {
  const data = bodyOf(request)?.["data"]
  if (!isObject(data)) return unreadable
  const made = madeOf(context)
  const { content, parent_object, parent_record_id, title } = data
  const created_at = iso(context.nowMillis)
  const { id } = note(notes + made.length)
  made.push({ id, parent_object, parent_record_id, title, content_plaintext: content, created_at })
  return { status: 200, body: { data: made.at(-1) } }
}

const meetings = 100
const meeting = (index: number) => ({
  id: { workspace_id, meeting_id: uuid(9, index) },
  title: `Meeting ${index}`,
  start: { datetime: iso(Date.UTC(2023, 4, 23) + index * 3_600_000) },
  created_at: iso(Date.UTC(2023, 4, 1) + index * 60_000)
})

/** One of the newer lists, which go by a cursor. */
const listMeetings = (request: Request): Response => {
  const cursor = request.query.get("cursor")
  const offset = cursor === null ? 0 : Number(/^c_(\d+)$/.exec(cursor)?.[1] ?? NaN)
  const part = page(request, { limit: request.query.get("limit"), offset }, 50, 200)
  if ("status" in part) return part
  const end = Math.min(meetings, offset + part.limit)
  return {
    status: 200,
    body: {
      data: Array.from({ length: end - offset }, (_, i) => meeting(offset + i)),
      pagination: { next_cursor: end < meetings ? `c_${end}` : null }
    }
  }
}

const meter = (quota: Quota.Quota | undefined, key: string, cost: number): ReadonlyArray<Meter> =>
  quota ? [{ quota, key, cost }] : []

/** Attio's server: a few endpoints, both limits a second, the scores of queries, and a ceiling for each of them. */
export const simulation: Simulation = {
  id: "attio",
  baseUrl: "https://api.attio.com",
  quotas: {
    reads: Quota.fixed(100, "1 second", { name: "reads", phase: "clock" }),
    writes: Quota.fixed(25, "1 second", { name: "writes", phase: "clock" }),
    scores: Quota.rolling(budget, "10 seconds", { name: "scores", countsRefused: false })
  },
  intercept: (request, context) => {
    if (!/^Bearer \S+$/i.test(request.headers["authorization"] ?? "")) {
      return error(401, "auth_error", "unauthorized", "No valid access token was provided.")
    }
    return isQuery(request) && scoreOf(request) > ceiling ? limited(nextSecond(context)) : undefined
  },
  meters: (request, { reads, scores, writes }) => {
    const key = request.headers["authorization"] ?? ""
    return [
      ...meter(isRead(request) ? reads : writes, key, 1),
      ...(isQuery(request) ? meter(scores, workspace_id, scoreOf(request)) : [])
    ]
  },
  headers: () => ({}),
  refuse: (refused) => limited(Math.max(...refused.map(({ retryAtMillis }) => retryAtMillis))),
  routes: [
    {
      method: "GET",
      path: "/v2/self",
      handle: () => ({
        status: 200,
        body: {
          active: true,
          scope: "record_permission:read-write note:read-write",
          client_id: uuid(5, 1),
          token_type: "Bearer",
          workspace_id,
          workspace_name: "Acme"
        }
      })
    },
    {
      method: "POST",
      path: "/v2/objects/:object/records/query",
      handle: (request, { object = "" }, context) => queryRecords(request, object, context)
    },
    {
      method: "POST",
      path: "/v2/lists/:list/entries/query",
      handle: (request) =>
        query(request, Records.seeds, (index) => ({
          id: { workspace_id, list_id: uuid(6, 1), entry_id: uuid(7, index) },
          parent_record_id: uuid(2, index),
          parent_object: "people",
          entry_values: {}
        }))
    },
    {
      method: "GET",
      path: "/v2/objects/:object/records/:id",
      handle: (_request, { id = "", object = "" }, context) => {
        const data = Records.find(context, object, id)
        return data === undefined ? missing(id) : { status: 200, body: { data } }
      }
    },
    {
      method: "POST",
      path: "/v2/objects/:object/records",
      handle: (request, { object = "" }, context) => {
        const values = valuesOf(request)
        return values ? { status: 200, body: { data: Records.create(context, object, values) } } : unreadable
      }
    },
    {
      method: "PATCH",
      path: "/v2/objects/:object/records/:id",
      handle: (request, { id = "", object = "" }, context) => {
        const values = valuesOf(request)
        if (!values) return unreadable
        const data = Records.update(context, object, id, values)
        return data === undefined ? missing(id) : { status: 200, body: { data } }
      }
    },
    {
      method: "GET",
      path: "/v2/notes",
      handle: (request, _params, context) => {
        const made = madeOf(context)
        return slice(
          page(request, { limit: request.query.get("limit"), offset: request.query.get("offset") }, 10, 50),
          notes + made.length,
          (index) => (index < notes ? note(index) : made[index - notes])
        )
      }
    },
    { method: "GET", path: "/v2/meetings", handle: listMeetings },
    { method: "POST", path: "/v2/notes", handle: (request, _params, context) => createNote(request, context) }
  ]
}
