import { NodeHttpClient } from "@effect/platform-node"
import { Quota, RateLimiter } from "@sluice/core"
import { Planner } from "@sluice/planner"
import { Attio } from "@sluice/providers/attio"
import { simulation as attio } from "@sluice/providers/attio/simulation"
import { Clarifai } from "@sluice/providers/clarifai"
import { simulation as clarifai } from "@sluice/providers/clarifai/simulation"
import { Simulator } from "@sluice/simulator"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer, Redacted } from "effect"
import { HttpClient } from "effect/http"

const apiKey = Redacted.make("plan")
const latency = { before: "20 millis", after: "20 millis" } as const

/** How long each request really took: loopback and this machine's timers are on top of what the simulator waits. */
const ways: Array<number> = []
const Timed = Layer.effect(
  HttpClient.HttpClient,
  Effect.map(
    HttpClient.HttpClient,
    HttpClient.transform((sent) =>
      Effect.suspend(() => {
        const sentAt = performance.now()
        return Effect.tap(sent, () => Effect.sync(() => void ways.push(performance.now() - sentAt)))
      })
    )
  )
).pipe(Layer.provide(NodeHttpClient.layerUndici))

/** How late this machine's own timers were, nine times of ten, until now. */
const lateness = Effect.gen(function* () {
  const late: Array<number> = []
  const tick = Effect.gen(function* () {
    const at = performance.now()
    yield* Effect.sleep(20)
    late.push(performance.now() - at - 20)
  })
  yield* Effect.forkScoped(Effect.forever(tick))
  return () => late.toSorted((a, b) => a - b)[Math.floor(late.length * 0.9)] ?? 0
})

/**
 * The same work over HTTP and by the clock, planned with the time that its requests really took. Half a percent may be
 * missing, and in each turn as much as a timer here was late meanwhile, and a millisecond at either end of a request, as the
 * limiter's whole milliseconds are rounded against itself. A machine that is busy with other things makes it
 * longer now and then, and a plan that is wrong is wrong each time: one of three has to be right.
 */
const isRight = <E, R, E2, R2>(
  name: string,
  work: { readonly calls: number; readonly workers: number; readonly turns: number },
  call: Effect.Effect<string, E, R>,
  plan: (wayMillis: number) => Effect.Effect<number, E2, R2>
) =>
  Effect.gen(function* () {
    yield* call
    for (let attempt = 1; attempt <= 3; attempt++) {
      // Windows begin at whole seconds of the clock; what was used before has cooled.
      yield* Effect.sleep(3000 - ((yield* Clock.currentTimeMillis) % 1000))
      ways.length = 0
      const late = yield* lateness
      const startedAt = performance.now()
      yield* Effect.forEach(Array.from({ length: work.calls }), () => call, {
        concurrency: work.workers,
        discard: true
      })
      const elapsed = performance.now() - startedAt
      const way = ways.reduce((sum, millis) => sum + millis, 0) / ways.length
      const planned = yield* plan(way)
      const allowed = 0.005 * planned + work.turns * (late() + 2)
      const error = elapsed - planned
      console.log(
        `${name}: planned ${planned} ms with ${way.toFixed(1)} ms a call, took ${elapsed.toFixed(0)} ms: ` +
          `${((100 * error) / planned).toFixed(2)} % off, timers ${late().toFixed(1)} ms late, ${((100 * allowed) / planned).toFixed(2)} % allowed`
      )
      if (Math.abs(error) <= allowed) return
      assert.isBelow(attempt, 3, `${error} ms are more than ${allowed}`)
    }
  }).pipe(Effect.scoped)

const wayOf = (millis: number) => ({ before: 20, after: Math.max(0, Math.round(millis) - 20) })

describe("Planner in real time", () => {
  it.live(
    "is right where a quota binds",
    () =>
      Effect.gen(function* () {
        // Few at a time, again and again: a burst would wait for this one processor, which no plan knows of.
        const requests = Quota.rolling(2, "250 millis", { name: "requests" })
        const simulation = { ...clarifai, quotas: { requests } }
        const served = yield* Simulator.serve(simulation, { latency })
        const client = yield* Clarifai.make({ apiKey, baseUrl: served.url, quotas: { requests } })
        const call = Effect.flatMap(client.get("/v2/models/types"), (response) => response.text)
        yield* isRight("clarifai", { calls: 36, workers: 2, turns: 18 }, call, (way) =>
          Planner.plan(
            Clarifai.provider,
            { calls: 36 },
            { workers: 2, latency: wayOf(way), simulation, quotas: { requests }, alternatives: false }
          ).pipe(Effect.map((plan) => plan.doneAfterMillis))
        )
        assert.strictEqual((yield* served.stats).refusals, 0)
      }).pipe(Effect.provide([RateLimiter.layer, Timed]), Effect.scoped),
    40_000
  )

  it.live(
    "is right where workers bind, but for the time between their calls",
    () =>
      Effect.gen(function* () {
        const served = yield* Simulator.serve(attio, { latency })
        const client = yield* Attio.make({ apiKey, baseUrl: served.url })
        const call = Effect.flatMap(client.get("/v2/self"), (response) => response.text)
        // A call's body is read, and the next one is made: a millisecond or two that no latency holds.
        yield* isRight("attio", { calls: 120, workers: 3, turns: 40 }, call, (way) =>
          Planner.plan(
            Attio.provider,
            { reads: 120 },
            { workers: 3, latency: wayOf(way), simulation: attio, alternatives: false }
          ).pipe(Effect.map((plan) => plan.doneAfterMillis))
        )
        assert.strictEqual((yield* served.stats).refusals, 0)
      }).pipe(Effect.provide([RateLimiter.layer, Timed]), Effect.scoped),
    40_000
  )
})
