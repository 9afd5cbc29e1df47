import { assert, layer } from "@effect/vitest"
import { Claim, Quota, RateLimiter, type Signal } from "@sluice/core"
import { NeverExceeds } from "@sluice/simulator"
import { Effect, Fiber } from "effect"
import { callAt, drive, type Load, local, longestGap, mostOvertaken, serverOf } from "./FleetTraffic.ts"
import { randomOf } from "./History.ts"
import { describeRedis, RedisUrl } from "./RedisServer.ts"
import { measure } from "./Scaling.ts"
import * as VirtualFleet from "./VirtualFleet.ts"

const roundTripMillis = 2
let fleets = 0
const fleetOf = (way: Partial<VirtualFleet.Way> = {}) =>
  Effect.flatMap(RedisUrl, (url) => VirtualFleet.connect(url, `fleet${fleets++}`, { roundTripMillis, ...way }))

const workersOf = (fleet: VirtualFleet.Fleet, count: number) =>
  Effect.all(Array.from({ length: count }, () => fleet.worker))

/** What several workers make of a load, and how long one limiter in memory takes for the same, as a share of their time. */
const compared = Effect.fnUntraced(function* (workers: number, load: Load) {
  const fleet = yield* fleetOf()
  const traffic = yield* yield* fleet.run(
    Effect.flatMap(workersOf(fleet, workers), (limiters) => drive(fleet, limiters, load))
  )
  const alone = yield* fleetOf()
  const best = yield* yield* alone.run(
    Effect.flatMap(local(alone), (limiter) => drive(alone, [limiter], { ...load, callers: workers * load.callers }))
  )
  const last = Math.min(traffic.sent.length, best.sent.length) - 1
  const [at = 0, bestAt = 0] = [traffic.sent[last]?.at, best.sent[last]?.at]
  return { ...traffic, calls: fleet.calls(), share: bestAt / at }
})

/** Lets a refusal close the claim's quotas for so long. */
const refusedFor = (millis: number) => ({
  decode: (): Signal.Signal => ({
    readings: [],
    isRefusal: true,
    retry: { kind: "after", millis, toleranceMillis: 0 }
  })
})

