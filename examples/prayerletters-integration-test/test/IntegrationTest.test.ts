import { assert, describe, it } from "@effect/vitest"
import { RateLimiter } from "@sluice/core"
import { PrayerLetters } from "@sluice/providers/prayerletters"
import { simulation } from "@sluice/providers/prayerletters/simulation"
import { Simulator } from "@sluice/simulator"
import { ConfigProvider, Duration, Effect, Exit, Layer, Redacted } from "effect"
import { TestConsole } from "effect/testing"
import * as Contacts from "../src/Contacts.ts"
import * as IntegrationTest from "../src/IntegrationTest.ts"
import * as Live from "../src/Live.ts"

const simulated = PrayerLetters.layer({ apiKey: Redacted.make("token"), retry: "none" }).pipe(
  Layer.provide(RateLimiter.layer),
  Layer.provideMerge(Simulator.layer(simulation, { latency: { before: "20 millis", after: "20 millis" } }))
)

describe("IntegrationTest.run", () => {
  it.effect("provokes two refusals, and the code that queues is answered after an hour", () =>
    Effect.gen(function* () {
      const { elapsed, exit, stats } = yield* Simulator.fastForward(IntegrationTest.run("2 hours"))
      assert.deepStrictEqual(exit, Exit.void)
      assert.deepStrictEqual([stats.requests, stats.intercepted, stats.refusals], [5, 1, 1])
      assert.isAtLeast(Duration.toMinutes(elapsed), 60)
      assert.isBelow(Duration.toMinutes(elapsed), 61)
      const lines = yield* TestConsole.logLines
      assert.strictEqual(lines.at(-1), "beyond the limit, in the background  40 contacts counted")
    }).pipe(Effect.provide(simulated))
  )

  it.effect("watches the code that queues no longer than it is told", () =>
    Effect.gen(function* () {
      const { elapsed, exit, stats } = yield* Simulator.fastForward(IntegrationTest.run("2 seconds"))
      assert.deepStrictEqual(exit, Exit.void)
      assert.strictEqual(stats.requests, 4)
      assert.isAtLeast(Duration.toSeconds(elapsed), 2)
      assert.isBelow(Duration.toSeconds(elapsed), 3)
    }).pipe(Effect.provide(simulated))
  )
})

describe("Contacts.inBackground", () => {
  it.effect("is never refused without a test header, sixty times at once", () =>
    Effect.gen(function* () {
      const { elapsed, stats } = yield* Simulator.fastForward(
        Effect.replicateEffect(Contacts.inBackground, 60, { concurrency: "unbounded" })
      )
      assert.strictEqual(stats.requests, 60)
      assert.strictEqual(stats.refusals, 0)
      assert.isAtLeast(Duration.toMinutes(elapsed), 60)
      assert.isBelow(Duration.toMinutes(elapsed), 61)
    }).pipe(Effect.provide(simulated))
  )
})

describe("Live.layer", () => {
  it.effect("lets reads with a test header through and nothing else", () =>
    Effect.gen(function* () {
      const client = yield* PrayerLetters.Client
      const headers = { "X-RateLimit-Hour": "1" }
      yield* client.get("/v1/contacts", { headers })
      assert.isTrue(Exit.hasDies(yield* Effect.exit(client.get("/v1/contacts"))))
      assert.isTrue(Exit.hasDies(yield* Effect.exit(client.put("/v1/contacts", { headers }))))
      assert.strictEqual((yield* Effect.flatMap(Simulator.Simulator, ({ stats }) => stats)).requests, 1)
    }).pipe(
      Effect.provide(
        Live.layer.pipe(
          Layer.provide(RateLimiter.layer),
          Layer.provideMerge(Simulator.layer(simulation)),
          Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ PRAYERLETTERS_TOKEN: "key" })))
        )
      )
    )
  )
})
