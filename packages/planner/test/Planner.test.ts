import { Claim, Quota, RateLimiter } from "@sluice/core"
import { type Plan, Planner } from "@sluice/planner"
import { Plan as PlanSchema } from "@sluice/planner/Plan"
import { Attio } from "@sluice/providers/attio"
import { simulation as attio } from "@sluice/providers/attio/simulation"
import { Productlane } from "@sluice/providers/productlane"
import { simulation as productlane } from "@sluice/providers/productlane/simulation"
import { SuiteOp } from "@sluice/providers/suiteop"
import { simulation as suiteop } from "@sluice/providers/suiteop/simulation"
import { type Latency, Simulator } from "@sluice/simulator"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Exit, Layer, Redacted, Schema } from "effect"

const apiKey = Redacted.make("plan")
const repeat = <A, E, R>(calls: number, workers: number, call: Effect.Effect<A, E, R>) =>
  Effect.forEach(Array.from({ length: calls }), () => call, { concurrency: workers, discard: true }).pipe(
    Effect.andThen(Clock.currentTimeMillis)
  )

/** What the client itself needs for it, in virtual time: when each class was done. */
const measured = <R, E, E2>(
  classes: Record<string, Effect.Effect<number, E, R>>,
  client: Layer.Layer<R | Simulator.Simulator, E2>
) =>
  Effect.gen(function* () {
    const { exit, stats } = yield* Simulator.fastForward(Effect.all(classes, { concurrency: "unbounded" }))
    assert.isTrue(Exit.isSuccess(exit))
    assert.strictEqual(stats.refusals, 0)
    return Exit.isSuccess(exit) ? exit.value : {}
  }).pipe(Effect.provide(client))

const doneOf = (plan: Plan.Plan) =>
  Object.fromEntries(plan.classes.map(({ doneAfterMillis, name }) => [name, doneAfterMillis]))

