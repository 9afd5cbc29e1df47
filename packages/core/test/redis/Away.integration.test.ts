import { assert, layer } from "@effect/vitest"
import { type AdmissionError, Claim, Quota } from "@sluice/core"
import { NeverExceeds } from "@sluice/simulator"
import { Effect, Fiber } from "effect"
import { callAt, drive, serverOf, type Sent } from "./FleetTraffic.ts"
import { randomOf } from "./History.ts"
import { describeRedis, RedisUrl } from "./RedisServer.ts"
import * as VirtualFleet from "./VirtualFleet.ts"

type Options = NonNullable<VirtualFleet.Way["options"]>

const [leaseMillis, abandonMillis] = [3000, 1000]
let fleets = 0
const fleetOf = (options: Options, roundTripMillis = 2) =>
  Effect.flatMap(RedisUrl, (url) =>
    VirtualFleet.connect(url, `away${fleets++}`, {
      roundTripMillis,
      options: { leaseMillis, abandonMillis, ...options }
    })
  )

const mortals = (fleet: VirtualFleet.Fleet, count: number) =>
  Effect.all(Array.from({ length: count }, () => fleet.mortal))

const sleepUntil = (fleet: VirtualFleet.Fleet, at: number) =>
  Effect.suspend(() => Effect.sleep(Math.max(0, at - fleet.now())))

/** How many went from one instant on and up to another. */
const between = (sent: ReadonlyArray<Sent>, from: number, to: number): number =>
  sent.filter(({ at }) => at > from && at <= to).length

/** A part may be used from then on, by whoever lost Redis at an instant. */
const opensAfter = (windowMillis: number) => 5000 + abandonMillis + windowMillis

/** The longest that a call is not made again after it got no answer, when Redis was away for so long. */
const backAfter = (how: VirtualFleet.Loss, awayMillis: number) => (how === "fails" ? 1100 : 1.1 * awayMillis + 1100)

describeRedis("calls that wait for a Redis that is away", () => {
  layer(RedisUrl.layer, { excludeTestServices: true })((it) => {
    for (const how of ["fails", "hangs"] as const) {
      it.effect(`go on when it is back (it ${how})`, () =>
        Effect.gen(function* () {
          const fleet = yield* fleetOf({ awayMillis: 10_000 })
          const claim = Claim.of(Quota.rolling(4, 500))
          const traffic = yield* yield* fleet.run(
            Effect.gen(function* () {
              const workers = yield* mortals(fleet, 2)
              const limiters = workers.map(({ limiter }) => limiter)
              const going = yield* Effect.forkChild(drive(fleet, limiters, { claim, callers: 6, untilMillis: 20_000 }))
              yield* sleepUntil(fleet, 3000)
              for (const worker of workers) worker.loses(how)
              yield* sleepUntil(fleet, 8000)
              for (const worker of workers) worker.returns()
              return yield* Fiber.join(going)
            })
          )
          NeverExceeds.limit(4, 500)(traffic.counted)
          assert.strictEqual(traffic.refused, 0)
          assert.strictEqual(between(traffic.sent, 3020, 8000), 0)
          const back = 8000 + backAfter(how, 5000)
          assert.isAbove(between(traffic.sent, 8000, back), 0)
          // What was granted while its answer was lost is dead by then.
          const steady = Math.max(back, 3000 + leaseMillis + abandonMillis + 500)
          assert.isAtLeast(between(traffic.sent, steady, 20_000), (0.85 * 4 * (20_000 - steady)) / 550)
        })
      )

      it.effect(`fail after the deadline, new ones at once, until it is back (it ${how})`, () =>
        Effect.gen(function* () {
          const fleet = yield* fleetOf({ awayMillis: 5000 })
          const claim = Claim.of(Quota.rolling(2, 500))
          const ends = yield* yield* fleet.run(
            Effect.gen(function* () {
              const worker = yield* fleet.mortal
              const call = Effect.suspend(() => {
                const since = fleet.now()
                return callAt(
                  worker.limiter,
                  claim
                )(Effect.void).pipe(
                  Effect.as("sent" as const),
                  Effect.catch((error: AdmissionError.AdmissionError) => Effect.succeed(error.reason._tag)),
                  Effect.map((end) => ({ end, since, took: fleet.now() - since }))
                )
              })
              const ends = [yield* call]
              yield* sleepUntil(fleet, 1000)
              worker.loses(how)
              const early = yield* Effect.forkChild(Effect.all([call, call, call], { concurrency: "unbounded" }))
              yield* sleepUntil(fleet, 5000)
              const late = yield* Effect.forkChild(call)
              ends.push(...(yield* Fiber.join(early)), yield* Fiber.join(late))
              yield* sleepUntil(fleet, 7000)
              ends.push(yield* call)
              worker.returns()
              while (ends.at(-1)?.end !== "sent") {
                yield* Effect.sleep(50)
                ends.push(yield* call)
              }
              return ends
            })
          )
          const [before, ...rest] = ends
          const [one, two, three, late, anew] = rest
          const last = rest.at(-1)
          assert.strictEqual(before?.end, "sent")
          for (const each of [one, two, three, late]) {
            assert.strictEqual(each?.end, "Store")
            assert.isAtLeast((each?.since ?? 0) + (each?.took ?? 0), 6000)
            assert.isAtMost((each?.since ?? 0) + (each?.took ?? 0), 6010)
          }
          assert.deepInclude(anew, { end: "Store", took: 0 })
          assert.strictEqual(last?.end, "sent")
          assert.isAtMost((last?.since ?? 0) + (last?.took ?? 0), 7000 + backAfter(how, 6000))
        })
      )
    }
  })
})

