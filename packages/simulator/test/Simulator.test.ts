import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@sluice/simulator"
import { Clock, Duration, Effect, Fiber } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { TestClock } from "effect/testing"
import { simulation } from "./Bakery.ts"

const url = (path: string) => `${simulation.baseUrl}${path}`
const get = (path: string) => HttpClient.get(url(path), { headers: { authorization: "k" } })
const stats = Simulator.Simulator.use(({ stats }) => stats)
const latencies = Simulator.layer(simulation, { latency: { before: "30 millis", after: "70 millis" } })

describe("Simulator.layer", () => {
  it.effect("counts after the way there and answers after the way back", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(get("/loaves/7"))
      yield* TestClock.adjust(29)
      assert.strictEqual((yield* stats).requests, 0)
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(
        (yield* stats).timeline.map(({ atMillis }) => atMillis),
        [30, 30]
      )
      yield* TestClock.adjust(69)
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust(1)
      const response = yield* Fiber.join(fiber)
      assert.strictEqual(response.status, 200)
      assert.strictEqual(response.headers["x-remaining-reads"], "1")
      assert.deepStrictEqual(yield* response.json, { id: "7" })
    }).pipe(Effect.provide(latencies))
  )

  it.effect("has not counted a request that is interrupted on its way there", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(get("/loaves"))
      yield* TestClock.adjust(29)
      yield* Fiber.interrupt(fiber)
      yield* TestClock.adjust(1000)
      assert.strictEqual((yield* stats).requests, 0)
    }).pipe(Effect.provide(latencies))
  )

  it.effect("has counted a request that is interrupted on its way back, and holds its place until its end", () =>
    Effect.gen(function* () {
      const bake = HttpClientRequest.post(url("/loaves")).pipe(
        HttpClientRequest.setHeader("authorization", "k"),
        HttpClientRequest.bodyText("rye"),
        HttpClient.execute
      )
      const fiber = yield* Effect.forkChild(bake)
      yield* TestClock.adjust(30)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual((yield* stats).requests, 1)
      const early = yield* Effect.forkChild(bake)
      yield* TestClock.adjust(39)
      const late = yield* Effect.forkChild(bake)
      yield* TestClock.adjust(1)
      const later = yield* Effect.forkChild(bake)
      yield* TestClock.adjust(1000)
      // Counted at 60, at 99, and at 100, when the abandoned request's response would have arrived.
      const statuses = yield* Effect.forEach([early, late, later], Fiber.join)
      assert.deepStrictEqual(
        statuses.map(({ status }) => status),
        [429, 429, 201]
      )
      assert.deepStrictEqual(yield* statuses[2]?.json ?? Effect.void, { sequence: 3, got: "rye" })
    }).pipe(Effect.provide(latencies))
  )

  it.effect("counts an abandoned request when it arrives, where the scenario says so", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(get("/loaves"))
      yield* TestClock.adjust(10)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(yield* Clock.currentTimeMillis, 10)
      yield* TestClock.adjust(19)
      assert.strictEqual((yield* stats).requests, 0)
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(
        (yield* stats).timeline.map(({ atMillis }) => atMillis),
        [30, 30]
      )
    }).pipe(Effect.provide(Simulator.layer(simulation, { latency: { before: 30 }, abandoned: "counted" })))
  )

  it.effect("answers by the server's clock", () =>
    Effect.gen(function* () {
      const response = yield* get("/loaves")
      assert.strictEqual(response.headers["date"], "Thu, 01 Jan 1970 01:00:00 GMT")
    }).pipe(Effect.provide(Simulator.layer(simulation, { skew: "1 hour" })))
  )

  it.effect("hands over the query", () =>
    Effect.gen(function* () {
      const response = yield* HttpClient.get(url("/echo"), { urlParams: { page: "2" } })
      assert.strictEqual(yield* response.text, "2")
    }).pipe(
      Effect.provide(
        Simulator.layer({ ...simulation, intercept: ({ query }) => ({ status: 200, body: query.get("page") ?? "" }) })
      )
    )
  )

  it.effect("answers without a body where there is none", () =>
    Effect.gen(function* () {
      const response = yield* HttpClient.del(url("/loaves/1"), { headers: { authorization: "k" } })
      assert.strictEqual(response.status, 204)
      assert.strictEqual(yield* response.text, "")
    }).pipe(Effect.provide(Simulator.layer(simulation)))
  )

  it.effect.each([
    "https://elsewhere.test/api/v2/loaves",
    "https://bakery.test/api/v20/loaves",
    "http://bakery.test/api/v2/loaves"
  ])("fails in transport on the way to %s", (address) =>
    Effect.gen(function* () {
      const { reason } = yield* Effect.flip(HttpClient.get(address))
      assert.strictEqual(reason._tag, "TransportError")
      assert.include(reason.message, "only at https://bakery.test/api/v2")
      assert.strictEqual((yield* stats).requests, 0)
    }).pipe(Effect.provide(Simulator.layer(simulation)))
  )

  it("refuses a scenario that cannot be, at once", () => {
    assert.throws(() => Simulator.layer(simulation, { speed: -1 }), /speed takes a number above 0/)
    assert.throws(
      () => Simulator.layer(simulation, { lower: [{ quota: "loaves", limit: 1 }] }),
      /one of the provider's quotas, reads/
    )
  })

  const inner = { ...simulation, id: "inner", baseUrl: "https://bakery.test/api/v2/inner" }

  it.effect("routes several providers by their addresses, the longest first", () =>
    Effect.gen(function* () {
      yield* get("/loaves")
      const response = yield* get("/inner/loaves")
      assert.strictEqual(response.headers["x-remaining-reads"], "1")
      const { statsOf } = yield* Simulator.Simulator
      assert.strictEqual((yield* statsOf("bakery")).requests, 1)
      assert.strictEqual((yield* statsOf("inner")).requests, 1)
      assert.strictEqual((yield* statsOf("none")).requests, 0)
      assert.strictEqual((yield* stats).requests, 2)
    }).pipe(Effect.provide(Simulator.layerAll([simulation, { simulation: inner }])))
  )
})

