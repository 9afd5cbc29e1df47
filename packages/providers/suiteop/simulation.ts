/**
 * SuiteOp as its server sees itself.
 *
 * - limits, headers, refusal: https://help-new.suiteop.com/api/rate-limits/, read on 2026-11-22
 * - idempotency: https://help-new.suiteop.com/api/idempotency/, read on 2026-11-22
 * - pages: https://help-new.suiteop.com/api/pagination/, read on 2026-11-22
 *
 * Not published, and so chosen here: headers are about the sustained window, and about the burst when that is what refuses;
 * `X-RateLimit-Reset` is when the oldest request leaves the window; a replay is counted like any request;
 * a task is `open` until it is `completed`, and lists begin with the oldest. Somebody works at `prop_01`, who is done with a
 * task one to ten seconds after it was created; at other properties nobody is.
 */
import * as Quota from "@sluice/core/Quota"
import type { Context, Reading, Request, Response, Simulation } from "@sluice/core/Simulation"

const tasks = 240
const staffed = "prop_01"
const dayMillis = 86_400_000
const first = Date.UTC(2026, 9, 1)

const requestId = ({ sequence }: Context) => `req_${sequence.toString(36).padStart(6, "0")}`
const failure = (status: number, type: string, code: string, message: string, context: Context): Response => ({
  status,
  body: { error: { type, code, message }, meta: { requestId: requestId(context) } }
})

interface Made {
  readonly title: string
  readonly propertyId: string
  readonly createdAtMillis: number
  readonly doneAtMillis: number
}

const idOf = (index: number) => `task_${index.toString(36).padStart(6, "0")}`

const shownTask = (index: number, { createdAtMillis, doneAtMillis, propertyId, title }: Made, nowMillis: number) => ({
  id: idOf(index),
  title,
  propertyId,
  status: doneAtMillis <= nowMillis ? "completed" : "open",
  createdAt: new Date(createdAtMillis).toISOString()
})

/** Last month's, all done. */
const seeded = (index: number): Made => ({
  title: `Clean unit ${index}`,
  propertyId: staffed,
  createdAtMillis: first + index * 60_000,
  doneAtMillis: -Infinity
})

/** The tasks that this server was given, in order. */
const madeOf = ({ memory }: Context): Array<Made> => {
  const made = (memory.get("tasks") ?? []) as Array<Made>
  memory.set("tasks", made)
  return made
}

const taskOf = (index: number, context: Context) => {
  const made = index < tasks ? seeded(index) : madeOf(context)[index - tasks]
  return made && shownTask(index, made, context.nowMillis)
}

/** The window that the headers are about: the one that refuses longest, otherwise the sustained one. */
const shown = (readings: ReadonlyArray<Reading>): Reading | undefined => {
  const [longest] = readings
    .filter(({ isRefused }) => isRefused)
    .toSorted((left, right) => right.retryAtMillis - left.retryAtMillis)
  return longest ?? readings.find(({ meter }) => meter.quota.name === "sustained")
}

const list = (request: Request, context: Context): Response => {
  const limit = Number(request.query.get("limit") ?? 20)
  const offset = Number(request.query.get("offset") ?? 0)
  if (!Number.isInteger(limit) || limit < 1 || limit > 100 || !Number.isInteger(offset) || offset < 0) {
    return failure(400, "validation_error", "invalid_parameter", "limit is 1 to 100, offset 0 or more.", context)
  }
  const total = tasks + madeOf(context).length
  const length = Math.max(0, Math.min(limit, total - offset))
  const data = Array.from({ length }, (_, i) => taskOf(offset + i, context))
  return {
    status: 200,
    body: { data, meta: { requestId: requestId(context), pagination: { total, limit, offset } } }
  }
}

