import { assert, it } from "@effect/vitest"
import { RateLimiter } from "@sluice/core"
import { SuiteOp } from "@sluice/providers/suiteop"
import { simulation } from "@sluice/providers/suiteop/simulation"
import { NeverExceeds, Simulator } from "@sluice/simulator"
import { Duration, Effect, Exit, Layer, Option, Redacted } from "effect"
import type { HttpClient } from "effect/http"
import * as Options from "./options.ts"

const connected = (client: Layer.Layer<SuiteOp.Client, never, RateLimiter.RateLimiter | HttpClient.HttpClient>) =>
  Effect.provide(
    client.pipe(
      Layer.provideMerge(RateLimiter.layer),
      Layer.provideMerge(Simulator.layer(simulation, { latency: { before: "10 millis", after: "10 millis" } }))
    )
  )
const whole = SuiteOp.layer({ apiKey: Redacted.make("sk_test_1") })

const get = SuiteOp.Client.use((suiteop) => suiteop.get("/api/v1/tasks"))
const many = (calls: number) => Effect.replicateEffect(get, calls, { concurrency: "unbounded", discard: true })

const valueOf = <A, E>(exit: Exit.Exit<A, E>): A =>
  Exit.isSuccess(exit) ? exit.value : assert.fail(String(exit.cause))

it.effect("fails at once what cannot be admitted in time, with the instant at which it could", () =>
  Effect.gen(function* () {
    const { exit } = yield* Simulator.fastForward(
      Effect.gen(function* () {
        yield* Effect.forkChild(many(300))
        yield* Effect.yieldNow
        const [waited, failure] = yield* Effect.all([Effect.timed(Options.forAPage), Effect.flip(Options.orNothing)])
        return { waitedMillis: Duration.toMillis(waited[0]), failure, when: yield* Options.orWhen }
      })
    )
    const { failure, waitedMillis, when } = valueOf(exit)
    assert.strictEqual(waitedMillis, 0)
    assert.strictEqual(failure._tag === "AdmissionError" && failure.reason._tag, "DeadlineExceeded")
    assert.isTrue(Option.isOption(when) && Option.isSome(when))
  }).pipe(connected(whole))
)

it.effect("lets what was clicked go before what runs at night", () =>
  Effect.gen(function* () {
    const order: Array<string> = []
    const named = <A, E, R>(name: string, call: Effect.Effect<A, E, R>) =>
      Effect.tap(call, () => Effect.sync(() => order.push(name)))
    const nightly = Effect.replicateEffect(named("nightly", Options.nightly), 60, { concurrency: "unbounded" })
    const clicked = Effect.delay(named("clicked", Options.clicked), "1 millis")
    yield* Simulator.fastForward(Effect.all([nightly, clicked], { concurrency: 2 }))
    assert.strictEqual(order.indexOf("clicked"), 50)
  }).pipe(connected(whole))
)

it.effect("keeps to its share of a key", () =>
  Effect.gen(function* () {
    const { stats } = yield* Simulator.fastForward(many(100))
    NeverExceeds.limit(25, 1000)(stats.timeline.filter(({ quota }) => quota === "burst"))
  }).pipe(connected(Options.ours))
)

it.effect("puts a cap of its own on every request", () =>
  Effect.gen(function* () {
    const read = Effect.flatMap(get, (response) => response.text)
    const { elapsed, stats } = yield* Simulator.fastForward(
      Effect.replicateEffect(read, 40, { concurrency: "unbounded" })
    )
    assert.strictEqual(stats.requests, 40)
    assert.strictEqual(Duration.toMillis(elapsed), 80)
  }).pipe(connected(Options.capped))
)

it.effect("lets tenants take turns by their weights", () =>
  Effect.gen(function* () {
    const done = { acme: 0, globex: 0 }
    const busy = (name: keyof typeof done, one: typeof Options.forAcme) =>
      Effect.replicateEffect(
        Effect.map(one, () => done[name]++),
        3000,
        { concurrency: "unbounded", discard: true }
      )
    yield* Simulator.fastForward(
      Effect.all([busy("acme", Options.forAcme), busy("globex", Options.forGlobex)], { concurrency: 2 }).pipe(
        Effect.timeoutOption("2 minutes")
      )
    )
    assert.isAtLeast(done.acme + done.globex, 700)
    assert.approximately(done.globex / (done.acme + done.globex), 0.75, 0.05 * 0.75)
  }).pipe(connected(whole))
)

it.effect("takes layers and schedules as they are written", () =>
  Effect.gen(function* () {
    yield* Layer.build(Options.all)
    yield* Layer.build(Layer.provide(Options.gently, Options.limiter))
    let failures = 0
    const flaky = Effect.suspend(() => (failures++ < 2 ? Effect.fail("broken") : Effect.succeed("done")))
    const { elapsed } = yield* Simulator.fastForward(Effect.retry(flaky, Options.alsoBrokenConnections))
    assert.strictEqual(Duration.toMillis(elapsed), 200 + 400)
  }).pipe(connected(whole))
)
