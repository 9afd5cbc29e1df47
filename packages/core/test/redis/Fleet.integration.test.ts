import { assert, layer } from "@effect/vitest"
import { Claim, Quota } from "@sluice/core"
import { NeverExceeds } from "@sluice/simulator"
import { Effect } from "effect"
import { drive, local, mostOvertaken, type Load } from "./FleetTraffic.ts"
import { describeRedis, RedisUrl } from "./RedisServer.ts"
import * as VirtualFleet from "./VirtualFleet.ts"

const roundTripMillis = 2
let fleets = 0
const fleetOf = (way: Partial<VirtualFleet.Way> = {}) =>
  Effect.flatMap(RedisUrl, (url) => VirtualFleet.connect(url, `fleet${fleets++}`, { roundTripMillis, ...way }))

/** What several workers make of a load, and what one limiter in memory makes of it. */
const compared = Effect.fnUntraced(function* (workers: number, load: Load) {
  const fleet = yield* fleetOf()
  const traffic = yield* yield* fleet.run(
    Effect.flatMap(Effect.all(Array.from({ length: workers }, () => fleet.worker)), (limiters) =>
      drive(fleet, limiters, load)
    )
  )
  const alone = yield* fleetOf()
  const best = yield* yield* alone.run(
    Effect.flatMap(local(alone), (limiter) => drive(alone, [limiter], { ...load, callers: workers * load.callers }))
  )
  return { ...traffic, calls: fleet.calls(), share: traffic.counted.length / best.counted.length }
})

describeRedis("a fleet", () => {
  layer(RedisUrl.layer, { excludeTestServices: true })((it) => {
    for (const [workers, limit, untilMillis, callers, mostCalls] of [
      [1, 100, 6000, 200, 0.5],
      [4, 100, 6000, 100, 0.6],
      [8, 100, 10_000, 40, 0.6],
      [1, 1000, 3500, 1500, 0.06],
      [4, 1000, 3500, 500, 0.06],
      [8, 1000, 4500, 250, 0.08]
    ] as const) {
      it.effect(`of ${workers} at ${limit} a second gets what one limiter gets, in order, with few calls`, () =>
        Effect.gen(function* () {
          const load = { claim: Claim.of(Quota.rolling(limit, 1000)), callers, untilMillis }
          const { calls, counted, refused, sent, share } = yield* compared(workers, load)
          const per = Array.from({ length: workers }, (_, i) => sent.filter(({ worker }) => worker === i).length)
          console.log(workers, limit, { n: counted.length, share, per: calls / counted.length, over: mostOvertaken(sent), shares: per.map((x) => +((x * workers) / sent.length).toFixed(3)) })
          NeverExceeds.limit(limit, 1000)(counted)
          assert.strictEqual(refused, 0)
          assert.isAtLeast(share, 0.985)
          assert.isAtMost(calls / counted.length, mostCalls)
          assert.isAtMost(mostOvertaken(sent), limit)
          for (const each of per) assert.closeTo((each * workers) / sent.length, 1, 0.1)
        })
      )
    }
  })
})
