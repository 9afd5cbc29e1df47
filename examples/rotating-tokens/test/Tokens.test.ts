import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@sluice/simulator"
import { Effect, Equal, Exit, Layer, Redacted } from "effect"
import { oauth } from "../src/simulation.ts"
import { Tokens } from "../src/Tokens.ts"

const connected = (refreshToken = "refresh-0") =>
  Effect.provide(
    Tokens.layer({
      url: "https://app.attio.com/oauth/token",
      clientId: "id",
      clientSecret: Redacted.make("secret"),
      refreshToken: Redacted.make(refreshToken)
    }).pipe(Layer.provideMerge(Simulator.layer(oauth, { latency: { before: "20 millis", after: "20 millis" } })))
  )

const current = Tokens.use((tokens) => tokens.current)
const reject = (token: Redacted.Redacted) => Tokens.use((tokens) => tokens.reject(token))

describe("Tokens", () => {
  it.effect("gives all fibers the same token, asked for once", () =>
    Effect.gen(function* () {
      const { exit, stats } = yield* Simulator.fastForward(Effect.replicateEffect(current, 100, { concurrency: 100 }))
      assert.isTrue(Exit.isSuccess(exit) && exit.value.every((token) => Equal.equals(token, exit.value[0])))
      assert.strictEqual(stats.requests, 1)
    }).pipe(connected())
  )

  it.effect("renews a token before it expires, and not much before", () =>
    Effect.gen(function* () {
      const { exit, stats } = yield* Simulator.fastForward(
        Effect.gen(function* () {
          const first = yield* current
          const kept = yield* Effect.delay(current, "2699 millis")
          const renewed = yield* Effect.delay(current, "2 millis")
          return [Equal.equals(first, kept), Equal.equals(kept, renewed)]
        })
      )
      assert.deepStrictEqual(exit, Exit.succeed([true, false]))
      assert.strictEqual(stats.requests, 2)
    }).pipe(connected())
  )

  it.effect("renews a rejected token once, whoever else rejects it", () =>
    Effect.gen(function* () {
      const { stats } = yield* Simulator.fastForward(
        Effect.gen(function* () {
          const token = yield* current
          yield* Effect.replicateEffect(Effect.andThen(reject(token), current), 10, { concurrency: 10 })
          yield* reject(token)
          yield* current
        })
      )
      assert.strictEqual(stats.requests, 2)
    }).pipe(connected())
  )

  it.effect("outlives whoever asked for a token and went away", () =>
    Effect.gen(function* () {
      const { exit } = yield* Simulator.fastForward(Effect.andThen(Effect.timeoutOption(current, "30 millis"), current))
      assert.isTrue(Exit.isSuccess(exit))
    }).pipe(connected())
  )

  it.effect("fails with what the authorization server answers, and asks again the next time", () =>
    Effect.gen(function* () {
      const { exit, stats } = yield* Simulator.fastForward(Effect.replicateEffect(Effect.flip(current), 2))
      assert.isTrue(Exit.isSuccess(exit) && exit.value.every(({ reason }) => reason._tag === "StatusCodeError"))
      assert.strictEqual(stats.requests, 2)
    }).pipe(connected("stolen"))
  )
})
