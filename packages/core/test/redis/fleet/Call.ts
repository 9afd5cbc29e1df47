/** A call to the provider under a claim, as workers make it. */
import * as Claim from "@sluice/core/Claim"
import * as Quota from "@sluice/core/Quota"
import * as RateLimiter from "@sluice/core/RateLimiter"
import * as Signal from "@sluice/core/Signal"
import { Effect, Exit } from "effect"

export interface QuotaOf {
  readonly limit: number
  readonly windowMillis: number
}

export const claimOf = ({ limit, windowMillis }: QuotaOf): Claim.Claim => Claim.of(Quota.rolling(limit, windowMillis))

/** Gives the status. */
export const call = (claim: Claim.Claim, provider: string, worker: string) =>
  Effect.tryPromise(async (signal) => {
    const response = await fetch(`${provider}/${worker}`, { signal })
    await response.text()
    return response.status
  }).pipe(
    RateLimiter.withPermit(claim, {
      decode: (exit) => ({ ...Signal.none, isRefusal: Exit.isSuccess(exit) && exit.value === 429 })
    })
  )