const create = (request: Request, context: Context): Response => {
  const { propertyId, title } = fields(request.body)
  if (typeof title !== "string" || typeof propertyId !== "string") {
    return failure(400, "validation_error", "missing_field", "title and propertyId are required.", context)
  }
  const { nowMillis } = context
  const made = madeOf(context)
  const doneAtMillis = propertyId === staffed ? nowMillis + 1000 * (1 + (made.length % 10)) : Infinity
  const index = tasks + made.push({ title, propertyId, createdAtMillis: nowMillis, doneAtMillis }) - 1
  return { status: 201, body: { data: taskOf(index, context), meta: { requestId: requestId(context) } } }
}

const show = (id: string, context: Context): Response => {
  const data = taskOf(Number.parseInt(id.slice("task_".length), 36), context)
  return data?.id === id
    ? { status: 200, body: { data, meta: { requestId: requestId(context) } } }
    : failure(404, "not_found_error", "not_found", "There is no such task.", context)
}

const fields = (body: string): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === "object" && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

interface Remembered {
  readonly body: string
  readonly atMillis: number
  readonly response: Response
}
const isRemembered = (value: unknown): value is Remembered =>
  typeof value === "object" && value !== null && "atMillis" in value

/** Carries out a POST once for each key; the answer is kept for a day. */
const once = (
  request: Request,
  context: Context,
  handle: (request: Request, context: Context) => Response
): Response => {
  const key = request.headers["idempotency-key"]
  if (key === undefined) return handle(request, context)
  if (key.trim() === "") {
    return failure(400, "validation_error", "blank_idempotency_key", "Idempotency-Key must not be blank.", context)
  }
  const slot = `${request.headers["authorization"] ?? ""} ${request.path} ${key}`
  const known = context.memory.get(slot)
  if (isRemembered(known) && context.nowMillis - known.atMillis < dayMillis) {
    return known.body === request.body
      ? { ...known.response, headers: { ...known.response.headers, "Idempotency-Replayed": "true" } }
      : failure(422, "business_rule_error", "idempotency_key_reused", "The key was used with another body.", context)
  }
  const response = handle(request, context)
  context.memory.set(slot, { body: request.body, atMillis: context.nowMillis, response } satisfies Remembered)
  return response
}

/** SuiteOp's server: tasks, both limits of a key, and idempotency keys. */
export const simulation: Simulation = {
  id: "suiteop",
  baseUrl: "https://api-us.suiteop.com",
  quotas: {
    sustained: Quota.rolling(1000, "60 seconds", { name: "sustained" }),
    burst: Quota.rolling(50, "1 second", { name: "burst" })
  },
  intercept: ({ headers }, context) =>
    /^Bearer \S+$/i.test(headers["authorization"] ?? "")
      ? undefined
      : failure(401, "authentication_error", "invalid_api_key", "No valid API key was provided.", context),
  meters: ({ headers }, { burst, sustained }) =>
    [sustained, burst].flatMap((quota) => (quota ? [{ quota, key: headers["authorization"] ?? "" }] : [])),
  headers: (readings) => {
    const reading = shown(readings)
    return reading
      ? {
          "X-RateLimit-Limit": String(reading.limit),
          "X-RateLimit-Remaining": String(reading.remaining),
          "X-RateLimit-Reset": String(Math.ceil(reading.resetAtMillis / 1000))
        }
      : {}
  },
  refuse: (refused, _request, context) => {
    const retryAtMillis = Math.max(...refused.map((reading) => reading.retryAtMillis))
    const seconds = Math.ceil((retryAtMillis - context.nowMillis) / 1000)
    return {
      ...failure(
        429,
        "rate_limit_error",
        "rate_limit_exceeded",
        `Rate limit exceeded. Retry after ${seconds} seconds.`,
        context
      ),
      headers: { "Retry-After": String(seconds) }
    }
  },
  routes: [
    { method: "GET", path: "/api/v1/tasks", handle: (request, _params, context) => list(request, context) },
    { method: "GET", path: "/api/v1/tasks/:id", handle: (_request, { id = "" }, context) => show(id, context) },
    { method: "POST", path: "/api/v1/tasks", handle: (request, _params, context) => once(request, context, create) }
  ]
}
