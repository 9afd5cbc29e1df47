import { Claim, Quota, RateLimiter, Signal } from "@sluice/core"
import * as Telemetry from "@sluice/core/Telemetry"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Metric } from "effect"
import { TestClock } from "effect/testing"

const rate = Quota.rolling(2, "1 second", { name: "rate", slack: 0, rateMargin: 0 })
const day = Quota.rolling(5, "1 day", { name: "day", slack: 0, rateMargin: 0 })
const claimOf = (partition: string) =>
  Claim.make({ needs: [Claim.need(rate), Claim.need(day)], partition, origin: "api" })

const call = (claim: Claim.Claim, signal = Signal.none) =>
  Effect.void.pipe(RateLimiter.withPermit(claim, { decode: () => signal }))

const metered = (options?: { readonly partitions?: number }) =>
  Telemetry.layerMetrics(options).pipe(Layer.provideMerge(RateLimiter.layer))

/** The series of a metric, by their labels. */
const series = (name: string) =>
  Effect.map(Metric.snapshot, (snapshot) =>
    Object.fromEntries(
      snapshot
        .filter(({ id }) => id === name)
        .map(({ attributes, state }) => {
          const { unit: _, ...labels } = attributes ?? {}
          const value = "value" in state ? state.value : "count" in state ? state.count : undefined
          return [Object.values(labels).join(" "), Number(value)]
        })
    )
  )

/** In a registry of its own. */
const own = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => Effect.provideService(effect, Metric.MetricRegistry, new Map()))

