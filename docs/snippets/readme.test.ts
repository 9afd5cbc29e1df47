import { assert, it } from "@effect/vitest"
import { RateLimiter } from "@sluice/core"
import { Attio } from "@sluice/providers/attio"
import { simulation } from "@sluice/providers/attio/simulation"
import { NeverExceeds, Simulator } from "@sluice/simulator"
import { Clock, Config, ConfigProvider, Duration, Effect, Exit, Layer } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { predict } from "./clarifai.ts"
import { limited, parcel } from "./jobs.ts"
import { program } from "./readme.ts"

it.effect("reads 500 records at a hundred a second, none refused, and then itself", () =>
  Effect.gen(function* () {
    const layer = Attio.layerConfig({ apiKey: Config.Redacted("ATTIO_API_KEY") }).pipe(Layer.provide(RateLimiter.layer))
    const { elapsed, exit, stats } = yield* Simulator.fastForward(Effect.provide(program, layer))
    assert.isTrue(Exit.isSuccess(exit))
    assert.deepInclude(stats, { requests: 501, refusals: 0 })
    assert.isAbove(Duration.toSeconds(elapsed), 4)
    assert.isBelow(Duration.toSeconds(elapsed), 6)
  }).pipe(
    Effect.provide(Simulator.layer(simulation, { latency: { before: { uniform: ["5 millis", "50 millis"] } } })),
    Effect.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ ATTIO_API_KEY: "key" })))
  )
)

it.effect("puts gRPC calls under the quota of the same partition", () =>
  Effect.gen(function* () {
    const calls = Effect.replicateEffect(predict, 16, { concurrency: "unbounded", discard: true })
    const { elapsed } = yield* Simulator.fastForward(calls)
    // The sixteenth waits for a second, a thousandth, a millisecond and the first answer.
    assert.strictEqual(Duration.toMillis(elapsed), 1000 + 1 + 1 + 20 + 20)
    assert.deepInclude((yield* RateLimiter.status("acme"))[0], { quota: "requests", cooling: 1 })
  }).pipe(Effect.provide(RateLimiter.layer))
)

it.effect("limits what is not HTTP", () =>
  Effect.gen(function* () {
    const jobs = Effect.replicateEffect(limited, 30, { concurrency: "unbounded" })
    const { exit } = yield* Simulator.fastForward(Effect.provide(jobs, RateLimiter.layer))
    const startedAt = Exit.isSuccess(exit) ? exit.value : []
    assert.lengthOf(startedAt, 30)
    NeverExceeds.limit(10, 1000)(startedAt)
  })
)

it.effect("takes five calls in ten seconds and two at a time, without a provider", () =>
  Effect.gen(function* () {
    const sentAt: Array<number> = []
    let underWay = 0
    let mostUnderWay = 0
    const depot = HttpClient.make((request) =>
      Effect.gen(function* () {
        sentAt.push(yield* Clock.currentTimeMillis)
        mostUnderWay = Math.max(mostUnderWay, ++underWay)
        yield* Effect.sleep("100 millis")
        underWay--
        return HttpClientResponse.fromWeb(request, Response.json({}))
      })
    )
    const parcels = Effect.forEach([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], parcel, { concurrency: "unbounded" })
    const { elapsed } = yield* Simulator.fastForward(
      parcels.pipe(Effect.provideService(HttpClient.HttpClient, depot), Effect.provide(RateLimiter.layer))
    )
    NeverExceeds.limit(5, 10_000)(sentAt)
    assert.strictEqual(mostUnderWay, 2)
    assert.isBelow(Duration.toSeconds(elapsed), 20.7)
  })
)
