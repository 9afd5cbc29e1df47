import { assert, describe, it } from "@effect/vitest"
import { RateLimiter } from "@sluice/core"
import { Attio } from "@sluice/providers/attio"
import { simulation } from "@sluice/providers/attio/simulation"
import { Scenario, Simulator } from "@sluice/simulator"
import { Duration, Effect, Exit, Layer, Redacted } from "effect"
import { AttioClient } from "../src/AttioApi.ts"
import { nameOf, welcome } from "../src/Welcome.ts"

const connected = (scenario?: Scenario.Input, options: Partial<Attio.Options> = {}) =>
  Effect.provide(
    AttioClient.layer.pipe(
      Layer.provide(Attio.layer({ apiKey: Redacted.make("key"), partition: "acme", ...options })),
      Layer.provide(RateLimiter.layer),
      Layer.provideMerge(Simulator.layer(simulation, scenario))
    )
  )

const somebody = "00000002-0000-4000-8000-000000000007"

describe("welcome", () => {
  it.effect("leaves 120 notes at 25 a second, none refused", () =>
    Effect.gen(function* () {
      const { elapsed, exit, stats } = yield* Simulator.fastForward(welcome(120))
      assert.isTrue(Exit.isSuccess(exit))
      assert.deepInclude(stats, { requests: 121, refusals: 0 })
      assert.isAtLeast(Duration.toMillis(elapsed), 4000)
      assert.isBelow(Duration.toMillis(elapsed), 5000)
    }).pipe(connected({ latency: { before: "20 millis", after: "20 millis" } }))
  )
})

describe("nameOf", () => {
  const answer = (id: string) => Effect.map(Simulator.fastForward(nameOf(id)), ({ exit }) => exit)

  it.effect("decodes who it is", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* answer(somebody), Exit.succeed("Person 7"))
    }).pipe(connected())
  )

  it.effect("decodes Attio's own errors", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* answer("x"), Exit.succeed('nobody: Record with ID "x" was not found.'))
    }).pipe(connected())
  )

  it.effect("has Attio's refusal in its error channel", () =>
    Effect.gen(function* () {
      const exit = yield* answer(somebody)
      assert.match(Exit.isSuccess(exit) ? exit.value : "", /^refused by Attio: .* by its limit "reads"/)
    }).pipe(connected({ lower: [{ quota: "reads", limit: 0 }] }, { retry: "none" }))
  )

  it.effect("has Sluice's refusal in its error channel", () =>
    Effect.gen(function* () {
      const burst = Effect.forEach(Array.from({ length: 101 }), () => nameOf(somebody), { concurrency: "unbounded" })
      const { exit, stats } = yield* Simulator.fastForward(RateLimiter.failFast(burst))
      assert.match(Exit.isSuccess(exit) ? (exit.value[100] ?? "") : "", /^not sent: Quota "reads" has no room/)
      assert.deepInclude(stats, { requests: 100, refusals: 0 })
    }).pipe(connected())
  )
})
