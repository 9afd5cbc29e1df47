/** What the context says of a call's wait. */
import { Context, type Duration } from "effect"

/** Until when a call may wait, counted from the call; no limit by default. */
export const Deadline = Context.Reference<Duration.Duration | undefined>("@sluice/core/RateLimiter/Deadline", {
  defaultValue: () => undefined
})

/** Higher goes first; 0 by default. */
export const Priority = Context.Reference<number>("@sluice/core/RateLimiter/Priority", { defaultValue: () => 0 })

/** Whose quotas a claim that names no partition draws on. */
export const Tenant = Context.Reference<string>("@sluice/core/RateLimiter/Tenant", { defaultValue: () => "" })
