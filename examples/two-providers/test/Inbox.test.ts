import { assert, describe, it } from "@effect/vitest"
import { RateLimiter } from "@sluice/core"
import { Attio } from "@sluice/providers/attio"
import { Productlane } from "@sluice/providers/productlane"
import { simulation as productlane } from "@sluice/providers/productlane/simulation"
import { Scenario, Simulator } from "@sluice/simulator"
import { Duration, Effect, Exit, Layer, Redacted } from "effect"
import { attioOptions, Inbox, productlaneOptions } from "../src/Inbox.ts"
import { attio } from "../src/simulation.ts"

const latency = { before: "20 millis", after: "20 millis" } as const
const account = { apiKey: Redacted.make("key"), partition: "acme" }

const connected = (options: {
  readonly isDown?: (nowMillis: number) => boolean
  readonly attio?: Scenario.Input
  readonly productlane?: Scenario.Input
}) =>
  Effect.provide(
    Inbox.layer.pipe(
      Layer.provide(Productlane.layer({ ...productlaneOptions, ...account })),
      Layer.provide(Attio.layer({ ...attioOptions, ...account })),
      Layer.provide(RateLimiter.layer),
      Layer.provideMerge(
        Simulator.layerAll([
          { simulation: productlane, scenario: { latency, ...options.productlane } },
          { simulation: attio(options.isDown ?? (() => false)), scenario: { latency, ...options.attio } }
        ])
      )
    )
  )

const newest = Inbox.use((inbox) => inbox.newest(3))
const callsOf = (id: string) =>
  Simulator.Simulator.use(({ statsOf }) => Effect.map(statsOf(id), ({ requests }) => requests))

describe("newest", () => {
  it.effect("knows the people behind the threads, in two round trips", () =>
    Effect.gen(function* () {
      const { elapsed, exit, stats } = yield* Simulator.fastForward(newest)
      assert.isTrue(Exit.isSuccess(exit))
      if (Exit.isFailure(exit)) return
      assert.deepStrictEqual(
        exit.value.messages.map(({ person }) => person),
        ["Person 39", "Person 38", "Person 37"]
      )
      assert.isFalse(exit.value.isDegraded)
      assert.deepInclude(stats, { requests: 4, refusals: 0 })
      assert.strictEqual(Duration.toMillis(elapsed), 80)
    }).pipe(connected({}))
  )

  it.effect("goes without names while Attio is down, and leaves Attio alone until it may be back", () =>
    Effect.gen(function* () {
      const run = yield* Simulator.fastForward(
        Effect.gen(function* () {
          const first = yield* newest
          const atOpening = yield* callsOf("attio")
          yield* Effect.delay(newest, "1800 millis")
          const whileOpen = yield* callsOf("attio")
          const last = yield* Effect.delay(newest, "200 millis")
          return [first.isDegraded, atOpening, whileOpen, yield* callsOf("attio"), last.messages.length]
        })
      )
      assert.deepStrictEqual(run.exit, Exit.succeed([true, 3, 3, 4, 3]))
    }).pipe(connected({ isDown: () => true }))
  )

  it.effect("is whole again once Attio is", () =>
    Effect.gen(function* () {
      const { exit } = yield* Simulator.fastForward(
        Effect.gen(function* () {
          yield* newest
          const probing = yield* Effect.delay(newest, "3 seconds")
          const after = yield* newest
          return [probing.isDegraded, after.isDegraded]
        })
      )
      assert.deepStrictEqual(exit, Exit.succeed([true, false]))
    }).pipe(connected({ isDown: (nowMillis) => nowMillis < 1000 }))
  )

  it.effect("waits two seconds for Attio and no longer", () =>
    Effect.gen(function* () {
      const { elapsed, exit } = yield* Simulator.fastForward(newest)
      assert.isTrue(Exit.isSuccess(exit) && exit.value.isDegraded)
      assert.strictEqual(Duration.toMillis(elapsed), 2040)
    }).pipe(connected({ attio: { latency: { before: "1 minute" } } }))
  )

  it.effect("goes without names where our own part of Attio is used up", () =>
    Effect.gen(function* () {
      const run = yield* Simulator.fastForward(Effect.replicateEffect(newest, 34, { concurrency: "unbounded" }))
      assert.strictEqual(Exit.isSuccess(run.exit) && run.exit.value.filter(({ isDegraded }) => isDegraded).length, 1)
      assert.strictEqual(yield* callsOf("attio"), 100)
      assert.strictEqual(run.stats.refusals, 0)
    }).pipe(connected({}))
  )

  it.effect("fails with whatever keeps it from Productlane", () =>
    Effect.gen(function* () {
      const { exit, stats } = yield* Simulator.fastForward(
        Effect.flip(Effect.replicateEffect(newest, 334, { concurrency: "unbounded" }))
      )
      assert.strictEqual(Exit.isSuccess(exit) && exit.value._tag, "AdmissionError")
      assert.strictEqual(stats.refusals, 0)
    }).pipe(connected({}))
  )

  it.effect("tells Productlane's refusal at once", () =>
    Effect.gen(function* () {
      const { elapsed, exit } = yield* Simulator.fastForward(Effect.flip(newest))
      assert.strictEqual(Exit.isSuccess(exit) && exit.value._tag, "ProductlaneRateLimited")
      assert.strictEqual(Duration.toMillis(elapsed), 40)
    }).pipe(connected({ productlane: { lower: [{ quota: "reads", limit: 0 }] } }))
  )
})