const bounded = (effect: Effect.Effect<void>) => Simulator.fastForward(effect, { atMost: "1 minute" })

describe("Simulator.fastForward", () => {
  it.effect("runs to the end and tells the exact time that it took", () =>
    Effect.gen(function* () {
      const run = yield* Simulator.fastForward(
        Effect.gen(function* () {
          for (let request = 0; request < 100; request++) {
            yield* (yield* get("/loaves/1")).json
            yield* Effect.sleep("12 seconds")
          }
          return "done"
        })
      )
      assert.deepInclude(run.exit, { _tag: "Success", value: "done" })
      assert.strictEqual(Duration.toMillis(run.elapsed), 100 * 12_100)
      assert.strictEqual(yield* Clock.currentTimeMillis, 100 * 12_100)
      assert.deepInclude(run.stats, { requests: 100, refusals: 0 })
    }).pipe(Effect.provide(latencies))
  )

  it.effect("begins each sleep at the right instant where promises are awaited in between", () =>
    Effect.gen(function* () {
      const instants: Array<number> = []
      const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      const busy = Effect.forever(Effect.sleep(7))
      const { exit } = yield* Simulator.fastForward(
        Effect.gen(function* () {
          yield* Effect.forkChild(busy)
          for (let round = 0; round < 50; round++) {
            for (let waits = 0; waits < 6; waits++) yield* turn
            yield* Effect.promise(() => new Response("{}").json())
            instants.push(yield* Clock.currentTimeMillis)
            yield* Effect.sleep(100)
          }
        })
      )
      assert.strictEqual(exit._tag, "Success")
      assert.deepStrictEqual(
        instants,
        Array.from({ length: 50 }, (_, round) => round * 100)
      )
    })
  )

  it.effect("sees the sleeps of fibers that were started outside, also those already asleep", () =>
    Effect.gen(function* () {
      const instants: Array<number> = []
      const fiber = yield* Effect.forkChild(
        Effect.forEach([1000, 500], (millis) =>
          Effect.sleep(millis).pipe(
            Effect.andThen(Clock.currentTimeMillis),
            Effect.map((now) => instants.push(now))
          )
        ),
        { startImmediately: true }
      )
      yield* Simulator.fastForward(Effect.race(Fiber.join(fiber), Effect.sleep(Infinity)))
      assert.deepStrictEqual(instants, [1000, 1500])
    })
  )

  it.effect("gives the failure of the effect, and empty stats where nothing is simulated", () =>
    Effect.gen(function* () {
      const { exit, stats } = yield* Simulator.fastForward(Effect.andThen(Effect.sleep("1 day"), Effect.fail("burnt")))
      assert.strictEqual(exit._tag, "Failure")
      assert.strictEqual(yield* Effect.flip(exit), "burnt")
      assert.strictEqual(stats.requests, 0)
    })
  )

  it.effect("fails instead of going on for longer than it may", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* bounded(Effect.sleep(60_000))).exit._tag, "Success")
      const tooLong = yield* Effect.flip(bounded(Effect.sleep(60_001)))
      assert.strictEqual(
        tooLong.message,
        "Simulator.fastForward: the effect does not end within 1m of virtual time (0 had passed)."
      )
      let interrupted = false
      const endless = Effect.forever(Effect.sleep(1000)).pipe(
        Effect.onInterrupt(() =>
          Effect.sync(() => {
            interrupted = true
          })
        )
      )
      const started = yield* Clock.currentTimeMillis
      assert.strictEqual((yield* Effect.flip(bounded(endless))).reason, "AtMost")
      assert.strictEqual((yield* Clock.currentTimeMillis) - started, 60_000)
      assert.isTrue(interrupted)
      assert.strictEqual((yield* Effect.flip(bounded(Effect.never))).reason, "AtMost")
      assert.strictEqual((yield* Effect.flip(bounded(Effect.sleep(Infinity)))).reason, "AtMost")
    })
  )

  it.effect("leaves the clock as it was", () =>
    Effect.gen(function* () {
      const clock = yield* Clock.clockWith(Effect.succeed)
      const { sleep } = clock
      yield* Simulator.fastForward(
        Effect.gen(function* () {
          assert.notStrictEqual(clock.sleep, sleep)
          yield* Effect.all([Effect.sleep(5), Effect.timeoutOption(Effect.sleep(50), 10)], { concurrency: 2 })
        })
      )
      assert.strictEqual(clock.sleep, sleep)
      assert.strictEqual(yield* Clock.currentTimeMillis, 10)
    })
  )

  it.live("needs a clock that can be moved", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Simulator.fastForward(Effect.void))
      assert.strictEqual(error.reason, "NoTestClock")
    })
  )
})