interface Outage {
  readonly quotas: readonly [Quota.Quota, ...ReadonlyArray<Quota.Quota>]
  readonly cost?: number
  readonly workers?: number
  /** Of each that loses Redis: when, when it is back, and how it is lost. */
  readonly losses: ReadonlyArray<readonly [from: number, to: number, how?: VirtualFleet.Loss]>
  readonly callers?: number
  readonly untilMillis: number
  readonly roundTripMillis?: number
  readonly wayMillis?: readonly [number, number]
  readonly seed?: number
}

/** What workers that divide their quotas make of losses: the first of them lose Redis, the others keep it. */
const outage = Effect.fnUntraced(function* (given: Outage) {
  const { callers = 6, cost = 1, losses, quotas, roundTripMillis, seed = 1, untilMillis, workers = 3 } = given
  const fleet = yield* fleetOf({ shares: true }, roundTripMillis)
  const claim = Claim.make({ needs: quotas.map((quota) => Claim.need(quota, { cost })) })
  const made = yield* yield* fleet.run(
    Effect.gen(function* () {
      const all = yield* mortals(fleet, workers)
      const limiters = all.map(({ limiter }) => limiter)
      const wayMillis = given.wayMillis ?? ([5, 20] as const)
      const load = { claim, callers, untilMillis, wayMillis, seed }
      const going = yield* Effect.forkChild(drive(fleet, limiters, load))
      yield* Effect.forEach(
        losses,
        ([from, to, how = "fails"], i) =>
          Effect.gen(function* () {
            yield* sleepUntil(fleet, from)
            all[i]?.loses(how)
            yield* sleepUntil(fleet, to)
            all[i]?.returns()
          }),
        { concurrency: "unbounded" }
      ).pipe(Effect.forkChild)
      const traffic = yield* Fiber.join(going)
      // Everything has ended, was told, and has cooled: whoever asks now is granted all of it at once.
      const longest = Math.max(...quotas.map(({ windowMillis }) => windowMillis))
      const backAt = Math.max(...losses.map(([from, to, how = "fails"]) => to + backAfter(how, to - from)))
      yield* sleepUntil(fleet, Math.max(untilMillis, backAt) + abandonMillis + 1500 + 1.1 * longest)
      const before = fleet.now()
      const [last] = limiters.toReversed()
      const most = Math.floor(Math.min(...quotas.map(({ limit }) => limit)) / cost)
      const ends = last
        ? yield* Effect.all(
            Array.from({ length: most }, () => Effect.as(callAt(last, claim)(Effect.void), fleet.now)),
            { concurrency: "unbounded" }
          )
        : []
      return { ...traffic, drainedMillis: fleet.now() - before, asked: ends.length }
    })
  )
  for (const { kind, limit, windowMillis } of quotas) {
    if (kind === "rolling") NeverExceeds.limit(limit, windowMillis)(made.counted.map((each) => ({ ...each, cost })))
  }
  assert.strictEqual(made.refused, 0, `refused, seed ${seed}`)
  assert.isAtMost(made.drainedMillis, 4 * (roundTripMillis ?? 2) + 40, `slots are missing at the end, seed ${seed}`)
  return made
})

