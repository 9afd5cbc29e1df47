/**
 * What is taken from a store side by side: calls of one route go in their order, and those of others do not wait for them.
 *
 * A route is a set of quotas, and a tenant: those of several tenants meet in the limiter, where they take turns by weight,
 * and not in a queue that the loudest of them has filled.
 */
import type * as Claim from "@sluice/core/Claim"
import type * as RateLimiter from "@sluice/core/RateLimiter"
import type { Context } from "effect"
import type { HttpClientRequest } from "effect/http"
import type { AnyProvider } from "../Sendable.ts"

type Tenant = Context.Service.Shape<typeof RateLimiter.Tenant>

/** Quotas without what narrows them to one resource: few enough to look at each of them. */
export const routeOf = (
  provider: AnyProvider,
  request: HttpClientRequest.HttpClientRequest,
  { name, weight }: Tenant
): string => {
  const draws: ReadonlyArray<Claim.Draw> = provider.classify(request, provider.quotas)
  const quotas = draws.map(({ quota }) => `${quota.name} ${quota.limit}/${quota.windowMillis}`).join(", ")
  return name === "" ? quotas : `${JSON.stringify([name, weight])}${end}${quotas}`
}

/** No JSON holds it. */
const end = "\n"

/** Whose calls go by a route; a name that is empty is nobody's in particular. */
export const tenantOf = (route: string): Tenant => {
  const at = route.indexOf(end)
  if (at < 0) return nobody
  const [name, weight] = JSON.parse(route.slice(0, at)) as [string, number]
  return { name, weight }
}
const nobody: Tenant = { name: "", weight: 1 }

/** The quotas alone. */
export const quotasOf = (route: string): string => route.slice(route.indexOf(end) + 1)
