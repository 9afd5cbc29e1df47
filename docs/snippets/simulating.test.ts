// #region test
import { assert, it } from "@effect/vitest"
import { RateLimiter } from "@sluice/core"
import { Productlane } from "@sluice/providers/productlane"
import { simulation } from "@sluice/providers/productlane/simulation"
import { NeverExceeds, Simulator } from "@sluice/simulator"
import { Duration, Effect, Exit, Layer, Redacted } from "effect"
import { HttpBody } from "effect/http"

/** The program under test. */
const importThreads = (count: number) =>
  Effect.gen(function* () {
    const productlane = yield* Productlane.Client
    const text = HttpBody.jsonUnsafe({ text: "<p>More coffee</p>", contact_email: "ada@example.com" })
    const post = productlane.post("/threads", { body: text })
    yield* Effect.replicateEffect(post, count, { concurrency: "unbounded", discard: true })
  })

const client = Productlane.layer({ apiKey: Redacted.make("pl_v2_test") }).pipe(Layer.provide(RateLimiter.layer))

it.effect("imports 180 threads in the two minutes that it must take, none refused", () =>
  Effect.gen(function* () {
    const { elapsed, exit, stats } = yield* Simulator.fastForward(Effect.provide(importThreads(180), client))
    assert.isTrue(Exit.isSuccess(exit))
    assert.deepInclude(stats, { requests: 180, refusals: 0 })
    assert.isBelow(Duration.toMinutes(elapsed), 2.5)
    NeverExceeds.limit(60, 60_000)(stats.timeline.filter(({ quota }) => quota === "writes"))
  }).pipe(Effect.provide(Simulator.layer(simulation, { latency: { before: "40 millis", after: "40 millis" } })))
)
// #endregion

// #region fault
const faulty = Simulator.layer(simulation, {
  seed: 7,
  latency: { before: { uniform: ["5 millis", "50 millis"] }, after: { lognormal: { median: "20 millis", sigma: 1 } } },
  skew: "-2 seconds",
  lower: [{ quota: "writes", limit: 10, at: "30 seconds", until: "2 minutes" }],
  others: { perSecond: 0.2, quota: "writes" }
})

it.effect("finishes though the limit is lowered and others use the key", () =>
  Effect.gen(function* () {
    const { exit, stats } = yield* Simulator.fastForward(Effect.provide(importThreads(100), client))
    assert.isTrue(Exit.isSuccess(exit))
    assert.isAbove(stats.refusals, 0)
    assert.strictEqual(stats.quotas["productlane"]?.["writes"]?.counted, 100)
  }).pipe(Effect.provide(faulty))
)
// #endregion

// #region refused
const closed = Simulator.layer(simulation, { lower: [{ quota: "writes", limit: 0 }] })
const impatient = Productlane.layer({ apiKey: Redacted.make("pl_v2_test"), retry: "none" }).pipe(
  Layer.provide(RateLimiter.layer)
)

it.effect("tells who looks at it that Productlane refused", () =>
  Effect.gen(function* () {
    const { exit } = yield* Simulator.fastForward(Effect.flip(Effect.provide(importThreads(1), impatient)))
    assert.strictEqual(Exit.isSuccess(exit) && exit.value._tag, "ProductlaneRateLimited")
  }).pipe(Effect.provide(closed))
)
// #endregion

// #region unlimited
it.effect("sends what it should, whatever the limits", () =>
  Effect.gen(function* () {
    const { elapsed, stats } = yield* Simulator.fastForward(Effect.provide(importThreads(5), unlimited))
    assert.strictEqual(stats.requests, 5)
    assert.strictEqual(Duration.toMillis(elapsed), 0)
  }).pipe(Effect.provide(Simulator.layer(simulation)))
)
const unlimited = Productlane.layer({ apiKey: Redacted.make("pl_v2_test") }).pipe(
  Layer.provide(RateLimiter.layerUnlimited)
)
// #endregion
