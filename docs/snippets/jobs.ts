/** Limits without HTTP. */
import { Claim, Quota, RateLimiter } from "@sluice/core"
import { Clock, Effect } from "effect"

export const job = Effect.andThen(Clock.currentTimeMillis, (now) => Effect.as(Effect.sleep("20 millis"), now))

// #region permit
export const limited = job.pipe(RateLimiter.withPermit(Claim.of(Quota.rolling(10, "1 second"))))
// #endregion
