import { assert, describe, it } from "@effect/vitest"
import { RateLimiter } from "@sluice/core"
import { Limits } from "@sluice/page/Limits"
import * as Patch from "@sluice/page/Patch"
import { Effect, Fiber, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Watch from "@sluice/dashboard/Watch"
import { call, claimOf, refused } from "./support/Traffic.ts"

/** What a page makes of the events so far. */
const rebuilt = (events: ReadonlyArray<string>): Patch.Draft | undefined => {
  let draft: Patch.Draft | undefined
  for (const event of events) {
    const [, name, data = ""] = /^event: (\w+)\ndata: (.*)\n\n$/.exec(event) ?? []
    if (name === "whole") draft = { ...Schema.decodeUnknownSync(Limits)(JSON.parse(data)) }
    else if (name === "change" && draft !== undefined) Patch.apply(draft, JSON.parse(data) as Patch.Patch)
    else throw new Error(`no event of ours: ${event}`)
  }
  return draft
}

const looks = (watch: Watch.Watch, heard: Array<string>, restMillis: number) =>
  Effect.forkScoped(
    Stream.runForEach(watch.events, (event) =>
      Effect.andThen(
        Effect.sleep(restMillis),
        Effect.sync(() => heard.push(event))
      )
    ),
    { startImmediately: true }
  )

const acts = Schema.Array(Schema.Literals(["call", "refused", "wait", "hurry", "second", "minute"]))

describe("Watch", () => {
  it.effect.prop(
    "tells everybody who looks what stands, however slowly they hear it",
    { acts },
    ({ acts }) =>
      Effect.gen(function* () {
        const watch = yield* Watch.make
        const quick: Array<string> = []
        const slow: Array<string> = []
        yield* looks(watch, quick, 1)
        yield* looks(watch, slow, 700)
        for (const [i, act] of acts.entries()) {
          const partition = `p-${i % 3}`
          if (act === "call") yield* Effect.forkScoped(Effect.ignore(call(partition)))
          if (act === "refused") yield* Effect.forkScoped(Effect.ignore(refused(20_000, partition)))
          if (act === "wait") yield* Effect.forkScoped(Effect.ignore(RateLimiter.priority(call(partition), "high")))
          if (act === "hurry") yield* Effect.forkScoped(Effect.ignore(RateLimiter.failFast(call(partition))))
          yield* TestClock.adjust(act === "minute" ? "1 minute" : act === "second" ? "1 second" : "10 millis")
        }
        // Long enough for what is told later, and for who is slow.
        yield* TestClock.adjust("2 minutes")
        const now = yield* watch.state
        for (const heard of [quick, slow]) {
          const { at: _, ...seen } = rebuilt(heard) ?? assert.fail("nothing was told")
          const { at: _now, ...stands } = now
          assert.deepStrictEqual(seen, JSON.parse(JSON.stringify(stands)))
        }
        assert.isAtMost(slow.length, quick.length)
      }).pipe(Effect.provide(RateLimiter.layer, { local: true }), Effect.scoped),
    { arbitrary: { runs: 20 } }
  )

  it.effect("makes a few messages of a thousand events a second", () =>
    Effect.gen(function* () {
      const watch = yield* Watch.make
      const heard: Array<string> = []
      yield* looks(watch, heard, 0)
      yield* Effect.forEach([1, 2, 3, 4, 5], () => call())
      for (let i = 0; i < 3000; i++) {
        yield* Effect.ignore(RateLimiter.failFast(call()))
        if (i % 10 === 9) yield* TestClock.adjust("10 millis")
      }
      // Four a second for three seconds, and the whole at first.
      assert.isAtMost(heard.length, 13)
      assert.isBelow(heard.join("").length, 5000)
      yield* TestClock.adjust("1 minute")
      const times = rebuilt(heard)?.happenings.reduce((sum, one) => sum + one.times, 0)
      assert.strictEqual(times, 3000)
    }).pipe(Effect.provide(RateLimiter.layer))
  )

  it.effect(
    "notes each second of the last ten minutes while nobody looks: slots, who waits, and what was refused",
    () =>
      Effect.gen(function* () {
        const watch = yield* Watch.make
        yield* Effect.forEach([1, 2, 3], () => call())
        yield* TestClock.adjust("3 seconds")
        yield* Effect.ignore(refused(5000))
        yield* Effect.forkScoped(Effect.ignore(call()))
        yield* TestClock.adjust("2 seconds")
        const history = watch.history("acme|p|writes|", undefined)
        assert.deepStrictEqual(history.at.slice(-4), [2000, 3000, 4000, 5000])
        assert.deepStrictEqual(history.cooling.slice(-4), [3, 3, 4, 4])
        assert.deepStrictEqual(history.waiting.slice(-4), [0, 0, 1, 1])
        assert.deepStrictEqual(history.refused.slice(-4), [0, 0, 1, 0])
        assert.deepStrictEqual(watch.history("acme|p|writes|", 4000).at, [5000])
        assert.deepStrictEqual(watch.history("nobody", undefined).at, [])
        yield* TestClock.adjust("11 minutes")
        assert.lengthOf(watch.history("acme|p|writes|", undefined).at, 600)
      }).pipe(Effect.provide(RateLimiter.layer))
  )

  it.effect("shows those quotas that are in demand where there are too many, and says how many it does not show", () =>
    Effect.gen(function* () {
      for (let i = 0; i < 300; i++) yield* call(`p-${i}`)
      yield* Effect.ignore(refused(60_000, "p-299"))
      const waiting = yield* Effect.forkChild(
        Effect.forEach([1, 2, 3, 4, 5, 6], () => RateLimiter.withPermit(Effect.never, claimOf("p-298")), {
          concurrency: "unbounded"
        })
      )
      yield* TestClock.adjust("1 second")
      const { hidden, quotas } = yield* Effect.flatMap(Watch.make, ({ state }) => state)
      assert.strictEqual(hidden, 50)
      assert.hasAllKeys(quotas, [...new Set(Object.keys(quotas))])
      assert.isNotNull(quotas["acme|p-299|writes|"]?.closedUntil)
      assert.strictEqual(quotas["acme|p-298|writes|"]?.waiting[0]?.calls, 2)
      yield* Fiber.interrupt(waiting)
    }).pipe(Effect.provide(RateLimiter.layer))
  )
})
