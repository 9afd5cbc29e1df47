import { Claim, Quota, RateLimiter } from "@sluice/core"
import { Eta, Planner } from "@sluice/planner"
import { Simulator } from "@sluice/simulator"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect } from "effect"

const reads = Quota.rolling(50, "1 second", { name: "reads" })
const options = { workers: 8, latency: "60 millis" } as const

describe("Eta", () => {
  it.effect("is the plan's time where nothing is known of the limiter", () =>
    Effect.gen(function* () {
      const plan = yield* Planner.plan({ reads }, { reads: 100_000 }, { ...options, alternatives: false })
      assert.strictEqual(Duration.toMillis(Eta.eta({ reads }, { reads: 100_000 }, options)), plan.doneAfterMillis)
    })
  )

  it.effect("is what is left of a job that is under way, or up to a window more", () =>
    Simulator.fastForward(
      Effect.gen(function* () {
        const call = Effect.sleep("60 millis").pipe(RateLimiter.withPermit(Claim.of(reads)))
        const etas: Array<readonly [at: number, millis: number]> = []
        let done = 0
        const calls = 600
        const one = Effect.gen(function* () {
          yield* call
          done++
          if (done % 100 !== 0) return
          const status = yield* RateLimiter.status()
          const left = Eta.eta({ reads }, { reads: calls - done }, { ...options, status })
          etas.push([yield* Clock.currentTimeMillis, Duration.toMillis(left)])
        })
        yield* Effect.forEach(Array.from({ length: calls }), () => one, { concurrency: 8, discard: true })
        const endedAt = yield* Clock.currentTimeMillis
        assert.lengthOf(etas, 6)
        for (const [at, millis] of etas.slice(0, -1)) {
          assert.isAtLeast(at + millis, endedAt - 60)
          assert.isAtMost(at + millis, endedAt + 1100)
        }
      }).pipe(Effect.provide(RateLimiter.layer))
    ).pipe(Effect.map(({ exit }) => assert.isTrue(exit._tag === "Success", String(exit))))
  )

  it.effect("is a window's part for each unit that goes evenly, however many went before", () =>
    Effect.gen(function* () {
      const writes = Quota.rolling(60, "1 minute", { name: "writes", pacing: "even" })
      const one = Effect.void.pipe(RateLimiter.withPermit(Claim.of(writes)))
      const { exit } = yield* Simulator.fastForward(
        Effect.gen(function* () {
          yield* Effect.replicateEffect(one, 20)
          const status = yield* RateLimiter.status()
          return Duration.toMillis(Eta.eta({ writes }, { writes: 10 }, { status }))
        }).pipe(Effect.provide(RateLimiter.layer))
      )
      const millis = yield* exit
      assert.approximately(millis, 9500, 1000)
    })
  )

  it.effect("is near the plan where rounds do not come again soon", () =>
    Effect.gen(function* () {
      const quotas = { reads, hour: Quota.rolling(400, "1 minute", { name: "hour" }) }
      const plan = yield* Planner.plan(quotas, { calls: 20_000 }, { ...options, alternatives: false })
      const millis = Duration.toMillis(Eta.eta(quotas, { calls: 20_000 }, options))
      assert.closeTo(millis / plan.doneAfterMillis, 1, 0.01)
      const random = { ...options, latency: { uniform: [20, 100] } } as const
      const drawn = yield* Planner.plan({ reads }, { reads: 20_000 }, { ...random, alternatives: false })
      assert.closeTo(Duration.toMillis(Eta.eta({ reads }, { reads: 20_000 }, random)) / drawn.doneAfterMillis, 1, 0.02)
    })
  )

  it("goes through a few hundred calls and no more", () => {
    const quotas = { reads, day: Quota.rolling(100_000, "1 day", { name: "day" }) }
    const cpuMillis = Array.from({ length: 15 }, () => {
      const before = process.cpuUsage()
      const millis = Duration.toMillis(Eta.eta(quotas, { calls: 10_000_000 }, options))
      assert.closeTo(millis / 86_400_000, 99.1, 0.1)
      const { system, user } = process.cpuUsage(before)
      return (user + system) / 1000
    }).toSorted((a, b) => a - b)
    // By the processor's time: other tests run beside this one.
    assert.isBelow(cpuMillis[0] ?? Infinity, 10)
  })
})
