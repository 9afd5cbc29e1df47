/** A limiter's full load: as many calls as it can admit on twenty quotas, and a thousand a second besides that it turns away. */
import { Claim, Quota, RateLimiter } from "@sluice/core"
import { Clock, Effect } from "effect"

export interface Round {
  readonly calls: number
  /** Of this process, in microseconds. */
  readonly processorMicros: number
  readonly turnedAway: number
}

const keys = 20
const eventsPerSecond = 1000
/** So many calls go on before the others have their turn. */
const callsAtATime = 50

const roomy = Array.from({ length: keys }, (_, i) =>
  Claim.make({
    needs: [
      Claim.need(Quota.tokenBucket({ capacity: 1_000_000, refill: 1_000_000, every: "1 second" }, { name: "calls" }))
    ],
    partition: `key-${i}`,
    origin: "roomy"
  })
)
const full = Array.from({ length: keys }, (_, i) =>
  Claim.make({
    needs: [Claim.need(Quota.rolling(1, "1 hour", { name: "full" }))],
    partition: `key-${i}`,
    origin: "full"
  })
)

/** Works for so long. */
export const run = (millis: number): Effect.Effect<Round, never, RateLimiter.RateLimiter> =>
  Effect.gen(function* () {
    yield* Effect.forEach(full, (claim) => Effect.ignore(RateLimiter.withPermit(Effect.void, claim)))
    const start = yield* Clock.currentTimeMillis
    const before = process.cpuUsage()
    let calls = 0
    let turnedAway = 0
    for (let now = start; now < start + millis; now = yield* Clock.currentTimeMillis) {
      for (let i = 0; i < callsAtATime; i++) {
        yield* Effect.ignore(RateLimiter.withPermit(Effect.void, roomy[calls++ % keys] ?? Claim.of()))
      }
      for (const due = ((now - start) / 1000) * eventsPerSecond; turnedAway < due; turnedAway++) {
        const claim = full[turnedAway % keys] ?? Claim.of()
        yield* Effect.ignore(RateLimiter.failFast(RateLimiter.withPermit(Effect.void, claim)))
      }
      // Sockets and timers have their turn, too.
      yield* Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)))
    }
    const { system, user } = process.cpuUsage(before)
    return { calls, turnedAway, processorMicros: user + system }
  })
