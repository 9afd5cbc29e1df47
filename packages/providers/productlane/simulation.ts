/**
 * Productlane as its server sees itself.
 *
 * - limits, headers, refusal: https://productlane.mintlify.dev/docs/api-v2/rate-limits, read on 2026-11-22
 * - endpoints, pages and errors: https://productlane.mintlify.dev/docs/api-v2, read on 2026-11-22
 *
 * Not published, and so chosen here: minutes begin at the server's own second, the burst is twice the rate over the last
 * ten seconds, and a 401 carries no state, because it belongs to no key.
 */
import * as Quota from "@sluice/core/Quota"
import type { Context, Reading, Request, Response, Simulation } from "@sluice/core/Simulation"

const threads = 480
const companies = 70
const first = Date.UTC(2026, 9, 1)
const workspace_id = "ws_acme"

const requestId = ({ sequence }: Context) => `req_${sequence.toString(36).padStart(6, "0")}`
const idOf = (kind: string, index: number) => `${kind}_${index.toString(36).padStart(6, "0")}`
const iso = (millis: number) => new Date(millis).toISOString()

const failure = (status: number, code: string, message: string, context: Context, details?: unknown): Response => ({
  status,
  headers: { "X-Request-Id": requestId(context) },
  body: { error: { code, message, ...(details !== undefined && { details }), request_id: requestId(context) } }
})

const invalid = (path: string, message: string, context: Context) =>
  failure(400, "validation_failed", "The request is not valid.", context, [{ path, message }])

const thread = (index: number, text: string, title: string | null, email: string, createdAtMillis: number) => ({
  id: idOf("thr", index),
  created_at: iso(createdAtMillis),
  updated_at: iso(createdAtMillis),
  title,
  text,
  origin: "API",
  status: "open",
  snoozed_until: null,
  is_read: false,
  contact: { id: idOf("con", index % 40), email },
  company: { id: idOf("com", index % companies), name: `Company ${index % companies}` },
  assignee: null,
  reporter: null,
  tags: []
})

const company = (index: number) => ({
  id: idOf("com", index),
  created_at: iso(first + index * 60_000),
  name: `Company ${index}`,
  domains: [`company-${index}.example`]
})

/** Newest first. The cursor says where to go on, so that what is made meanwhile shifts nothing. */
const list = (request: Request, context: Context, total: number, item: (index: number) => unknown): Response => {
  const limit = Number(request.query.get("limit") ?? 50)
  if (!Number.isInteger(limit) || limit < 1 || limit > 200) return invalid("limit", "1 to 200", context)
  const cursor = request.query.get("cursor")
  const below = cursor === null ? total : Number(/^c_(\d+)$/.exec(atobOr(cursor))?.[1] ?? NaN)
  if (!(below <= total)) return failure(422, "unprocessable", "The cursor is malformed.", context)
  const end = Math.max(0, below - limit)
  const has_more = end > 0
  return {
    status: 200,
    body: {
      data: Array.from({ length: below - end }, (_, i) => item(below - 1 - i)),
      page: { cursor: has_more ? btoa(`c_${end}`) : null, has_more, limit }
    }
  }
}

const atobOr = (text: string): string => {
  try {
    return atob(text)
  } catch {
    return ""
  }
}

const fields = (body: string): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === "object" && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

const create = (request: Request, context: Context): Response => {
  const { contact_email, text, title } = fields(request.body)
  if (typeof text !== "string" || text === "") return invalid("text", "required", context)
  if (typeof contact_email !== "string") return invalid("contact_email", "required", context)
  const made = madeOf(context)
  const index = threads + made.length
  const body = thread(index, text, typeof title === "string" ? title : null, contact_email, context.nowMillis)
  made.push(body)
  return { status: 201, body }
}

type Thread = ReturnType<typeof thread>

/** The threads that this server was given, in order. */
const madeOf = ({ memory }: Context): Array<Thread> => {
  const made = (memory.get("threads") ?? []) as Array<Thread>
  memory.set("threads", made)
  return made
}