describeRedis("a fleet", () => {
  layer(RedisUrl.layer, { excludeTestServices: true })((it) => {
    for (const [workers, limit, untilMillis, callers, mostCalls] of [
      [1, 100, 4000, 200, 0.12],
      [4, 100, 6500, 60, 0.35],
      [8, 100, 16_000, 30, 0.5],
      [1, 1000, 2200, 1500, 0.025],
      [4, 1000, 2200, 400, 0.045],
      [8, 1000, 3500, 200, 0.07]
    ] as const) {
      it.effect(`of ${workers} at ${limit} a second gets what one limiter gets, in order, with few calls`, () =>
        Effect.gen(function* () {
          const load = { claim: Claim.of(Quota.rolling(limit, 1000)), callers, untilMillis }
          const { calls, counted, refused, sent, share } = yield* compared(workers, load)
          NeverExceeds.limit(limit, 1000)(counted)
          assert.strictEqual(refused, 0)
          assert.isAtLeast(share, 0.975)
          assert.isAtMost(calls / counted.length, mostCalls)
          assert.isAtMost(mostOvertaken(sent), limit)
          // The first to come take the first window; from then on all have the same.
          const steady = sent.filter(({ at }) => at > 1000)
          const fair = steady.length / workers
          for (let i = 0; i < workers; i++) {
            const own = steady.filter(({ worker }) => worker === i).length
            // A tenth, or what one lease may hold.
            assert.isAtMost(Math.abs(own - fair), Math.max(fair / 10, limit === 1000 ? 128 : 0))
          }
        })
      )
    }

    it.effect("of 100 is still served in the order of arrival, and pays for each worker and not for each pair", () =>
      Effect.gen(function* () {
        const claim = Claim.of(Quota.rolling(1000, 1000))
        const setting = { name: "hundred", claim, workers: 100, callers: 20, untilMillis: 2500, roundTripMillis }
        const result = yield* measure(yield* RedisUrl, setting)
        assert.isAtLeast(result.share, 0.97)
        assert.isAtMost(result.callsPerSecond, 5 * 100)
        assert.isAtMost(result.lateMillis.most, 1100)
        assert.strictEqual(result.longestLine, 100)
      })
    )

    for (const [name, claim, mostCalls] of [
      ["a token bucket", Claim.of(Quota.tokenBucket({ capacity: 20, refill: 20, every: 500 })), 2],
      ["clock windows", Claim.of(Quota.fixed(20, 500, { phase: "clock" })), 1.5],
      ["a sliding counter", Claim.of(Quota.slidingCounter(20, 500)), 2],
      ["an idle reset", Claim.of(Quota.idleReset(20, 300)), 1.5],
      ["concurrency", Claim.of(Quota.concurrency(10)), 2.5],
      [
        "two windows at once",
        Claim.of(Quota.rolling(20, 300, { name: "short" }), Quota.rolling(50, 1000, { name: "long" })),
        1.5
      ],
      ["requests that cost 3", Claim.make({ needs: [Claim.need(Quota.rolling(20, 500), { cost: 3 })] }), 2.5]
    ] as const) {
      it.effect(`of 4 keeps ${name}, and stands still nowhere`, () =>
        Effect.gen(function* () {
          const { calls, refused, sent, share } = yield* compared(4, { claim, callers: 8, untilMillis: 3000 })
          assert.strictEqual(refused, 0)
          assert.isAtLeast(share, 0.9)
          assert.isAtMost(calls / sent.length, mostCalls)
          assert.isAtMost(longestGap(sent, 0, 3000), 700)
        })
      )
    }

    it.effect("makes no calls while nobody waits and nothing ended, and few while all wait for an hour", () =>
      Effect.gen(function* () {
        const fleet = yield* fleetOf()
        const claim = Claim.of(Quota.rolling(8, "1 hour"))
        const { request, traffic } = serverOf(fleet, claim)
        const each = (limiters: ReadonlyArray<RateLimiter.RateLimiter["Service"]>) =>
          Effect.forEach(
            limiters.flatMap((limiter, worker) => [0, 1].map(() => [limiter, worker] as const)),
            ([limiter, worker]) => callAt(limiter, claim)(request(worker, fleet.now(), 5, 0, 5)),
            { concurrency: "unbounded" }
          )
        const [told, idle, waited] = yield* yield* fleet.run(
          Effect.gen(function* () {
            const limiters = yield* workersOf(fleet, 4)
            yield* each(limiters)
            yield* Effect.sleep("1 minute")
            const told = fleet.calls()
            yield* Effect.sleep("10 minutes")
            const idle = fleet.calls()
            yield* each(limiters)
            return [told, idle, fleet.calls() - idle] as const
          })
        )
        assert.strictEqual(idle, told)
        assert.strictEqual(traffic.refused, 0)
        assert.isAtMost(traffic.sent.at(-1)?.at ?? Infinity, 3_605_000)
        // Each looks after the first every ten seconds: 6 calls a minute and worker.
        assert.isAtMost(waited, 4 * 50 * 6 + 20)
      })
    )

    it.effect("goes on when the first in line dies, and loses none of the slots that it held", () =>
      Effect.gen(function* () {
        const [leaseMillis, abandonMillis, window, diesAt] = [3000, 2000, 500, 2260]
        const fleet = yield* fleetOf({ options: { leaseMillis, abandonMillis } })
        const load = { claim: Claim.of(Quota.rolling(20, window)), callers: 30 }
        const { sent } = yield* yield* fleet.run(
          Effect.gen(function* () {
            const { die, limiter } = yield* fleet.mortal
            const others = yield* workersOf(fleet, 2)
            yield* Effect.forkChild(drive(fleet, [limiter], { ...load, untilMillis: 60_000 }))
            const going = yield* Effect.forkChild(drive(fleet, others, { ...load, untilMillis: 15_000, seed: 2 }))
            yield* Effect.sleep(diesAt)
            die()
            return yield* Fiber.join(going)
          })
        )
        // A window, what a request takes, and the grace.
        assert.isAtMost(longestGap(sent, 1000, 15_000), window + 100 + 250)
        const from = diesAt + leaseMillis + abandonMillis + window
        const rounds = (15_000 - from) / (window + 60)
        assert.isAtLeast(sent.filter(({ at }) => at > from).length, 0.9 * 20 * rounds)
      })
    )

    it.effect("stands still for no longer than the grace where messages are lost", () =>
      Effect.gen(function* () {
        const fleet = yield* fleetOf()
        const claim = Claim.of(Quota.rolling(20, 500))
        fleet.losesMessages(true)
        const { counted, sent } = yield* yield* fleet.run(
          Effect.flatMap(workersOf(fleet, 4), (limiters) =>
            drive(fleet, limiters, { claim, callers: 20, untilMillis: 8000 })
          )
        )
        NeverExceeds.limit(20, 500)(counted)
        assert.isAtMost(longestGap(sent, 0, 8000), 500 + 100 + 4 * 250)
      })
    )

    it.effect("stops within a round trip of a refusal that one of its workers met", () =>
      Effect.gen(function* () {
        const fleet = yield* fleetOf({ roundTripMillis: 20 })
        const claim = Claim.of(Quota.rolling(400, 1000))
        const [sent, refusedAt] = yield* yield* fleet.run(
          Effect.gen(function* () {
            const [one, ...others] = yield* workersOf(fleet, 4)
            if (!one) return yield* Effect.die("four are some")
            const going = yield* Effect.forkChild(drive(fleet, others, { claim, callers: 10, untilMillis: 4500 }))
            yield* Effect.sleep(1503)
            const refused = Effect.sync(() => fleet.now()).pipe(
              RateLimiter.withPermit(claim, refusedFor(2000)),
              Effect.provideService(RateLimiter.RateLimiter, one)
            )
            const refusedAt = yield* refused
            return [(yield* Fiber.join(going)).sent, refusedAt] as const
          })
        )
        const after = sent.filter(({ at }) => at > refusedAt + 20)
        assert.isAtLeast(after[0]?.at ?? 0, refusedAt + 2000)
        assert.isAbove(after.length, 10)
      })
    )

    it.effect("takes back what was granted and not taken when a refusal closes the quota", () =>
      Effect.gen(function* () {
        const fleet = yield* fleetOf({ roundTripMillis: 20 })
        const claim = Claim.of(Quota.rolling(10, 60_000))
        const { request, traffic } = serverOf(fleet, claim)
        yield* yield* fleet.run(
          Effect.gen(function* () {
            const one = yield* fleet.worker
            const other = yield* fleet.worker
            const refused = Effect.void.pipe(
              RateLimiter.withPermit(claim, refusedFor(5000)),
              Effect.provideService(RateLimiter.RateLimiter, one)
            )
            // Granted at 20, refused at once, and heard of at 40.
            yield* Effect.forkChild(refused)
            yield* Effect.sleep(15)
            // Granted at 35, for nobody.
            const asked = yield* Effect.forkChild(callAt(other, claim)(Effect.never))
            yield* Effect.sleep(1)
            yield* Fiber.interrupt(asked)
            yield* Effect.sleep(25)
            yield* callAt(other, claim)(request(1, fleet.now(), 5, 0, 5))
          })
        )
        assert.isAtLeast(traffic.sent[0]?.at ?? 0, 5000)
      })
    )

    it.effect("sends nothing by a lease that is known too late", () =>
      Effect.gen(function* () {
        const fleet = yield* fleetOf({ roundTripMillis: 60, options: { leaseMillis: 50 } })
        const claim = Claim.of(Quota.rolling(1, 60_000))
        const { request, traffic } = serverOf(fleet, claim)
        const call = Effect.flatMap(fleet.worker, (limiter) => callAt(limiter, claim)(request(0, 0, 5, 0, 5)))
        yield* yield* fleet.run(Effect.timeoutOption(call, 1000))
        assert.deepStrictEqual(traffic.sent, [])
      })
    )

    it.effect("lets who is more urgent go first, at whichever worker", () =>
      Effect.gen(function* () {
        const fleet = yield* fleetOf()
        const claim = Claim.of(Quota.rolling(1, 300))
        const { request, traffic } = serverOf(fleet, claim)
        yield* yield* fleet.run(
          Effect.gen(function* () {
            const one = yield* fleet.worker
            const other = yield* fleet.worker
            const call = (limiter: RateLimiter.RateLimiter["Service"], worker: number) =>
              callAt(limiter, claim)(request(worker, fleet.now(), 5, 0, 5))
            yield* call(one, 0)
            const calls = [
              ...[1, 2, 3].map(() => call(one, 0)),
              ...[1, 2, 3].map(() => Effect.delay(call(other, 1).pipe(RateLimiter.priority("high")), 20))
            ]
            yield* Effect.all(calls, { concurrency: "unbounded" })
          })
        )
        assert.strictEqual(traffic.sent.map(({ worker }) => worker).join(""), "0111000")
      })
    )

    it.effect("lets nobody wait longer for those who give up, first in line or not", () =>
      Effect.gen(function* () {
        const fleet = yield* fleetOf()
        const claim = Claim.of(Quota.rolling(1, 1000))
        const { request, traffic } = serverOf(fleet, claim)
        yield* yield* fleet.run(
          Effect.gen(function* () {
            const limiters = yield* workersOf(fleet, 4)
            const calls = yield* Effect.forEach([0, 0, 1, 2, 3], (worker, i) =>
              Effect.gen(function* () {
                const limiter = limiters[worker]
                if (!limiter) return yield* Effect.die("four are some")
                yield* Effect.sleep(i * 10)
                yield* callAt(limiter, claim)(request(worker, fleet.now(), 5, 0, 5))
              }).pipe(Effect.forkChild)
            )
            yield* Effect.sleep(500)
            yield* Effect.forEach([1, 2, 3], (i) => (calls[i] ? Fiber.interrupt(calls[i]) : Effect.void))
            yield* Fiber.awaitAll(calls)
          })
        )
        assert.deepStrictEqual(
          traffic.sent.map(({ worker }) => worker),
          [0, 3]
        )
        assert.isAtMost(traffic.sent[1]?.at ?? Infinity, 1045)
      })
    )

    it.effect("keeps the slot of a request that lasts longer than any lease, while its worker lives", () =>
      Effect.gen(function* () {
        const fleet = yield* fleetOf({ options: { leaseMillis: 1000, abandonMillis: 1000 } })
        const claim = Claim.of(Quota.concurrency(1))
        const { request, traffic } = serverOf(fleet, claim)
        yield* yield* fleet.run(
          Effect.gen(function* () {
            const one = yield* fleet.worker
            const other = yield* fleet.worker
            const long = yield* Effect.forkChild(callAt(one, claim)(request(0, 0, 5, 20_000, 5)))
            yield* Effect.sleep(100)
            yield* callAt(other, claim)(request(1, 100, 5, 0, 5))
            yield* Fiber.join(long)
          })
        )
        const [, second] = traffic.sent.map(({ at }) => at)
        assert.strictEqual(traffic.refused, 0)
        assert.isAtLeast(second ?? 0, 20_010)
        assert.isAtMost(second ?? Infinity, 20_100)
      })
    )

    it.effect("neither exceeds nor stands still in small histories of all sorts", () =>
      Effect.gen(function* () {
        // The last has claims of two shapes at one worker, of which the one waited for the other's turn.
        for (const seed of [...Array(30).keys(), 355]) {
          const random = randomOf(seed)
          const [limit, window] = [random.between(1, 6), random.pick([50, 200, 1000])]
          const [roundTripMillis, longest] = [random.pick([0, 1, 5, 40]), random.pick([20, 20, 300])]
          const abandonMillis = 1000
          const fleet = yield* fleetOf({ roundTripMillis, options: { leaseMillis: 3000, abandonMillis } })
          const quota = Quota.rolling(limit, window)
          const costs = [1, 1, random.between(1, Math.min(3, limit))] as const
          const claims = costs.map((cost) => Claim.make({ needs: [Claim.need(quota, { cost })] }))
          const counted: Array<NeverExceeds.CountedPoint> = []
          let [asked, abandoned] = [0, 0]
          const call = (limiters: ReadonlyArray<RateLimiter.RateLimiter["Service"]>) =>
            Effect.gen(function* () {
              const [limiter, claim] = [limiters[random.upTo(limiters.length - 1)], claims[random.upTo(2)]]
              const cost = claim?.needs[0]?.cost ?? 1
              if (!limiter || !claim) return
              yield* Effect.sleep(random.upTo(2 * window))
              asked += cost
              const request = Effect.gen(function* () {
                yield* Effect.sleep(random.upTo(longest))
                counted.push({ atMillis: fleet.now(), cost })
                yield* Effect.sleep(random.upTo(longest))
              }).pipe(
                Effect.onInterrupt(() =>
                  Effect.sync(() => {
                    abandoned += cost
                  })
                )
              )
              const waits = callAt(
                limiter,
                claim
              )(request).pipe(RateLimiter.priority(random.chance(0.2) ? "high" : "normal"))
              yield* random.chance(0.3) ? Effect.timeoutOption(waits, random.upTo(2 * window)) : waits
            })
          const took = yield* yield* fleet.run(
            Effect.gen(function* () {
              const limiters = yield* workersOf(fleet, random.between(2, 4))
              const calls = Array.from({ length: random.between(5, 25) }, () => call(limiters))
              yield* Effect.all(calls, { concurrency: "unbounded" })
              return fleet.now()
            })
          )
          NeverExceeds.limit(limit, window)(counted)
          // All that is asked for one window after the other, as slowly as it may be answered, and what was lost from sight.
          const rounds = Math.ceil(asked / limit) + 1
          const round = window * 1.02 + 2 * longest + 4 * roundTripMillis + 30
          const most = 2 * window + rounds * round + abandoned * (abandonMillis + round)
          assert.isAtMost(took, most, `seed ${seed}`)
        }
      })
    )

    it.effect("asks seldom and exceeds nothing where claims of several shapes share two quotas", () =>
      Effect.gen(function* () {
        for (const seed of [...Array(12).keys(), 15, 23, 75]) {
          const random = randomOf(seed)
          const fleet = yield* fleetOf({ roundTripMillis: 1, options: { leaseMillis: 3000, abandonMillis: 1000 } })
          const [limit, window] = [random.between(1, 8), random.pick([50, 200, 1000])]
          const [wideLimit, wideWindow] = [limit + random.between(1, 8), window * random.pick([2, 3, 5])]
          const narrow = Quota.rolling(limit, window, { name: "narrow" })
          const wide = Quota.rolling(wideLimit, wideWindow, { name: "wide" })
          const shapes = [
            [Claim.need(narrow)],
            [Claim.need(narrow), Claim.need(wide)],
            [Claim.need(wide), Claim.need(narrow, { cost: random.between(1, limit) })],
            [Claim.need(wide, { cost: random.between(1, Math.min(3, wideLimit)) })]
          ].map((needs) => Claim.make({ needs }))
          const counted = new Map<string, Array<NeverExceeds.CountedPoint>>([
            ["narrow", []],
            ["wide", []]
          ])
          const requests = random.between(5, 40)
          fleet.losesMessages(random.chance(0.2))
          yield* yield* fleet.run(
            Effect.gen(function* () {
              const limiters = yield* workersOf(fleet, random.between(2, 5))
              const call = Effect.gen(function* () {
                const limiter = limiters[random.upTo(limiters.length - 1)]
                const claim = shapes[random.upTo(shapes.length - 1)]
                if (!limiter || !claim) return
                yield* Effect.sleep(random.upTo(2 * wideWindow))
                const request = Effect.gen(function* () {
                  yield* Effect.sleep(random.upTo(20))
                  const atMillis = fleet.now()
                  for (const { cost, quota } of claim.needs) counted.get(quota.name)?.push({ atMillis, cost })
                  yield* Effect.sleep(random.upTo(20))
                })
                yield* callAt(
                  limiter,
                  claim
                )(request).pipe(RateLimiter.priority(random.pick(["high", "normal", "normal", "low"])))
              })
              yield* Effect.all(
                Array.from({ length: requests }, () => call),
                { concurrency: "unbounded" }
              )
            })
          )
          NeverExceeds.limit(limit, window)(counted.get("narrow") ?? [])
          NeverExceeds.limit(wideLimit, wideWindow)(counted.get("wide") ?? [])
          assert.isAtMost(fleet.calls(), 6 * requests, `seed ${seed}`)
        }
      })
    )
  })
})
