import { assert, describe, it } from "@effect/vitest"
import { RateLimiter } from "@sluice/core"
import { Clarifai } from "@sluice/providers/clarifai"
import { simulation } from "@sluice/providers/clarifai/simulation"
import { type Scenario, Simulator } from "@sluice/simulator"
import { ConfigProvider, Duration, Effect, Exit, Layer, Redacted } from "effect"
import { TestConsole } from "effect/testing"
import * as Live from "../src/Live.ts"
import * as ModelTypes from "../src/ModelTypes.ts"

const simulated = (scenario: Scenario.Input = {}) =>
  Clarifai.layer({ apiKey: Redacted.make("key") }).pipe(
    Layer.provide(RateLimiter.layer),
    Layer.provideMerge(
      Simulator.layer(simulation, { latency: { before: "10 millis", after: "10 millis" }, ...scenario })
    )
  )

describe("ModelTypes.run", () => {
  it.effect("lists all types, fifteen pages a second, none refused", () =>
    Effect.gen(function* () {
      const { elapsed, exit, stats } = yield* Simulator.fastForward(
        ModelTypes.run({ perPage: 1, onlyTrainable: false })
      )
      assert.deepStrictEqual(exit, Exit.void)
      assert.strictEqual(stats.requests, 21)
      assert.strictEqual(stats.refusals, 0)
      assert.isAtLeast(Duration.toSeconds(elapsed), 1)
      assert.isBelow(Duration.toSeconds(elapsed), 1.2)
      const lines = yield* TestConsole.logLines
      assert.strictEqual(lines[0], "visual-classifier        image       -> concepts, trainable")
      assert.strictEqual(lines[20], "20 model types")
    }).pipe(Effect.provide(simulated()))
  )

  it.effect("lists only those that can be trained, if asked to", () =>
    Effect.gen(function* () {
      yield* Simulator.fastForward(ModelTypes.run({ perPage: 128, onlyTrainable: true }))
      const lines = yield* TestConsole.logLines
      assert.isTrue(lines.slice(0, -1).every((line) => String(line).endsWith(", trainable")))
      assert.strictEqual(lines.at(-1), "12 model types")
    }).pipe(Effect.provide(simulated()))
  )

  it.effect("waits the page's fifteen seconds where fewer are allowed than promised, and goes on", () =>
    Effect.gen(function* () {
      const { elapsed, exit, stats } = yield* Simulator.fastForward(
        ModelTypes.run({ perPage: 1, onlyTrainable: false })
      )
      assert.deepStrictEqual(exit, Exit.void)
      assert.strictEqual(stats.refusals, 1)
      assert.isAtLeast(Duration.toSeconds(elapsed), 15)
      assert.isBelow(Duration.toSeconds(elapsed), 25)
      assert.strictEqual((yield* TestConsole.logLines).at(-1), "20 model types")
    }).pipe(Effect.provide(simulated({ lower: [{ quota: "requests", limit: 5 }] })))
  )
})

describe("Live.layer", () => {
  it.effect("lets reads through and nothing else", () =>
    Effect.gen(function* () {
      const client = yield* Clarifai.Client
      yield* client.get("/v2/models/types")
      assert.isTrue(Exit.hasDies(yield* Effect.exit(client.post("/v2/inputs"))))
      assert.strictEqual((yield* Effect.flatMap(Simulator.Simulator, ({ stats }) => stats)).requests, 1)
    }).pipe(
      Effect.provide(
        Live.layer.pipe(
          Layer.provide(RateLimiter.layer),
          Layer.provideMerge(Simulator.layer(simulation)),
          Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ CLARIFAI_PAT: "key" })))
        )
      )
    )
  )
})
