/** What is examined: a provider, how its client is made, its simulation, and what it is given. */
import type { Draw } from "@sluice/core/Claim"
import type { Provider, Quotas, Wire } from "@sluice/core/Provider"
import type { RateLimited } from "@sluice/core/RateLimited"
import type { RateLimiter } from "@sluice/core/RateLimiter"
import type { Simulation } from "@sluice/core/Simulation"
import type { Effect, Redacted } from "effect"
import { type HttpClient, HttpClientRequest, type HttpClientResponse } from "effect/http"

type Request = HttpClientRequest.HttpClientRequest

/** Any provider, whatever its errors and quotas are. */
export interface AnyProvider extends Pick<
  Provider<RateLimited>,
  "id" | "docs" | "baseUrl" | "authorization" | "quotas" | "decode" | "reads" | "repeatsRefused"
> {
  // A method, so that a provider of particular quotas is one of these.
  classify(request: Request, quotas: Quotas): ReadonlyArray<Draw>
}

/** How the suite makes a client: each of its refusals is to be seen, so that it retries none. */
export interface MakeOptions {
  readonly apiKey: Redacted.Redacted
  readonly partition: string
  readonly retry: "none"
}

/** As much of a client as is used. */
export interface AnyClient {
  readonly execute: (request: Request) => Effect.Effect<HttpClientResponse.HttpClientResponse, unknown>
}

/** A refusal as the provider's documentation prints it. */
export interface Refusal {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
  /** What was refused; by default the first of the requests. */
  readonly request?: { readonly method: string; readonly path: string }
}

export interface Subject {
  readonly provider: AnyProvider
  /** The provider's own `make`: `Attio.make`, or `(options) => Pipeline.make(provider, options)`. */
  readonly make: (options: MakeOptions) => Effect.Effect<AnyClient, never, HttpClient.HttpClient | RateLimiter>
  readonly simulation: Simulation
  /** Typical requests, relative to the provider's base URL; by default one for each route of the simulation. */
  readonly requests?: ReadonlyArray<Request>
  readonly refusals?: ReadonlyArray<Refusal>
  /** From which every random choice follows; default 1. */
  readonly seed?: number
  /** How many answers are made up for `decode`; what else is random goes by a twentieth of it. Default 100 000. */
  readonly fuzz?: number
}

/** A subject with every default written out. */
export interface Setting extends Required<Subject> {
  /** The refusals as `decode` is given them. */
  readonly fixtures: ReadonlyArray<Wire>
}

/** The key of every request: whatever shows it tells a secret. */
export const key = "sk_conformance_0b5e55ed"

/** An ordinary instant, at no round second. */
export const startMillis = Date.UTC(2026, 10, 22, 10, 17, 3, 250)

export const settingOf = (subject: Subject): Setting => {
  const { provider, refusals = [], simulation } = subject
  const requests = subject.requests ?? simulation.routes.map(requestOf)
  const [first = HttpClientRequest.get("/")] = requests
  return {
    ...subject,
    seed: subject.seed ?? 1,
    fuzz: subject.fuzz ?? 100_000,
    requests,
    refusals,
    fixtures: refusals.map(({ body, headers, request, status }) => ({
      request: {
        method: request?.method ?? first.method,
        path: request?.path ?? pathOf(provider, first),
        headers: credentials(provider)
      },
      status,
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
      body,
      receivedAtMillis: startMillis
    }))
  }
}

/** The headers that prove who calls. */
export const credentials = ({ authorization }: AnyProvider): Readonly<Record<string, string>> => ({
  authorization: `${authorization} ${key}`
})

/** The request below the provider's base URL, as the client sends it. */
export const placed = (provider: AnyProvider, request: Request): Request =>
  (/^[a-z][a-z0-9+.-]*:|^\/\//i.test(request.url)
    ? request
    : HttpClientRequest.prependUrl(request, provider.baseUrl.replace(/\/+$/, ""))
  ).pipe(HttpClientRequest.setHeaders(credentials(provider)))

/** The path of a request as `decode` is told it. */
export const pathOf = (provider: AnyProvider, request: Request): string => {
  const { url } = placed(provider, request)
  return URL.parse(url)?.pathname ?? url
}

const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] as const

/** A request that meets the route: `1` stands for whatever its path leaves open. */
const requestOf = ({ method, path }: Simulation["routes"][number]): Request => {
  const known = methods.find((name) => name === method) ?? "GET"
  const request = HttpClientRequest.make(known)(path.replace(/:[^/]+/g, "1"))
  return known === "POST" || known === "PUT" || known === "PATCH"
    ? HttpClientRequest.bodyJsonUnsafe(request, {})
    : request
}
