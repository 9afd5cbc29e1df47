/** A provider of things, its client and its server, which notes what it carries out and goes wrong as it is told. */
import { Claim, Pipeline, type Provider, Quota, RateLimited as Refusal, type Simulation, Signal } from "@sluice/core"
import { Context, Layer, Redacted, Schema } from "effect"
import { HttpClientRequest } from "effect/http"

export class RateLimited extends Schema.TaggedError<RateLimited>()("AcmeRateLimited", {
  ...Refusal.fields,
  advice: Schema.String
}) {
  override get message() {
    return `Acme is tired: ${this.advice}`
  }
}

const docs = { url: "https://acme.test/limits", readOn: "2026-11-26" }

export const quotas = {
  writes: Quota.rolling(5, "1 second", { name: "writes" }),
  slow: Quota.rolling(2, "1 hour", { name: "slow" })
}

/** Without a word on keys, as most are; `/slow` has a quota of its own. */
export const provider: Provider.Provider<RateLimited, typeof quotas> = {
  id: "acme",
  docs,
  baseUrl: "https://acme.test",
  authorization: "Bearer",
  quotas,
  classify: ({ url }, own) => [Claim.need(url.includes("/slow") ? own.slow : own.writes)],
  reads: "errors",
  repeatsRefused: () => true,
  decode: (wire) => {
    const said = Signal.fromHeaders(wire.headers)
    if (wire.status !== 429) return { signal: said }
    const retry = Signal.retryAfter(wire.headers["retry-after"], { rounding: "exact" })
    const { common, signal } = Refusal.refused("acme", wire, said, { retry })
    return { signal, refusal: new RateLimited({ ...common, advice: "come back later" }) }
  }
}

export class Client extends Context.Service<Client, Pipeline.Client<RateLimited>>()("test/Acme/Client") {}

export const layer = Layer.effect(Client, Pipeline.make(provider, { apiKey: Redacted.make("secret"), partition: "p" }))

/** What was carried out, and when. */
export interface Done {
  readonly at: number
  readonly what: string
}

/** One answer instead of carrying a request out; `carriedOut` is one that came to nothing only on its way back. */
export interface Mishap {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly carriedOut?: boolean
}

/** The server: the next requests whose path has such a mishap come to it, one mishap each. */
export const simulation = (
  done: Array<Done>,
  mishaps: Readonly<Record<string, Array<Mishap>>> = {},
  seen: Array<Simulation.Request> = []
): Simulation.Simulation => {
  const handle: Simulation.Route["handle"] = (request, _params, { nowMillis }) => {
    seen.push(request)
    const mishap = mishaps[request.path]?.shift()
    const what = `${request.method} ${request.path} ${request.body}`.trim()
    if (mishap === undefined || mishap.carriedOut) done.push({ at: nowMillis, what })
    return mishap === undefined
      ? { status: 200, body: { done: what, by: "acme" }, headers: { "Set-Cookie": "session=1" } }
      : { body: { sorry: mishap.status }, ...mishap }
  }
  return {
    id: "acme",
    baseUrl: "https://acme.test",
    quotas,
    meters: ({ path }, quotas) => {
      const quota = path.startsWith("/slow") ? quotas["slow"] : quotas["writes"]
      return quota ? [{ quota, key: quota.name }] : []
    },
    headers: () => ({}),
    refuse: () => ({ status: 429, headers: { "Retry-After": "60" }, body: { error: "tired" } }),
    routes: ["POST", "PUT", "PATCH", "DELETE"].flatMap((method) =>
      ["/things/:id", "/slow/:id"].map((path) => ({ method, path, handle }))
    )
  }
}

export const post = (path: string, body: unknown = undefined) =>
  HttpClientRequest.post(path).pipe((request) =>
    body === undefined ? request : HttpClientRequest.bodyJsonUnsafe(request, body)
  )

export const put = (path: string, body: unknown) =>
  HttpClientRequest.put(path).pipe(HttpClientRequest.bodyJsonUnsafe(body))

export const patch = (path: string, body: unknown) =>
  HttpClientRequest.patch(path).pipe(HttpClientRequest.bodyJsonUnsafe(body))

export const whats = (done: ReadonlyArray<Done>) => done.map(({ what }) => what)