describe("Telemetry.layerMetrics", () => {
  it.effect("counts calls by provider, and waits by the quota that held them back", () =>
    Effect.gen(function* () {
      const claim = claimOf("acme")
      yield* Effect.forEach([1, 2, 3], () => call(claim), { concurrency: 3 }).pipe(
        Effect.forkChild,
        Effect.andThen(TestClock.adjust("1 minute"))
      )
      yield* Effect.flip(Effect.andThen(call(claim), Effect.andThen(call(claim), RateLimiter.failFast(call(claim)))))
      assert.deepStrictEqual(yield* series("sluice_admitted_total"), { api: 5 })
      assert.deepStrictEqual(yield* series("sluice_wait_seconds"), { "api rate": 1, "api day": 0 })
      assert.deepInclude(yield* series("sluice_turned_away_total"), { "api DeadlineExceeded": 1, "api Never": 0 })
      const waits = (yield* Metric.snapshot).find(
        ({ attributes, id }) => id === "sluice_wait_seconds" && attributes?.["quota"] === "rate"
      )
      assert.deepInclude(waits?.state, { count: 1, sum: 1, min: 1, max: 1 })
      assert.deepInclude("buckets" in (waits?.state ?? {}) ? waits?.state : {}, {
        buckets: [
          [0.001, 0],
          [0.01, 0],
          [0.1, 0],
          [1, 1],
          [10, 1],
          [60, 1],
          [600, 1],
          [3600, 1]
        ]
      })
    }).pipe(Effect.provide(metered()), own)
  )

  it.effect("tells refusals apart that were not expected, and what they closed", () =>
    Effect.gen(function* () {
      const refused = (closes: ReadonlyArray<string>): Signal.Signal => ({
        readings: [],
        isRefusal: true,
        closes,
        retry: { kind: "after", millis: 1000, toleranceMillis: 0 }
      })
      yield* call(claimOf("acme"), refused(["rate"]))
      yield* call(claimOf("globex"), { ...refused([]), closes: ["rate", "day"] })
      yield* call(claimOf("initech"), refused([]))
      assert.deepStrictEqual(yield* series("sluice_refused_total"), { "api ": 2, "api rate": 1, "api day": 0 })
      assert.deepStrictEqual(yield* series("sluice_unexpected_total"), { "api rate": 2, "api day": 1 })
      assert.deepStrictEqual(yield* series("sluice_paused_total"), { "api rate": 2, "api day": 1 })
      assert.deepStrictEqual(yield* series("sluice_closed_counters"), { "api rate": 2, "api day": 1 })
      yield* TestClock.adjust("1 minute")
      yield* Effect.yieldNow
      assert.deepStrictEqual(yield* series("sluice_closed_counters"), { "api rate": 0, "api day": 0 })
    }).pipe(Effect.provide(metered()), own)
  )

  it.effect("shows slots by state, limits and the queue at the moment of the look", () =>
    Effect.gen(function* () {
      yield* call(claimOf("acme"))
      yield* Effect.forkChild(Effect.never.pipe(RateLimiter.withPermit(claimOf("acme"))), { startImmediately: true })
      yield* Effect.forkChild(call(claimOf("acme")), { startImmediately: true })
      yield* call(claimOf("globex"))
      assert.deepInclude(yield* series("sluice_slots_units"), {
        "api rate free": 1,
        "api rate held": 1,
        "api rate cooling": 2,
        "api day free": 7
      })
      assert.deepInclude(yield* series("sluice_limit_units"), { "api rate published": 4, "api rate in_force": 4 })
      assert.deepStrictEqual(yield* series("sluice_waiting_calls"), { "api rate": 1, "api day": 0 })
      assert.deepStrictEqual(yield* series("sluice_counters"), { "api rate": 2, "api day": 2 })
      assert.deepStrictEqual(yield* series("sluice_leases"), { "": 0 })
    }).pipe(Effect.provide(metered()), own)
  )

  it.effect("has a label for as many partitions as it is told to, and one for all others", () =>
    Effect.gen(function* () {
      for (const partition of ["acme", "globex", "initech", "umbrella"]) yield* call(claimOf(partition))
      assert.deepStrictEqual(yield* series("sluice_admitted_total"), { "api acme": 1, "api globex": 1, "api other": 2 })
      assert.deepStrictEqual(yield* series("sluice_counters"), {
        "api acme rate": 1,
        "api acme day": 1,
        "api globex rate": 1,
        "api globex day": 1,
        "api other rate": 2,
        "api other day": 2
      })
    }).pipe(Effect.provide(metered({ partitions: 2 })), own)
  )

  it.effect("sums up limiters that write to one registry, and never goes back when one of them ends", () =>
    Effect.gen(function* () {
      for (const [calls, sum] of [
        [1, 1],
        [2, 3]
      ] as const) {
        yield* Effect.replicateEffect(call(claimOf("acme")), calls).pipe(Effect.provide(metered(), { local: true }))
        assert.deepStrictEqual(yield* series("sluice_admitted_total"), { api: sum })
        assert.deepStrictEqual(yield* series("sluice_counters"), { "api rate": 0, "api day": 0 })
      }
    }).pipe(own)
  )

  it("says what partitions takes", () => {
    assert.throws(
      () => Telemetry.layerMetrics({ partitions: -1 }),
      "partitions takes a whole number, 0 or more, but was given -1."
    )
  })
})

describe("Telemetry.layerEvents", () => {
  it.effect("writes events as entries of the log with flat annotations, and no secret", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.layer([Logger.map(Logger.formatJson, (line) => lines.push(line))])
      const logging = Telemetry.layerEvents().pipe(Layer.provideMerge(RateLimiter.layer), Layer.provideMerge(logger))
      yield* Effect.gen(function* () {
        yield* call(claimOf("acme"), { readings: [], isRefusal: true, closes: ["rate"] })
        yield* Effect.flip(RateLimiter.failFast(call(claimOf("acme"))))
        yield* TestClock.adjust("1 minute")
      }).pipe(Effect.provide(logging))
      const entries = lines.map((line) => JSON.parse(line))
      assert.deepStrictEqual(
        entries.map(({ annotations, level }) => [level, annotations.event, annotations.quotas ?? annotations.quota]),
        [
          ["WARN", "Refused", "rate"],
          ["WARN", "Paused", "rate"],
          ["INFO", "TurnedAway", "rate"]
        ]
      )
    })
  )
})