const threadOf = (index: number, context: Context): Thread | undefined =>
  index < threads ? seeded(index) : madeOf(context)[index - threads]

const seeded = (index: number) =>
  thread(
    index,
    `<p>Feedback ${index}</p>`,
    `Feedback ${index}`,
    `user-${index % 40}@example.com`,
    first + index * 60_000
  )

/** Productlane's server: who am I, threads and companies, with the limits of reads, writes and bursts. */
export const simulation: Simulation = {
  id: "productlane",
  baseUrl: "https://productlane.com/api/v2",
  quotas: {
    reads: Quota.fixed(1000, "1 minute", { name: "reads", phase: "reset" }),
    writes: Quota.fixed(60, "1 minute", { name: "writes", phase: "reset" }),
    // 2 x 1000 and 2 x 60 a minute, for a sixth of a minute.
    readsBurst: Quota.rolling(333, "10 seconds", { name: "readsBurst" }),
    writesBurst: Quota.rolling(20, "10 seconds", { name: "writesBurst" })
  },
  intercept: ({ headers }, context) => {
    const [, key] = /^Bearer (\S+)$/i.exec(headers["authorization"] ?? "") ?? []
    if (key === undefined) return failure(401, "unauthenticated", "A valid API key is required.", context)
    return key.startsWith("pl_v1_")
      ? failure(410, "unsupported_key_version", "Keys of API v1 were sunset on 2026-11-20.", context)
      : undefined
  },
  meters: ({ headers, method }, { readsBurst, writesBurst, reads, writes }) =>
    (method === "GET" ? [reads, readsBurst] : [writes, writesBurst]).flatMap((quota) =>
      quota ? [{ quota, key: headers["authorization"] ?? "" }] : []
    ),
  headers: (readings, context) => {
    const cap = readings.find(({ meter }) => meter.quota.kind === "fixed")
    return {
      "X-Request-Id": requestId(context),
      ...(cap && {
        "X-RateLimit-Limit": String(cap.limit),
        "X-RateLimit-Remaining": String(cap.remaining),
        "X-RateLimit-Reset": String(Math.ceil(cap.resetAtMillis / 1000))
      })
    }
  },
  refuse: (refused, _request, context) => {
    const longest = refused.reduce<Reading | undefined>(
      (found, reading) => (found && found.retryAtMillis >= reading.retryAtMillis ? found : reading),
      undefined
    )
    const window = longest?.meter.quota.kind === "fixed" ? "1m" : "10s"
    const refusal = failure(429, "rate_limited", "Rate limit exceeded.", context, { limit: longest?.limit, window })
    const seconds = Math.ceil(((longest?.retryAtMillis ?? 0) - context.nowMillis) / 1000)
    return { ...refusal, headers: { ...refusal.headers, "Retry-After": String(seconds) } }
  },
  routes: [
    {
      method: "GET",
      path: "/me",
      handle: () => ({
        status: 200,
        body: {
          workspace_id,
          api_key_id: "key_01",
          scopes: ["threads:read", "threads:write", "companies:read"],
          linear_team_ids: [],
          default_linear_team_id: null
        }
      })
    },
    {
      method: "GET",
      path: "/threads",
      handle: (request, _params, context) =>
        list(request, context, threads + madeOf(context).length, (index) => threadOf(index, context))
    },
    { method: "POST", path: "/threads", handle: (request, _params, context) => create(request, context) },
    {
      method: "GET",
      path: "/threads/:id",
      handle: (_request, { id = "" }, context) => {
        const body = threadOf(Number.parseInt(id.slice(4), 36), context)
        return body?.id === id ? { status: 200, body } : failure(404, "not_found", "There is no such thread.", context)
      }
    },
    {
      method: "GET",
      path: "/companies",
      handle: (request, _params, context) => list(request, context, companies, company)
    }
  ]
}
