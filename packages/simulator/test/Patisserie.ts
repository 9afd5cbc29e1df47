/** A made-up provider that conforms, with its simulation: what tests of the conformance suite break on purpose. */
import * as Claim from "@sluice/core/Claim"
import * as Pipeline from "@sluice/core/Pipeline"
import type { Decoded, Provider, Wire } from "@sluice/core/Provider"
import * as Quota from "@sluice/core/Quota"
import * as RateLimited from "@sluice/core/RateLimited"
import * as Signal from "@sluice/core/Signal"
import type { Simulation } from "@sluice/core/Simulation"
import type { Conformance } from "@sluice/simulator"
import { Option, Schema } from "effect"

const source: Quota.Source = { url: "https://patisserie.test/docs/limits", readOn: "2026-11-20" }

export const quotas = {
  reads: Quota.rolling(20, "1 second", { name: "reads", source }),
  writes: Quota.rolling(5, "1 second", { name: "writes", source })
}

export class PatisserieRateLimited extends Schema.TaggedError<PatisserieRateLimited>()("PatisserieRateLimited", {
  ...RateLimited.fields,
  note: Schema.Option(Schema.String)
}) {
  override get message() {
    return RateLimited.sentence("Patisserie", this, this.note)
  }
}

const read = RateLimited.reader(Schema.Struct({ note: RateLimited.field(Schema.String) }))

const nameOf = (method: string): keyof typeof quotas => (method === "GET" ? "reads" : "writes")

export const decode = (wire: Wire): Decoded<PatisserieRateLimited> => {
  const quota = nameOf(wire.request.method)
  const said = Signal.fromHeaders(wire.headers, { quota })
  if (wire.status !== 429) return { signal: said }
  const retry = Signal.retryAfter(wire.headers["retry-after"])
  const { common, signal } = RateLimited.refused("patisserie", wire, said, { quota: Option.some(quota), retry })
  return { signal, refusal: new PatisserieRateLimited({ ...common, note: read(wire.body).note }) }
}

export const provider: Provider<PatisserieRateLimited, typeof quotas> = {
  id: "patisserie",
  docs: source,
  baseUrl: "https://patisserie.test/v1",
  authorization: "Bearer",
  quotas,
  classify: ({ method }, own) => [Claim.need(own[nameOf(method)])],
  decode,
  reads: "errors",
  repeatsRefused: () => true
}

export const simulation: Simulation = {
  id: "patisserie",
  baseUrl: "https://patisserie.test/v1",
  quotas: {
    reads: Quota.rolling(20, "1 second", { name: "reads" }),
    writes: Quota.rolling(5, "1 second", { name: "writes" })
  },
  intercept: ({ headers }) =>
    (headers["authorization"] ?? "").startsWith("Bearer ") ? undefined : { status: 401, body: { note: "who?" } },
  meters: ({ method }, { reads, writes }) =>
    [method === "GET" ? reads : writes].flatMap((quota) => (quota ? [{ quota, key: "" }] : [])),
  headers: (readings) =>
    Object.fromEntries(
      readings.flatMap(({ limit, remaining }) => [
        ["X-RateLimit-Limit", String(limit)],
        ["X-RateLimit-Remaining", String(remaining)]
      ])
    ),
  refuse: (refused, _request, { nowMillis }) => ({
    status: 429,
    headers: {
      "Retry-After": String(Math.ceil((Math.max(...refused.map((one) => one.retryAtMillis)) - nowMillis) / 1000))
    },
    body: { note: "The oven is full." }
  }),
  routes: [
    { method: "GET", path: "/tarts/:id", handle: (_request, { id }) => ({ status: 200, body: { id } }) },
    { method: "POST", path: "/tarts", handle: () => ({ status: 201, body: {} }) }
  ]
}

type Patisserie = Provider<PatisserieRateLimited, typeof quotas>

/** The provider as a subject of the suite, with what is given in the place of its own. */
export const subject = (
  more: Partial<Patisserie> = {},
  others: Partial<Conformance.Subject> = {}
): Conformance.Subject => {
  const changed: Patisserie = { ...provider, ...more }
  return {
    provider: changed,
    make: (options) => Pipeline.make(changed, options),
    simulation,
    refusals: [{ status: 429, headers: { "Retry-After": "3" }, body: '{"note":"The oven is full."}' }],
    fuzz: 2000,
    ...others
  }
}
