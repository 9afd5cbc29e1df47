import { assert, describe, it } from "@effect/vitest"
import { RateLimiter } from "@sluice/core"
import { Simulator } from "@sluice/simulator"
import { Duration, Effect, Exit, Layer, Redacted } from "effect"
import * as AttioApp from "../src/AttioApp.ts"
import * as People from "../src/People.ts"
import { attio, oauth } from "../src/simulation.ts"
import { Tokens } from "../src/Tokens.ts"

const connected = (server = attio(), refreshToken = "refresh-0") =>
  Effect.provide(
    AttioApp.layer("acme").pipe(
      Layer.provide(
        Tokens.layer({
          url: "https://app.attio.com/oauth/token",
          clientId: "id",
          clientSecret: Redacted.make("secret"),
          refreshToken: Redacted.make(refreshToken)
        })
      ),
      Layer.provideMerge(RateLimiter.layer),
      Layer.provideMerge(Simulator.layerAll([oauth, server], { latency: { before: "20 millis", after: "20 millis" } }))
    )
  )

const grants = Simulator.Simulator.use(({ statsOf }) => Effect.map(statsOf("oauth"), ({ requests }) => requests))

describe("layer", () => {
  it.effect("keeps to one quota over three tokens, however long calls wait", () =>
    Effect.gen(function* () {
      const { elapsed, exit, stats } = yield* Simulator.fastForward(People.read(700))
      assert.isTrue(Exit.isSuccess(exit))
      assert.strictEqual(yield* grants, 3)
      assert.deepInclude(stats, { requests: 702 + 3, refusals: 0, intercepted: 0 })
      assert.isAtLeast(Duration.toMillis(elapsed), 6000)
      assert.isBelow(Duration.toMillis(elapsed), 8000)
    }).pipe(connected())
  )

  it.effect("repeats what was under way when a token was revoked, by one new token", () =>
    Effect.gen(function* () {
      const { exit, stats } = yield* Simulator.fastForward(People.read(200))
      assert.isTrue(Exit.isSuccess(exit))
      assert.strictEqual(yield* grants, 2)
      assert.isAtLeast(stats.intercepted, 1)
      assert.strictEqual(stats.requests, 201 + stats.intercepted + 2)
      assert.strictEqual(stats.refusals, 0)
    }).pipe(connected(attio(50)))
  )

  it.effect("fails where there is no token, and waits for nothing", () =>
    Effect.gen(function* () {
      const { elapsed, exit } = yield* Simulator.fastForward(Effect.flip(People.read(1)))
      assert.strictEqual(Exit.isSuccess(exit) && exit.value._tag, "HttpClientError")
      assert.strictEqual(Duration.toMillis(elapsed), 40)
    }).pipe(connected(attio(), "stolen"))
  )

  it.effect("names quotas after the workspace", () =>
    Effect.gen(function* () {
      yield* Simulator.fastForward(People.read(1))
      const partitions = (yield* RateLimiter.status()).map(({ partition }) => partition)
      assert.deepStrictEqual([...new Set(partitions)], ["acme"])
    }).pipe(connected())
  )
})
