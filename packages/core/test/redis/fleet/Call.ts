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

export const claimOf = ({ limit, windowMillis }: QuotaOf, cost = 1): Claim.Claim =>
  Claim.make({ needs: [Claim.need(Quota.rolling(limit, windowMillis), { cost })] })

/** Gives the answer's status and headers; whatever these say is learned from. */
export const call = (claim: Claim.Claim, provider: string, worker: string) =>
  RateLimiter.withPermit(
    Effect.tryPromise(async (signal) => {
      const response = await fetch(`${provider}/${worker}`, { signal })
      await response.text()
      return { status: response.status, headers: Object.fromEntries(response.headers) }
    }),
    claim,
    {
      decode: (exit) =>
        Exit.isSuccess(exit)
          ? { ...Signal.fromHeaders(exit.value.headers), isRefusal: exit.value.status === 429 }
          : Signal.none
    }
  )
