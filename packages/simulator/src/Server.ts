/**
 * A simulated provider as a synchronous server: a request and an instant in, a response out.
 *
 * It knows no sockets and reads no clock. `Simulator.layer` puts it into virtual time, `Simulator.serve` on 127.0.0.1.
 */
import type { Context, Meter, Request, Response, Route, Simulation } from "@sluice/core/Simulation"
import * as Latency from "./Latency.ts"
import * as Metering from "./Metering.ts"
import type * as Scenario from "./Scenario.ts"
import * as Seeded from "./Seeded.ts"
import * as Stats from "./Stats.ts"

export interface Server {
  readonly simulation: Simulation
  readonly scenario: Scenario.Scenario
  /** The path of the provider's base URL, without a slash at its end; requests are matched below it. */
  readonly basePath: string
  /** The instant of counting: everything is decided here. `endsAtMillis` is when the response will have arrived. */
  readonly arrive: (request: Request, nowMillis: number, endsAtMillis?: number) => Answer
  /** Draws the ways of the next request, in milliseconds. */
  readonly latency: () => { readonly beforeMillis: number; readonly afterMillis: number }
  /** The same counters without HTTP; what is counted here does not appear among the requests. */
  readonly metering: Metering.Metering
  readonly stats: () => Stats.Stats
}

/** A response as it goes on the wire: header names in lower case, the body written out. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export const make = (simulation: Simulation, scenario: Scenario.Scenario, startMillis: number): Server => {
  const recorder = Stats.recorder(simulation.id)
  const metering = Metering.make(simulation.quotas, scenario, startMillis, recorder.point)
  const before = Latency.sampler(scenario.before, Seeded.make(scenario.seed, "before", simulation.id), scenario.speed)
  const after = Latency.sampler(scenario.after, Seeded.make(scenario.seed, "after", simulation.id), scenario.speed)
  const find = router(simulation.routes)
  const memory = new Map<string, unknown>()
  let latest = -Infinity
  let sequence = 0

  const respond = (request: Request, nowMillis: number, endsAtMillis: number, context: Context) => {
    const intercepted = simulation.intercept?.(request, context)
    if (intercepted !== undefined) {
      recorder.intercepted(intercepted.status)
      return [intercepted]
    }
    const meters = simulation.meters(request, metering.quotas)
    const { readings, refused } = metering.count(meters, nowMillis, endsAtMillis)
    recorder.request(meters.map(keyOf), refused.length > 0)
    const rate = { status: 0, headers: simulation.headers(readings, context) }
    if (refused.length > 0) return [rate, simulation.refuse(refused, request, context)]
    const found = find(request)
    if (found !== undefined) return [rate, found.route.handle(request, found.params, context)]
    recorder.unrouted()
    return [rate, notFound(request)]
  }

  return {
    simulation,
    scenario,
    metering,
    basePath: new URL(simulation.baseUrl).pathname.replace(/\/+$/, ""),
    latency: () => ({ beforeMillis: before(), afterMillis: after() }),
    stats: recorder.stats,
    arrive(request, nowMillis, endsAtMillis = nowMillis) {
      // A wall clock may be set back; a server that counts by it must not count backwards.
      latest = Math.max(latest, Math.floor(nowMillis))
      const context = { nowMillis: latest + scenario.skewMillis, sequence: sequence++, memory }
      return written(respond(request, latest, Math.floor(endsAtMillis), context), context)
    }
  }
}

/** Whether `pathname` lies under `basePath`, and what is left of it: a path that starts with a slash. */
export const below = (basePath: string, pathname: string): string | undefined =>
  pathname === basePath ? "/" : pathname.startsWith(`${basePath}/`) ? pathname.slice(basePath.length) : undefined

const router = (routes: ReadonlyArray<Route>) => {
  const templates = routes.map((route) => ({ route, segments: segmentsOf(route.path) }))
  return (request: Request) => {
    const segments = segmentsOf(request.path)
    for (const { route, segments: template } of templates) {
      if (route.method !== request.method || template.length !== segments.length) continue
      const params: Record<string, string> = {}
      const isMatch = template.every((part, index) => {
        const segment = segments[index] ?? ""
        if (!part.startsWith(":")) return part === segment
        params[part.slice(1)] = decoded(segment)
        return segment !== ""
      })
      if (isMatch) return { route, params }
    }
    return undefined
  }
}

const segmentsOf = (path: string) => path.replace(/\/+$/, "").split("/")

const decoded = (segment: string) => {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

const keyOf = (meter: Meter) => meter.key

const notFound = ({ method, path }: Request): Response => ({
  status: 404,
  body: { error: "not_found", message: `The simulation has no ${method} ${path}.` }
})

/** The last response decides on status and body; headers add up, later ones win. */
const written = (responses: ReadonlyArray<Response>, context: Context): Answer => {
  const headers: Record<string, string> = {}
  for (const response of responses) {
    for (const [name, value] of Object.entries(response.headers ?? {})) headers[name.toLowerCase()] = value
  }
  const { status = 500, body } = responses.at(-1) ?? {}
  if (body !== undefined)
    headers["content-type"] ??= typeof body === "string" ? "text/plain; charset=utf-8" : "application/json"
  // `toUTCString` is the HTTP date and leaves out what is less than a second.
  headers["date"] ??= new Date(context.nowMillis).toUTCString()
  return { status, headers, body: body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body) }
}
