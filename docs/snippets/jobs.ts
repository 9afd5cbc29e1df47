/** Limits without a provider. */
import { Claim, Quota, RateLimiter } from "@sluice/core"
import { Clock, Effect } from "effect"
import { HttpClient } from "effect/http"

export const job = Effect.andThen(Clock.currentTimeMillis, (now) => Effect.as(Effect.sleep("20 millis"), now))

// #region permit
export const limited = job.pipe(RateLimiter.withPermit(Claim.of(Quota.rolling(10, "1 second"))))
// #endregion

// #region claim
const limits = Claim.of(Quota.rolling(5, "10 seconds"), Quota.concurrency(2))

export const parcel = (id: number) =>
  HttpClient.get(`https://api.depot.example/parcels/${id}`).pipe(
    Effect.flatMap((response) => response.json),
    RateLimiter.withPermit(limits)
  )
// #endregion
