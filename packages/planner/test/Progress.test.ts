import { stripVTControlCharacters } from "node:util"
import { Claim, Quota, RateLimiter } from "@sluice/core"
import { Progress } from "@sluice/planner"
import { Attio } from "@sluice/providers/attio"
import { simulation } from "@sluice/providers/attio/simulation"
import { Simulator } from "@sluice/simulator"
import { assert, describe, it } from "@effect/vitest"
import { Clock, DateTime, Duration, Effect, Exit, Layer, Option, Redacted, Stdio, Terminal } from "effect"
import { TestConsole } from "effect/testing"

const reads = Quota.rolling(50, "1 second", { name: "reads" })
const call = (millis: number) => Effect.sleep(millis).pipe(RateLimiter.withPermit(Claim.of(reads)))
const calls = (count: number, concurrency: number, millis = 60) =>
  Effect.forEach(Array.from({ length: count }), () => call(millis), { concurrency, discard: true })

const run = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Simulator.fastForward(effect), ({ exit }) => exit)

/** A terminal of so many columns that keeps what was written. */
const screen = (columns: number, isTerminal: boolean) => {
  const written: Array<string> = []
  const layer = Layer.mergeAll(
    Layer.succeed(
      Terminal.Terminal,
      Terminal.make({
        columns: Effect.succeed(columns),
        rows: Effect.succeed(24),
        size: Effect.die("not asked"),
        readInput: Effect.die("not asked"),
        readLine: Effect.die("not asked"),
        display: (text) => Effect.sync(() => written.push(text))
      })
    ),
    Stdio.layerTest({ stdoutIsTerminal: Effect.succeed(isTerminal) })
  )
  return { written, layer }
}

describe("Progress.track", () => {
  it.effect("counts what is answered, and foretells the end to a window", () =>
    run(
      Effect.gen(function* () {
        const { state } = yield* Progress.track({ reads }, { reads: 600 })
        assert.deepInclude(yield* state, { calls: 600, done: 0, left: Option.none(), perMinute: 0 })
        const ends: Array<readonly [done: number, at: number]> = []
        const watch = Effect.gen(function* () {
          const { done, left } = yield* state
          const at = yield* Clock.currentTimeMillis
          if (Option.isSome(left)) ends.push([done, at + Duration.toMillis(left.value)])
        })
        yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep("500 millis"), watch)))
        yield* calls(600, 8)
        const endedAt = yield* Clock.currentTimeMillis
        const state_ = yield* state
        assert.deepInclude(state_, { done: 600, perMinute: 600, waitsFor: Option.none() })
        assert.deepStrictEqual(state_.classes, [{ name: "reads", calls: 600, done: 600 }])
        assert.isAtLeast(ends.length, 20)
        for (const [done, at] of ends) assert.approximately(at, endedAt, 1200, `after ${done}`)
      }).pipe(Effect.scoped, Effect.provide(RateLimiter.layer))
    )
  )

  it.effect("says what most wait for, and that a provider closed it", () =>
    run(
      Effect.gen(function* () {
        const { state } = yield* Progress.track({ reads }, { reads: 200 })
        yield* Effect.forkScoped(calls(200, 100))
        yield* Effect.sleep("500 millis")
        assert.deepStrictEqual((yield* state).waitsFor, Option.some("reads"))
        yield* Effect.fail("enough").pipe(
          RateLimiter.withPermit(Claim.of(reads), {
            decode: () => ({
              readings: [],
              isRefusal: true,
              retry: { kind: "after", millis: 20_000, toleranceMillis: 0 }
            })
          }),
          Effect.ignore
        )
        const { closed, done } = yield* state
        const until = Option.getOrThrow(closed).until
        assert.approximately(DateTime.toEpochMillis(until) - (yield* Clock.currentTimeMillis), 20_000, 10)
        // What was refused is still to be done.
        assert.isAtMost(done, 150)
      }).pipe(Effect.scoped, Effect.provide(RateLimiter.layer))
    )
  )

  it.effect("tells classes of a provider apart, and leaves other keys' calls alone", () =>
    run(
      Effect.gen(function* () {
        const attio = yield* Attio.Client
        const other = yield* Attio.make({ apiKey: Redacted.make("b"), partition: "other" })
        const { state } = yield* Progress.track(Attio.provider, { reads: 10, writes: 5 }, { partition: "own" })
        const read = Effect.flatMap(attio.get("/v2/self"), ({ text }) => text)
        const write = Effect.flatMap(attio.post("/v2/tasks"), ({ text }) => text)
        yield* Effect.replicateEffect(read, 7)
        yield* Effect.replicateEffect(write, 3)
        yield* Effect.flatMap(other.get("/v2/self"), ({ text }) => text)
        assert.deepStrictEqual((yield* state).classes, [
          { name: "reads", calls: 10, done: 7 },
          { name: "writes", calls: 5, done: 3 }
        ])
      }).pipe(
        Effect.scoped,
        Effect.provide(
          Attio.layer({ apiKey: Redacted.make("a"), partition: "own" }).pipe(
            Layer.provideMerge(RateLimiter.layer),
            Layer.provideMerge(Simulator.layer(simulation, { latency: { before: 20, after: 20 } }))
          )
        )
      )
    )
  )

  it.effect("stops counting when its scope ends", () =>
    run(
      Effect.gen(function* () {
        const { state } = yield* Effect.scoped(Progress.track({ reads }, { reads: 9 }))
        yield* calls(3, 1)
        assert.strictEqual((yield* state).done, 0)
      }).pipe(Effect.provide(RateLimiter.layer))
    )
  )

  it.effect("takes no work that cannot be", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(Effect.scoped(Progress.track({ reads }, { writes: 1 })))
      assert.isTrue(Exit.isFailure(exit))
      assert.include(String(exit), "work takes calls of calls, reads")
    }).pipe(Effect.provide(RateLimiter.layer))
  )
})

