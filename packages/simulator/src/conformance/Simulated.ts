/** What the provider's simulation answers when it is asked directly, without any client. */
import type { Request, Simulation } from "@sluice/core/Simulation"
import type { Wire } from "@sluice/core/Provider"
import { Option } from "effect"
import { HttpClientRequest } from "effect/http"
import * as Scenario from "../Scenario.ts"
import * as Server from "../Server.ts"
import { credentials, pathOf, placed, type Setting, startMillis } from "./Subject.ts"

type Outgoing = HttpClientRequest.HttpClientRequest

/** A refusal of the simulation, and the truth about it. */
export interface Refused {
  readonly wire: Wire
  /** The first instant at which the same request would be counted, by our clock. */
  readonly freeAtMillis: number
  /** How many requests were sent, this one included. */
  readonly sent: number
}

/** The request as the server reads it; nothing if it does not go there. */
export const requestOf = (setting: Setting, request: Outgoing): Request | undefined => {
  const { provider, simulation } = setting
  const url = Option.getOrUndefined(HttpClientRequest.toUrl(placed(provider, request)))
  const basePath = new URL(simulation.baseUrl).pathname.replace(/\/+$/, "")
  const path = url && Server.below(basePath, url.pathname)
  if (url === undefined || path === undefined) return undefined
  const { body } = request
  return {
    method: request.method,
    path,
    query: url.searchParams,
    headers: { ...request.headers, ...credentials(provider) },
    body: body._tag === "Uint8Array" ? new TextDecoder().decode(body.body) : ""
  }
}

/** What a request is answered by a server of which nobody asked anything before; nothing if it does not go there. */
export const answer = (setting: Setting, request: Outgoing): Wire | undefined => {
  const asked = requestOf(setting, request)
  const server = Server.make(setting.simulation, Scenario.make({ seed: setting.seed }), startMillis)
  return asked && wireOf(setting, request, server.arrive(asked, startMillis), startMillis)
}

/** So many requests at most are sent to see a refusal. */
const patience = 50_000

/**
 * Sends the request until it is refused, a few milliseconds apart at first and then at one instant. `skewMillis` is how far
 * the server's clock is ahead.
 */
export const spend = (
  setting: Setting,
  request: Outgoing,
  options: { readonly startMillis?: number; readonly skewMillis?: number; readonly seed?: number } = {}
): Refused | undefined => {
  const { seed = setting.seed, skewMillis = 0 } = options
  const asked = requestOf(setting, request)
  if (asked === undefined) return undefined
  let freeAt: number | undefined
  const watched: Simulation = {
    ...setting.simulation,
    // What is handled costs more than what is counted, and says nothing of limits.
    routes: [],
    refuse(refused, request, context) {
      freeAt = Math.max(...refused.map(({ retryAtMillis }) => retryAtMillis)) - skewMillis
      return setting.simulation.refuse(refused, request, context)
    }
  }
  let now = options.startMillis ?? startMillis
  const server = Server.make(watched, Scenario.make({ seed, skew: skewMillis }), now)
  for (let sent = 1; sent <= patience; sent++) {
    const answer = server.arrive(asked, now, now + 1000)
    if (freeAt !== undefined) return { wire: wireOf(setting, request, answer, now), freeAtMillis: freeAt, sent }
    if (sent < 10) now += sent
  }
  return undefined
}

const wireOf = (
  { provider }: Setting,
  request: Outgoing,
  { body, headers, status }: Server.Answer,
  receivedAtMillis: number
): Wire => ({
  request: {
    method: request.method,
    path: pathOf(provider, request),
    headers: { ...request.headers, ...credentials(provider) }
  },
  status,
  headers,
  body: body.slice(0, maxBody),
  receivedAtMillis
})
const maxBody = 65_536
