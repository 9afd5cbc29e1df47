import { assert, layer } from "@effect/vitest"
import { Claim, Quota, RateLimiter } from "@sluice/core"
import { Effect } from "effect"
import { callAt, serverOf } from "./FleetTraffic.ts"
import { describeRedis, RedisUrl } from "./RedisServer.ts"
import * as VirtualFleet from "./VirtualFleet.ts"

interface Tenant {
  readonly weight: number
  /** How many calls come at which worker, all at once. */
  readonly calls: ReadonlyArray<number>
  readonly atMillis?: number
}

const [limit, windowMillis] = [20, 1000]

/** How many calls of each tenant went in a time in which all of them had some waiting. */
const shares = (tenants: ReadonlyArray<Tenant>, from: number, until: number) =>
  Effect.gen(function* () {
    const fleet = yield* Effect.flatMap(RedisUrl, (url) =>
      VirtualFleet.connect(url, `tenants:${prefixes++}`, { roundTripMillis: 2 })
    )
    const claim = Claim.of(Quota.rolling(limit, windowMillis))
    const { request, traffic } = serverOf(fleet, claim)
    const run = Effect.gen(function* () {
      const limiters = yield* Effect.all(Array.from({ length: 2 }, () => fleet.worker))
      const calls = tenants.flatMap(({ atMillis = 0, calls, weight }, tenant) =>
        limiters.flatMap((limiter, worker) =>
          Array.from({ length: calls[worker] ?? 0 }, () =>
            callAt(
              limiter,
              claim
            )(request(tenant, fleet.now(), 5, 0, 5)).pipe(
              RateLimiter.tenant(`t${tenant}`, { weight }),
              Effect.delay(atMillis)
            )
          )
        )
      )
      yield* Effect.timeoutOption(Effect.all(calls, { concurrency: "unbounded", discard: true }), until)
    })
    yield* yield* fleet.run(run)
    const within = traffic.sent.filter(({ at }) => at >= from && at < until)
    return {
      refused: traffic.refused,
      all: within.length,
      of: tenants.map((_, tenant) => within.filter(({ worker }) => worker === tenant).length / within.length)
    }
  })
let prefixes = 0

describeRedis("tenants of several workers", () => {
  layer(RedisUrl.layer, { excludeTestServices: true })((it) => {
    it.effect("share by weight where each works for all", () =>
      Effect.gen(function* () {
        const tenants = [
          { weight: 1, calls: [900, 900] },
          { weight: 3, calls: [500, 500] }
        ]
        const { all, of, refused } = yield* shares(tenants, 2000, 22_000)
        assert.strictEqual(refused, 0)
        assert.isAtLeast(all, 380)
        assert.approximately(of[1] ?? 0, 0.75, 0.05 * 0.75)
      })
    )

    for (const [name, tenants, expected] of [
      [
        "one works for the loud one alone",
        [
          { weight: 1, calls: [1000, 0] },
          { weight: 1, calls: [0, 300], atMillis: 5000 }
        ],
        0.5
      ],
      [
        "each works for another one, of another weight",
        [
          { weight: 1, calls: [1000, 0] },
          { weight: 3, calls: [0, 1000], atMillis: 5000 }
        ],
        0.75
      ],
      // A tenant that waits at two workers has its turn at each.
      [
        "one works for the loud one, and the other for both",
        [
          { weight: 1, calls: [1000, 1000] },
          { weight: 1, calls: [0, 300], atMillis: 5000 }
        ],
        1 / 3
      ]
    ] as const) {
      it.effect(`do not starve where ${name}`, () =>
        Effect.gen(function* () {
          const { all, of, refused } = yield* shares(tenants, 6000, 26_000)
          assert.strictEqual(refused, 0)
          assert.isAtLeast(all, 380)
          assert.approximately(of[1] ?? 0, expected, 0.05)
        })
      )
    }
  })
})
