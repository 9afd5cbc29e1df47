import { Quota } from "@sluice/core"
import { type Plan, Planner } from "@sluice/planner"
import { Attio } from "@sluice/providers/attio"
import { simulation as attio } from "@sluice/providers/attio/simulation"
import { Clarifai } from "@sluice/providers/clarifai"
import { simulation as clarifai } from "@sluice/providers/clarifai/simulation"
import { PrayerLetters } from "@sluice/providers/prayerletters"
import { simulation as prayerletters } from "@sluice/providers/prayerletters/simulation"
import { Productlane } from "@sluice/providers/productlane"
import { simulation as productlane } from "@sluice/providers/productlane/simulation"
import { SuiteOp } from "@sluice/providers/suiteop"
import { simulation as suiteop } from "@sluice/providers/suiteop/simulation"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"

const whole = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

const AnyQuota = Schema.Struct({
  kind: Schema.Literals(["rolling", "fixed", "slidingCounter", "tokenBucket", "idleReset", "concurrency", "unknown"]),
  limit: whole(3, 12),
  window: whole(20, 700),
  refill: whole(1, 12),
  step: whole(1, 2),
  phase: Schema.Literals(["unknown", "clock", "reset"]),
  slack: whole(0, 3)
})

const AnyCase = Schema.Struct({
  a: AnyQuota,
  b: AnyQuota,
  calls: whole(0, 700),
  onlyA: whole(0, 700),
  onlyB: whole(0, 300),
  cost: whole(1, 2),
  workers: whole(1, 7),
  before: whole(0, 60),
  after: whole(0, 60),
  priority: whole(-1, 1),
  deadline: whole(0, 30_000),
  used: whole(0, 12)
})

const withoutCost = (plan: Plan.Plan) => ({ ...plan, computed: undefined })

/** Plans the same with and without passing over rounds; gives how many were. */
const bothWays = (subject: Planner.Subject, work: Planner.Work, options: Planner.Options) =>
  Effect.gen(function* () {
    const full = yield* Planner.plan(subject, work, { ...options, alternatives: false, skips: false })
    const quick = yield* Planner.plan(subject, work, { ...options, alternatives: false })
    assert.deepStrictEqual(withoutCost(quick), withoutCost(full))
    assert.strictEqual(full.computed.simulated, full.calls)
    assert.strictEqual(full.computed.rounds, 0)
    return { full, quick }
  })

describe("Recurrence", () => {
  const seen = { rounds: 0, passedOver: 0, calls: 0 }

  it.effect.prop(
    "gives the same with and without passing over rounds",
    { one: AnyCase },
    ({ one }) =>
      Effect.gen(function* () {
        const quotas = { a: Quota.make({ ...one.a, name: "a" }), b: Quota.make({ ...one.b, name: "b" }) }
        const { quick } = yield* bothWays(
          quotas,
          {
            calls: { calls: one.calls, priority: one.priority },
            a: { calls: one.onlyA, cost: one.cost },
            b: one.onlyB
          },
          {
            workers: one.workers,
            latency: { before: one.before, after: one.after },
            deadline: one.deadline,
            used: { a: one.used }
          }
        )
        seen.rounds += quick.computed.rounds > 0 ? 1 : 0
        seen.passedOver += quick.calls - quick.computed.simulated
        seen.calls += quick.calls
      }),
    { arbitrary: { runs: 150, size: 1000 } }
  )

  it("passed over rounds in many of these cases", () => {
    assert.isAbove(seen.rounds, 25)
    assert.isAbove(seen.passedOver / seen.calls, 0.1)
  })

  it.effect.each([
    ["attio", Attio.provider, attio, { reads: 20_000, writes: 500 }, 0.5],
    ["clarifai", Clarifai.provider, clarifai, { calls: 5000 }, 0.1],
    ["prayerletters", PrayerLetters.provider, prayerletters, { "post-v3-contacts-id": 5000 }, 0.6],
    // Its windows end at resets that are told in whole seconds, and drift against its clock: no round is like another.
    ["productlane", Productlane.provider, productlane, { reads: 3000, writes: 120 }, 1],
    ["suiteop", SuiteOp.provider, suiteop, { calls: 12_000 }, 0.5]
  ] as const)("gives the same for %s", ([, provider, simulation, work, most]) =>
    Effect.gen(function* () {
      const { quick } = yield* bothWays(provider, work, { workers: 12, latency: "90 millis", simulation })
      assert.isAtMost(quick.computed.simulated / quick.calls, most)
    })
  )

  it.effect("passes over nothing where latencies are random", () =>
    Effect.gen(function* () {
      const quotas = { a: Quota.rolling(5, "100 millis") }
      const plan = yield* Planner.plan(quotas, { a: 2000 }, { latency: { after: { uniform: [1, 9] } } })
      assert.strictEqual(plan.computed.simulated, 2000)
    })
  )
})
