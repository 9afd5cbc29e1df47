/** The kinds of calls that a provider tells apart, by what they draw on, each with a request that is one of them. */
import type { Draw } from "@sluice/core/Claim"
import * as Claim from "@sluice/core/Claim"
import type { Quotas } from "@sluice/core/Provider"
import type { Simulation } from "@sluice/core/Simulation"
import { HttpClientRequest } from "effect/http"
import type { Described } from "./Described.ts"

/** Calls that draw on the same counters. */
export interface Class {
  readonly name: string
  readonly draws: ReadonlyArray<Draw>
  /** One of its requests; none where only quotas are known. */
  readonly request: HttpClientRequest.HttpClientRequest | undefined
  /** Another one, of another contact or record: counters that only one of the two draws on bind neither. */
  readonly other: HttpClientRequest.HttpClientRequest | undefined
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE"
const methods: ReadonlyArray<Method> = ["GET", "POST", "PUT", "PATCH", "DELETE"]
interface Endpoint {
  readonly method: string
  readonly path: string
}

/** The classes of a provider: one for each set of counters that its endpoints draw on, named by the quota that marks it,
 * or by what narrows its counters. */
export const ofProvider = (
  provider: Described,
  quotas: Quotas,
  simulation: Simulation | undefined
): ReadonlyArray<Class> => {
  const endpoints: ReadonlyArray<Endpoint> = simulation?.routes ?? methods.map((method) => ({ method, path: "/" }))
  const found = new Map<string, Omit<Class, "name">>()
  for (const endpoint of endpoints) {
    const one = ofRequest(provider, quotas, requestTo(endpoint, "1"), requestTo(endpoint, "2"))
    const key = one.draws
      .map(({ quota, within }) => `${quota.name}|${quota.limit}|${quota.windowMillis}|${within}`)
      .join()
    if (!found.has(key)) found.set(key, one)
  }
  const all = [...found.values()]
  return all.map((one) => ({ ...one, name: nameOf(one.draws, all, quotas) }))
}

/** What a request draws on that every other one of its kind does as well. */
export const ofRequest = (
  provider: Described,
  quotas: Quotas,
  request: HttpClientRequest.HttpClientRequest,
  other: HttpClientRequest.HttpClientRequest = request
): Omit<Class, "name"> => {
  // They have the names of the provider's.
  const own = quotas as never
  const others = provider.classify(other, own)
  const draws = provider
    .classify(request, own)
    .filter(({ quota, within }) => others.some((draw) => draw.quota === quota && draw.within === within))
  return { draws, request, other }
}

/** Where only quotas are known: `calls` that draw on all of them, and calls that draw on one, under its name. */
export const ofQuotas = (quotas: Quotas): ReadonlyArray<Class> => {
  const entries = Object.entries(quotas)
  const one = (name: string, draws: ReadonlyArray<Draw>): Class => ({
    name,
    draws,
    request: undefined,
    other: undefined
  })
  return [
    one(
      "calls",
      entries.map(([, quota]) => Claim.need(quota))
    ),
    ...entries.filter(([name]) => name !== "calls").map(([name, quota]) => one(name, [Claim.need(quota)]))
  ]
}

/** The provider's name of the quota that the fewest other classes draw on; `calls` if there is but one class. */
const nameOf = (draws: ReadonlyArray<Draw>, all: ReadonlyArray<Omit<Class, "name">>, quotas: Quotas): string => {
  if (all.length === 1) return "calls"
  const narrow = draws.find(({ within }) => within !== "")
  if (narrow)
    return narrow.within
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .replaceAll(/^-|-$/g, "")
  const uses = (draw: Draw) => all.filter((one) => one.draws.some(({ quota }) => quota === draw.quota)).length
  const [rarest] = draws.toSorted((a, b) => uses(a) - uses(b))
  return Object.entries(quotas).find(([, quota]) => quota === rarest?.quota)?.[0] ?? "free"
}

const requestTo = ({ method, path }: Endpoint, id: string): HttpClientRequest.HttpClientRequest =>
  HttpClientRequest.make((methods.find((one) => one === method) ?? "GET") satisfies Method)(
    path.replaceAll(/:[^/]+/g, id)
  )
