import { assert, describe, it } from "@effect/vitest"
import { RateLimiter } from "@sluice/core"
import { simulation } from "@sluice/providers/productlane/simulation"
import { Scenario, Simulator } from "@sluice/simulator"
import { DateTime, Duration, Effect, Exit, Fiber, Layer, Redacted } from "effect"
import { importAll, layer, submit } from "../src/Feedback.ts"

const latency = { before: "20 millis", after: "20 millis" } as const

const connected = (scenario?: Scenario.Input) =>
  Effect.provide(
    layer({ apiKey: Redacted.make("key"), partition: "acme" }).pipe(
      Layer.provideMerge(RateLimiter.layer),
      Layer.provideMerge(Simulator.layer(simulation, { latency, ...scenario }))
    )
  )

const idea = { text: "An idea", contact_email: "ada@example.com" }
const ideas = (count: number) => Array.from({ length: count }, () => idea)

describe("importAll", () => {
  it.effect("takes half of the key and waits for it, none refused", () =>
    Effect.gen(function* () {
      const { elapsed, exit, stats } = yield* Simulator.fastForward(importAll(ideas(60)))
      assert.isTrue(Exit.isSuccess(exit))
      assert.deepInclude(stats, { requests: 60, refusals: 0 })
      assert.isAtLeast(Duration.toSeconds(elapsed), 80)
      assert.isBelow(Duration.toSeconds(elapsed), 82)
    }).pipe(connected())
  )

  it.effect("comes back to what was refused", () =>
    Effect.gen(function* () {
      const { exit, stats } = yield* Simulator.fastForward(importAll(ideas(20)))
      assert.isTrue(Exit.isSuccess(exit))
      assert.isAbove(stats.refusals, 0)
    }).pipe(connected({ lower: [{ quota: "writesBurst", limit: 5 }] }))
  )
})

describe("submit", () => {
  /** Ten people, and one too many, while an import is under way. */
  const rush = Effect.gen(function* () {
    yield* Effect.forkChild(importAll(ideas(60)))
    yield* Effect.sleep("1 second")
    yield* Effect.forEach(ideas(10), submit, { concurrency: "unbounded" })
    return yield* Effect.flip(submit(idea))
  })

  it.effect("finds room beside the import, and says when there will be some again", () =>
    Effect.gen(function* () {
      const { elapsed, exit, stats } = yield* Simulator.fastForward(rush)
      assert.isTrue(Exit.isSuccess(exit) && exit.value._tag === "TryAgain")
      if (Exit.isFailure(exit) || exit.value._tag !== "TryAgain") return
      assert.isAbove(DateTime.toEpochMillis(exit.value.at), 10_000)
      assert.isBelow(DateTime.toEpochMillis(exit.value.at), 10_100)
      assert.isBelow(Duration.toMillis(elapsed), 1100)
      assert.strictEqual(stats.refusals, 0)
    }).pipe(connected())
  )

  it.effect("has room at the instant that it said, and not before", () =>
    Effect.gen(function* () {
      const { exit, stats } = yield* Simulator.fastForward(
        Effect.gen(function* () {
          const error = yield* rush
          if (error._tag !== "TryAgain") return yield* error
          const wait = DateTime.distance(yield* DateTime.now, error.at)
          const early = yield* Effect.forkChild(
            Effect.delay(Effect.flip(submit(idea)), Duration.subtract(wait, Duration.millis(1)))
          )
          yield* Effect.delay(submit(idea), wait)
          return (yield* Fiber.join(early))._tag
        })
      )
      assert.deepStrictEqual(exit, Exit.succeed("TryAgain"))
      assert.strictEqual(stats.refusals, 0)
    }).pipe(connected())
  )

  it.effect("does not wait for Productlane's refusal to be over either", () =>
    Effect.gen(function* () {
      const { elapsed, exit } = yield* Simulator.fastForward(Effect.flip(submit(idea)))
      assert.isTrue(Exit.isSuccess(exit) && exit.value._tag === "TryAgain")
      assert.isBelow(Duration.toMillis(elapsed), 100)
    }).pipe(connected({ lower: [{ quota: "writes", limit: 0 }] }))
  )
})