describe("Planner", () => {
  it.effect.each([
    [4, { before: "40 millis", after: "40 millis" }],
    [30, { before: "30 millis", after: "25 millis" }],
    [12, { before: "5 millis", after: { uniform: [5, 90] } }]
  ] as const)("is what the client does at Attio with %s workers", ([workers, latency]) =>
    Effect.gen(function* () {
      const work = { reads: 900, writes: 150 }
      const plan = yield* Planner.plan(Attio.provider, work, { workers, latency, simulation: attio })
      const client = Attio.layer({ apiKey }).pipe(
        Layer.provideMerge(Simulator.layer(attio, { latency: latency as { before: Latency.Input } })),
        Layer.provide(RateLimiter.layer)
      )
      const text = (path: string) => Attio.Client.use((client) => Effect.flatMap(client.get(path), (r) => r.text))
      const write = Attio.Client.use((client) => Effect.flatMap(client.post("/v2/notes"), (r) => r.text))
      const done = yield* measured(
        { reads: repeat(work.reads, workers, text("/v2/self")), writes: repeat(work.writes, workers, write) },
        client
      )
      assert.deepStrictEqual(doneOf(plan), done)
    })
  )

  it.effect("is what the client does where headers tell of resets and what remains", () =>
    Effect.gen(function* () {
      const latency = { before: "30 millis", after: "30 millis" } as const
      const options = { workers: 10, latency }
      const threads = yield* Planner.plan(
        Productlane.provider,
        { reads: 1500 },
        { ...options, simulation: productlane }
      )
      const done = yield* measured(
        {
          reads: repeat(
            1500,
            10,
            Productlane.Client.use((client) => Effect.flatMap(client.get("/threads"), (r) => r.text))
          )
        },
        Productlane.layer({ apiKey }).pipe(
          Layer.provideMerge(Simulator.layer(productlane, { latency })),
          Layer.provide(RateLimiter.layer)
        )
      )
      assert.deepStrictEqual(doneOf(threads), done)
    })
  )

  it.effect("is what the client does where headers tell what remains of one of two windows", () =>
    Effect.gen(function* () {
      const latency = { before: "30 millis", after: "30 millis" } as const
      const options = { workers: 10, latency }
      const tasks = yield* Planner.plan(SuiteOp.provider, { calls: 1200 }, { ...options, simulation: suiteop })
      const taskDone = yield* measured(
        {
          calls: repeat(
            1200,
            10,
            SuiteOp.Client.use((client) => Effect.flatMap(client.get("/api/v1/tasks"), (r) => r.text))
          )
        },
        SuiteOp.layer({ apiKey }).pipe(
          Layer.provideMerge(Simulator.layer(suiteop, { latency })),
          Layer.provide(RateLimiter.layer)
        )
      )
      assert.deepStrictEqual(doneOf(tasks), taskDone)
    })
  )

  it.effect("is what the limiter does for quotas of one's own, costs and priorities", () =>
    Effect.gen(function* () {
      const quotas = {
        minute: Quota.tokenBucket({ capacity: 20, refill: 10, every: "1 second" }, { name: "minute" }),
        burst: Quota.rolling(6, "400 millis", { name: "burst" })
      }
      const plan = yield* Planner.plan(
        quotas,
        { calls: { calls: 200, priority: 1 }, minute: { calls: 90, cost: 3 } },
        { workers: 5, latency: "70 millis" }
      )
      const call = (claim: Claim.Claim) => Effect.sleep("70 millis").pipe(RateLimiter.withPermit(claim))
      const both = Claim.of(quotas.minute, quotas.burst)
      const three = Claim.make({ needs: [Claim.need(quotas.minute, { cost: 3 })] })
      const { exit } = yield* Simulator.fastForward(
        Effect.all(
          {
            calls: repeat(200, 5, call(both)).pipe(RateLimiter.priority("high")),
            minute: repeat(90, 5, call(three))
          },
          { concurrency: "unbounded" }
        ).pipe(Effect.provide(RateLimiter.layer))
      )
      assert.deepStrictEqual(Exit.isSuccess(exit) ? exit.value : {}, doneOf(plan))
    })
  )

  it.effect("says what binds when, what is done by the deadline, and what is used", () =>
    Effect.gen(function* () {
      const quotas = {
        second: Quota.rolling(10, "1 second", { name: "second" }),
        day: Quota.rolling(50, "1 day", { name: "day" })
      }
      const plan = yield* Planner.plan(
        quotas,
        { calls: 60 },
        { workers: 10, latency: "10 millis", deadline: "5 seconds" }
      )
      const [calls] = plan.classes
      assert.strictEqual(calls?.doneByDeadline, 50)
      assert.strictEqual(calls?.bound.at(-1)?.quota, "day")
      assert.isAbove(plan.doneAfterMillis, 86_400_000)
      assert.isBelow(plan.doneAfterMillis, 86_500_000)
      assert.strictEqual(calls?.done.at(-1), 60)
      assert.closeTo(plan.quotas.find(({ name }) => name === "day")?.utilisation ?? 0, 0.6, 1e-9)
      assert.deepStrictEqual(Object.keys(calls?.heldMillis ?? {}), ["second", "day"])
    })
  )

  it.effect("tells from which limit on something else binds, and that one less does not do", () =>
    Effect.gen(function* () {
      const under = (limit: number) =>
        Planner.plan({ a: Quota.rolling(limit, "1 second", { name: "a" }) }, { a: 3000 }, { workers: 5, latency: 50 })
      const plan = yield* under(20)
      const [larger] = plan.alternatives
      assert.strictEqual(larger?.change, "limit")
      assert.strictEqual(larger?.doneAfterMillis, (yield* under(40)).doneAfterMillis)
      const enough = larger?.enough ?? 0
      assert.deepStrictEqual((yield* under(enough)).classes[0]?.heldMillis, {})
      assert.notDeepEqual((yield* under(enough - 1)).classes[0]?.heldMillis, {})
      const [workers] = (yield* under(enough)).alternatives
      assert.deepInclude(workers, { change: "workers", of: "a", from: 5, to: 10, enough: 6 })
    })
  )

  it.effect("keeps to a share, and starts with what was used", () =>
    Effect.gen(function* () {
      const quotas = { a: Quota.rolling(10, "1 minute", { name: "a" }) }
      const options = { workers: 10, alternatives: false }
      const half = yield* Planner.plan(quotas, { a: 10 }, { ...options, share: 0.5 })
      assert.strictEqual(half.doneAfterMillis, 60_061)
      const used = yield* Planner.plan(quotas, { a: 10 }, { ...options, used: { a: 4 } })
      assert.strictEqual(used.doneAfterMillis, 60_061)
      assert.strictEqual((yield* Planner.plan(quotas, { a: 10 }, options)).doneAfterMillis, 0)
    })
  )

  it.effect("is plain data that its schema reads back", () =>
    Effect.gen(function* () {
      const plan = yield* Planner.plan({ a: Quota.rolling(2, 100) }, { a: 30 }, { deadline: 50 })
      const json: unknown = JSON.parse(JSON.stringify(plan))
      assert.deepStrictEqual(yield* Schema.decodeUnknownEffect(PlanSchema)(json), plan)
    })
  )

  it.effect.each([
    [{ raeds: 1 }, {}, 'work takes calls of reads, queries, writes, but was given "raeds"'],
    [{}, {}, "work takes calls of reads, queries, writes"],
    [{ reads: -1 }, {}, "work.reads takes a whole number, 0 or more, but was given -1"],
    [{ reads: 1 }, { workers: 0 }, "reads.workers takes a whole number, 1 or more"],
    [{ queries: 1 }, {}, "quotas.queries takes a quota with a number"],
    [{ reads: 1 }, { quotas: { read: Quota.rolling(1, 1) } }, "quotas takes names of the provider's quotas, reads"],
    [{ reads: { calls: 1, cost: 200 } }, {}, "reads takes at most 100 units of reads a call, but was given 200"],
    [{ reads: 1 }, { deadline: "soon" as "1 second" }, "deadline takes a duration"],
    [{ reads: 1 }, { latency: { uniform: [5, 1] } as const }, "min, 5 ms"],
    [{ reads: 1 }, { share: 2 }, "share takes a fraction"]
  ] as const)("refuses %j with %j", ([work, options, says]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Planner.plan(Attio.provider, work, { simulation: attio, ...options }))
      assert.include(error.message, says)
    })
  )

  it.effect("gives no plan under quotas that the server does not keep to", () =>
    Effect.gen(function* () {
      const lower = { ...attio, quotas: { ...attio.quotas, reads: Quota.fixed(10, "1 second", { name: "reads" }) } }
      const error = yield* Effect.flip(Planner.plan(Attio.provider, { reads: 50 }, { workers: 50, simulation: lower }))
      assert.include(error.message, "so that nothing is refused")
    })
  )
})
