/** Calls that go wrong as they are told: what a limiter sees, without any server. */
import { Claim, Quota, RateLimiter, Signal } from "@sluice/core"
import { Data, Effect } from "effect"

export const writes = Quota.rolling(5, "1 minute", { name: "writes" })

export const claimOf = (partition: string, quota: Quota.Quota = writes) =>
  Claim.make({ needs: [Claim.need(quota)], partition, origin: "acme" })

export class Tired extends Data.TaggedError("AcmeRateLimited")<{ readonly provider: string; readonly raw: string }> {
  override get message() {
    return "Acme is tired"
  }
}

/** A call that is answered at once. */
export const call = (partition = "p") => RateLimiter.withPermit(Effect.void, claimOf(partition))

/** A call that Acme refuses, to come back after so many milliseconds. */
export const refused = (millis: number, partition = "p") =>
  RateLimiter.RateLimiter.use((limiter) =>
    Effect.withFiber((fiber) => {
      const permit = limiter.permit(claimOf(partition))
      const signal = { ...Signal.none, isRefusal: true, retry: { kind: "after", millis, toleranceMillis: 0 } } as const
      const refusal = new Tired({ provider: "acme", raw: "in-body" })
      const settle = Effect.sync(() => limiter.settle(permit, "refused", { signal, refusal }))
      return Effect.ensuring(limiter.admit(permit, fiber, Effect.void), settle)
    })
  )