describe("Progress.make", () => {
  it.effect("draws one line over and over on a terminal, below what is said", () => {
    const { layer, written } = screen(80, true)
    return run(
      Effect.gen(function* () {
        const progress = yield* Progress.make({ reads }, { reads: 200 }, { label: "reads" })
        yield* calls(100, 100)
        yield* progress.say("half of it")
        yield* calls(100, 100)
      }).pipe(Effect.scoped, Effect.provide([RateLimiter.layer, layer]))
    ).pipe(
      Effect.map(() => {
        const text = written.join("")
        assert.include(text, "\r\u001b[2Khalf of it\n")
        const lines = text.split(/[\r\n]/).map((each) => stripVTControlCharacters(each))
        assert.isAtMost(Math.max(...lines.map((each) => each.length)), 79)
        assert.match(
          lines.find((each) => each.includes("50 of 200")) ?? "",
          /^reads █+░+ 25 % {2}50 of 200 {2}50 a minute {2}\d+s left/
        )
        assert.match(lines.findLast((each) => each.includes("of 200")) ?? "", /^reads █+ 100 % {2}200 of 200$/)
        assert.isTrue(text.startsWith("\u001b[?25l"))
        assert.isTrue(text.endsWith("\n\u001b[?25h"))
      })
    )
  })

  it.effect("prints a line every few seconds elsewhere, and nothing twice", () => {
    const { layer, written } = screen(80, false)
    return run(
      Effect.gen(function* () {
        yield* Effect.scoped(
          Effect.gen(function* () {
            yield* Progress.make({ reads }, { reads: 400 }, { every: "2 seconds" })
            yield* calls(400, 100)
          })
        )
        const lines = yield* TestConsole.logLines
        assert.deepStrictEqual(written, [])
        assert.match(String(lines[0]), /^100 of 400, 100 a minute, \d+s left, waits for reads$/)
        assert.strictEqual(lines.at(-1), "400 of 400")
        assert.strictEqual(new Set(lines).size, lines.length)
      }).pipe(Effect.provide([RateLimiter.layer, layer]))
    )
  })

  it("fits any width", () => {
    const state: Progress.State = {
      classes: [],
      calls: 10,
      done: 3,
      perMinute: 3,
      left: Option.some(Duration.millis(3_599_001)),
      waitsFor: Option.some("reads"),
      closed: Option.none()
    }
    for (let columns = 1; columns < 130; columns++) {
      assert.isBelow(Progress.bar(state, "work", columns).length, Math.max(1, columns))
    }
    assert.strictEqual(Progress.line(state, "work"), "work, 3 of 10, 3 a minute, 1h left, waits for reads")
    assert.strictEqual(Progress.bar({ ...state, calls: 0, done: 0 }, "", 20), "█".repeat(0) + "100 %  0 of 0")
  })
})
