/** What the context says of a call's wait. */
import { Context, type Duration } from "effect"

/** Until when a call may wait, counted from the call; no limit by default. */
export const Deadline = Context.Reference<Duration.Duration | undefined>("@sluice/core/RateLimiter/Deadline", {
  defaultValue: () => undefined
})

/** Higher goes first; 0 by default. */
export const Priority = Context.Reference<number>("@sluice/core/RateLimiter/Priority", { defaultValue: () => 0 })

/** For whom calls are made: a name that may be printed, and how much of a quota they get beside others. */
export interface TenantOf {
  readonly name: string
  readonly weight: number
}

/** Tenants who wait for one quota take turns by their weights; all calls are one tenant's, without a name, by default. */
export const Tenant = Context.Reference<TenantOf>("@sluice/core/RateLimiter/Tenant", {
  defaultValue: () => ({ name: "", weight: 1 })
})