describeRedis("workers that divide their quotas while Redis is away", () => {
  layer(RedisUrl.layer, { excludeTestServices: true })((it) => {
    const quota = Quota.rolling(12, 500)
    const [lostAt, backAt, untilMillis] = [7000, 22_000, 32_000]
    for (const how of ["fails", "hangs"] as const) {
      it.effect(`use each its part when all lose it, and exceed nothing (it ${how})`, () =>
        Effect.gen(function* () {
          const losses = [0, 1, 2].map(() => [lostAt, backAt, how] as const)
          const { sent } = yield* outage({ quotas: [quota], losses, untilMillis })
          const opensAt = lostAt + opensAfter(500)
          assert.strictEqual(between(sent, lostAt + 20, opensAt - 20), 0)
          // Whose call hung finds out only when the next one does: its part opens that much later.
          const rounds = (backAt - opensAt - 2500) / (500 + 60)
          assert.isAtLeast(between(sent, opensAt, backAt), 0.85 * 12 * rounds)
          assert.isAbove(between(sent, 31_000, untilMillis), 12)
        })
      )

      it.effect(`use each its part when one loses it, and the others leave its part to it (it ${how})`, () =>
        Effect.gen(function* () {
          const { sent } = yield* outage({ quotas: [quota], losses: [[lostAt, backAt, how]], untilMillis })
          const opensAt = lostAt + opensAfter(500)
          const alone = sent.filter(({ worker }) => worker === 0)
          assert.strictEqual(between(alone, lostAt + 20, opensAt - 20), 0)
          const rounds = (backAt - opensAt - 2500) / (500 + 60)
          assert.isAtLeast(between(alone, opensAt, backAt), 0.85 * 4 * rounds)
          const others = sent.filter(({ worker }) => worker !== 0)
          assert.isAtLeast(between(others, opensAt, backAt), 0.8 * 8 * rounds)
          assert.isAtMost(between(others, opensAt, backAt), (8 * (backAt - opensAt)) / 500 + 8)
          assert.isAbove(between(alone, 31_000, untilMillis), 0)
        })
      )
    }

    it.effect("are back one after the other, and leave the parts of those who are not yet back to them", () =>
      outage({
        quotas: [quota],
        losses: [
          [lostAt, 21_300, "fails"],
          [lostAt + 400, 22_000, "hangs"],
          [lostAt + 900, 27_700, "hangs"]
        ],
        untilMillis
      })
    )

    it.effect("keep several quotas of a claim, of which the narrowest is divided too", () =>
      outage({
        quotas: [Quota.rolling(12, 500, { name: "short" }), Quota.rolling(30, 3000, { name: "long" })],
        losses: [
          [lostAt, backAt, "fails"],
          [lostAt, backAt, "hangs"],
          [lostAt + 300, backAt + 700]
        ],
        untilMillis
      })
    )

    it.effect("keep a concurrency quota", () =>
      Effect.gen(function* () {
        const losses = [
          [lostAt, backAt, "fails"],
          [lostAt, backAt, "hangs"]
        ] as const
        const { sent } = yield* outage({
          quotas: [Quota.concurrency(6)],
          losses,
          untilMillis,
          wayMillis: [50, 200],
          callers: 3
        })
        assert.isAbove(between(sent, lostAt + 8000, backAt), 50)
      })
    )

    it.effect("wait for Redis where a part is less than a claim, or where no part is a quota of its own", () =>
      Effect.gen(function* () {
        for (const [undivided, cost] of [
          [Quota.rolling(2, 500), 1],
          [Quota.rolling(12, 500), 5],
          [Quota.idleReset(12, 300), 1],
          [Quota.tokenBucket({ capacity: 12, refill: 12, every: 500 }), 1]
        ] as const) {
          const losses = [0, 1, 2].map(() => [lostAt, 17_000] as const)
          const { sent } = yield* outage({ quotas: [undivided], cost, losses, callers: 1, untilMillis: 19_500 })
          assert.strictEqual(between(sent, lostAt + 50, 17_000), 0, undivided.kind)
          assert.isAbove(between(sent, 17_000, 19_500), 0, undivided.kind)
        }
      })
    )

    it.effect("do not divide where they are younger than the others may know", () =>
      Effect.gen(function* () {
        const losses = [[4500, 16_000]] as const
        const { sent } = yield* outage({ quotas: [quota], losses, untilMillis: 18_000 })
        assert.strictEqual(
          between(
            sent.filter(({ worker }) => worker === 0),
            4550,
            16_000
          ),
          0
        )
      })
    )

    it.effect("leave its part to one that was lost before some of them came", () =>
      Effect.gen(function* () {
        const fleet = yield* fleetOf({ shares: true })
        const claim = Claim.of(quota)
        const { counted, sent } = yield* yield* fleet.run(
          Effect.gen(function* () {
            const [one, other] = yield* mortals(fleet, 2)
            if (!one || !other) return yield* Effect.die("two are some")
            yield* sleepUntil(fleet, lostAt)
            one.loses("fails")
            yield* sleepUntil(fleet, lostAt + 1000)
            const others = [...(yield* mortals(fleet, 2)), other]
            const limiters = [one, ...others].map(({ limiter }) => limiter)
            const going = yield* Effect.forkChild(drive(fleet, limiters, { claim, callers: 6, untilMillis: 28_000 }))
            yield* sleepUntil(fleet, 18_000)
            for (const each of others) each.loses("fails")
            return yield* Fiber.join(going)
          })
        )
        NeverExceeds.limit(12, 500)(counted)
        const alone = sent.filter(({ worker }) => worker === 0)
        const others = sent.filter(({ worker }) => worker !== 0)
        // Half of it, and a sixth each.
        assert.isAtLeast(between(alone, 15_000, 28_000), 0.8 * 6 * 23)
        assert.isAtLeast(between(others, 15_000, 18_000), 0.7 * 6 * 5)
        assert.isAtLeast(between(others, 25_000, 28_000), 0.7 * 6 * 5)
      })
    )

    it.effect("use nothing of it while what Redis granted them is under way, and register what they used", () =>
      Effect.gen(function* () {
        const fleet = yield* fleetOf({ shares: true })
        const claim = Claim.of(Quota.rolling(4, 2000))
        const { request, traffic } = serverOf(fleet, claim)
        const traced = yield* yield* fleet.run(
          Effect.gen(function* () {
            const [one, other] = yield* mortals(fleet, 2)
            if (!one || !other) return yield* Effect.die("two are some")
            const call = (worker: VirtualFleet.Mortal, i: number, work: number) =>
              callAt(worker.limiter, claim)(request(i, fleet.now(), 1, work, 1))
            yield* sleepUntil(fleet, 7000)
            // Is under way until 20 s.
            yield* Effect.forkChild(call(one, 0, 13_000))
            yield* Effect.sleep(100)
            one.loses("fails")
            yield* Effect.forkChild(Effect.all([call(one, 0, 5000), call(one, 0, 1)], { concurrency: "unbounded" }))
            yield* sleepUntil(fleet, 19_900)
            const before = traffic.sent.length
            // The two go now, of which one is under way when Redis is back.
            yield* sleepUntil(fleet, 21_000)
            const shared = traffic.sent.length
            one.returns()
            yield* sleepUntil(fleet, 22_200)
            yield* Effect.forkChild(
              Effect.all(
                [1, 2, 3, 4].map(() => call(other, 1, 1)),
                { concurrency: "unbounded" }
              )
            )
            yield* sleepUntil(fleet, 22_400)
            return { before, shared, back: traffic.sent.length }
          })
        )
        assert.strictEqual(traffic.refused, 0)
        assert.deepStrictEqual(traced, { before: 1, shared: 3, back: 5 })
      })
    )

    it.effect("lose no slot whose body ended meanwhile", () =>
      Effect.gen(function* () {
        const fleet = yield* fleetOf({ shares: true, leaseMillis: 60_000 })
        const claim = Claim.of(Quota.concurrency(2))
        const took = yield* yield* fleet.run(
          Effect.gen(function* () {
            const [one] = yield* mortals(fleet, 1)
            if (!one) return yield* Effect.die("one is some")
            const call = callAt(one.limiter, claim)(Effect.sleep(20))
            yield* call
            yield* sleepUntil(fleet, 7000)
            one.loses("fails")
            yield* Effect.forEach([1, 2, 3], () => call)
            yield* sleepUntil(fleet, 20_000)
            one.returns()
            yield* Effect.sleep(2000)
            const before = fleet.now()
            yield* Effect.all([call, call], { concurrency: "unbounded" })
            return fleet.now() - before
          })
        )
        assert.isAtMost(took, 30)
      })
    )

    it.effect("hold a slot for as long as its body is read, and then no longer", () =>
      Effect.gen(function* () {
        const fleet = yield* fleetOf({ shares: true })
        const claim = Claim.of(Quota.concurrency(2))
        const took = yield* yield* fleet.run(
          Effect.gen(function* () {
            const { limiter, loses } = yield* fleet.mortal
            const call = callAt(limiter, claim)(Effect.sleep(20))
            const streamed = Effect.withFiber((fiber) => {
              const permit = limiter.permit(claim)
              return limiter
                .admit(permit, fiber, Effect.void)
                .pipe(
                  Effect.andThen(Effect.sync(() => limiter.settle(permit, "answered", { bodyFollows: true }))),
                  Effect.andThen(Effect.sleep(1000)),
                  Effect.andThen(Effect.sync(() => limiter.release(permit, "read")))
                )
            })
            yield* call
            yield* sleepUntil(fleet, 7000)
            loses("fails")
            const streaming = yield* Effect.forkChild(streamed)
            yield* call
            yield* call
            const both = Effect.suspend(() => {
              const since = fleet.now()
              return Effect.map(Effect.all([call, call], { concurrency: "unbounded" }), () => fleet.now() - since)
            })
            const during = yield* both
            yield* Fiber.join(streaming)
            return [during, yield* both]
          })
        )
        assert.deepStrictEqual(took, [40, 20])
      })
    )

    it.effect("exceed nothing, whoever loses it when and for how long", () =>
      Effect.gen(function* () {
        for (let seed = 0; seed < 8; seed++) {
          const random = randomOf(seed)
          const workers = random.between(2, 4)
          const window = random.pick([400, 1500])
          const limit = random.between(workers, 4 * workers)
          const quotas = random.pick([
            [Quota.rolling(limit, window)],
            [Quota.rolling(limit, window)],
            [Quota.tokenBucket({ capacity: limit, refill: limit, every: window })],
            [Quota.concurrency(limit)],
            [Quota.rolling(limit, window, { name: "short" }), Quota.rolling(2 * limit, 4 * window, { name: "long" })]
          ] as const)
          const isTogether = random.chance(0.5)
          const from = random.between(6500, 9000)
          const to = from + random.pick([300, 3000, 8000, 11_000])
          const losses = Array.from({ length: random.between(1, workers) }, () => {
            const lost = isTogether ? from : from + random.upTo(4000)
            const back = Math.max(lost, isTogether ? to : to + random.upTo(3000))
            return [lost, back, random.pick(["fails", "hangs"] as const)] as const
          })
          const wayMillis = [1, random.pick([5, 40, 300])] as const
          const roundTripMillis = random.pick([0, 2, 40])
          yield* outage({ quotas, workers, losses, wayMillis, roundTripMillis, callers: 4, untilMillis: 28_000, seed })
        }
      })
    )
  })
})
