import { assert, describe, it } from "@effect/vitest"
import { RateLimiter } from "@sluice/core"
import { SuiteOp } from "@sluice/providers/suiteop"
import { simulation } from "@sluice/providers/suiteop/simulation"
import { Simulator } from "@sluice/simulator"
import { ConfigProvider, Duration, Effect, Exit, Layer, Redacted, Stream } from "effect"
import * as Live from "../src/Live.ts"
import * as TaskPolling from "../src/TaskPolling.ts"

const simulated = SuiteOp.layer({ apiKey: Redacted.make("key") }).pipe(
  Layer.provideMerge(RateLimiter.layer),
  Layer.provideMerge(Simulator.layer(simulation, { latency: { before: "20 millis", after: "20 millis" } }))
)

const order = (title: string, propertyId = "prop_01") => ({ key: `order-${title}`, title, propertyId })
/** Nobody works there. */
const lostCause = order("Lost cause", "prop_02")
const orders = (count: number) => Array.from({ length: count }, (_, unit) => order(`Clean unit ${unit}`))

describe("TaskPolling.run", () => {
  it.effect("creates fifty tasks a second and ends when the last of them is done, none refused", () =>
    Effect.gen(function* () {
      const { elapsed, exit, stats } = yield* Simulator.fastForward(TaskPolling.run(orders(150), "1 minute"))
      assert.deepStrictEqual(exit, Exit.succeed([]))
      assert.strictEqual(stats.refusals, 0)
      // Two seconds until the last fifty are created, and ten until those are done.
      assert.isAtLeast(Duration.toSeconds(elapsed), 12)
      assert.isBelow(Duration.toSeconds(elapsed), 14)
    }).pipe(Effect.provide(simulated))
  )

  it.effect("polls by a fifth of the quota, however many pages there are", () =>
    Effect.gen(function* () {
      const { stats } = yield* Simulator.fastForward(TaskPolling.run([...orders(9), lostCause], "2 minutes"))
      assert.strictEqual(stats.refusals, 0)
      assert.isAtLeast(stats.requests, 10 + 390)
      assert.isAtMost(stats.requests, 10 + 401)
    }).pipe(Effect.provide(simulated))
  )

  it.effect("gives what is not done when the time is up", () =>
    Effect.gen(function* () {
      const { elapsed, exit } = yield* Simulator.fastForward(TaskPolling.run([...orders(9), lostCause], "30 seconds"))
      const titles = Exit.map(exit, (left) => left.map(({ title }) => title))
      assert.deepStrictEqual(titles, Exit.succeed(["Lost cause"]))
      assert.isAtLeast(Duration.toSeconds(elapsed), 30)
      assert.isBelow(Duration.toSeconds(elapsed), 31)
    }).pipe(Effect.provide(simulated))
  )

  it.effect("makes no second task of an order when it is run again", () =>
    Effect.gen(function* () {
      yield* Simulator.fastForward(TaskPolling.run(orders(12), "1 minute"))
      const again = yield* Simulator.fastForward(TaskPolling.run(orders(12), "1 minute"))
      assert.deepStrictEqual(again.exit, Exit.succeed([]))
      const { exit } = yield* Simulator.fastForward(Stream.runCount(SuiteOp.pages("/api/v1/tasks")))
      assert.deepStrictEqual(exit, Exit.succeed(240 + 12))
    }).pipe(Effect.provide(simulated))
  )
})

const live = Live.layer.pipe(
  Layer.provide(RateLimiter.layer),
  Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ SUITEOP_API_KEY: "key" })))
)

describe("TaskPolling.watch", () => {
  it.effect("waits for what is there, and can do so with --live", () =>
    Effect.gen(function* () {
      yield* Simulator.fastForward(TaskPolling.run(orders(10), 0))
      const { elapsed, exit } = yield* Simulator.fastForward(TaskPolling.watch("1 minute").pipe(Effect.provide(live)))
      assert.deepStrictEqual(exit, Exit.succeed([]))
      assert.isAtLeast(Duration.toSeconds(elapsed), 9)
      assert.isBelow(Duration.toSeconds(elapsed), 12)
    }).pipe(Effect.provide(simulated))
  )
})

describe("Live.layer", () => {
  it.effect("lets reads through and nothing else", () =>
    Effect.gen(function* () {
      const client = yield* SuiteOp.Client
      yield* client.get("/api/v1/tasks")
      assert.isTrue(Exit.hasDies(yield* Effect.exit(client.post("/api/v1/tasks"))))
      assert.strictEqual((yield* Effect.flatMap(Simulator.Simulator, ({ stats }) => stats)).requests, 1)
    }).pipe(Effect.provide(live.pipe(Layer.provideMerge(Simulator.layer(simulation)))))
  )
})
