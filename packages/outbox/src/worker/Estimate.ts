/** When a call may be admitted, as far as the limiter knows. */
import { claimOf } from "@sluice/core/Pipeline"
import * as RateLimiter from "@sluice/core/RateLimiter"
import { Clock, Duration, Effect, Option } from "effect"
import type { HttpClientRequest } from "effect/http"
import type { Channel } from "./Channel.ts"
import { tenantOf } from "./Route.ts"

/**
 * The earliest instant, in epoch milliseconds, for a call of a route with so many before it that the limiter does not know of
 * yet, taken to be like it; none of a client that Sluice did not make, or which was mapped since.
 */
export const earliest = (
  limiter: RateLimiter.Service,
  { client }: Channel,
  request: HttpClientRequest.HttpClientRequest,
  route: string,
  ahead: number
): Effect.Effect<Option.Option<number>> =>
  Effect.gen(function* () {
    const claim = yield* Effect.orElseSucceed(claimOf(client, request), Option.none)
    if (Option.isNone(claim)) return Option.none()
    const needs = claim.value.needs.map((need) => ({ ...need, cost: (ahead + 1) * need.cost }))
    const wait = yield* Effect.provideService(
      limiter.estimate({ ...claim.value, needs }),
      RateLimiter.Tenant,
      tenantOf(route)
    )
    return Option.some((yield* Clock.currentTimeMillis) + Duration.toMillis(wait))
  })
