import { NodeHttpClient } from "@effect/platform-node"
import { peers } from "@sluice/bench/Peers"
import * as Policy from "@sluice/bench/Policy"
import * as Work from "@sluice/bench/Work"
import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@sluice/simulator"
import { Clock, Effect } from "effect"
import * as SharedClock from "@sluice/bench/SharedClock"

const calls = 40

describe("every peer", () => {
  it.live.each(peers)("$id does all calls, whatever is refused", (peer) =>
    Effect.gen(function* () {
      const loaded = { ...(yield* Policy.load("clarifai", true)), calls, speed: 10 }
      const clock = SharedClock.make(SharedClock.now(), loaded.speed)
      const { outcome, stats } = yield* Effect.gen(function* () {
        const { stats, url } = yield* Simulator.serve(loaded.simulation)
        const outcome = yield* Work.run({ peer, loaded, url, startAtMillis: 0, budgetMillis: 600_000 })
        return { outcome, stats: yield* stats }
      }).pipe(Effect.provideService(Clock.Clock, clock))
      assert.deepStrictEqual(outcome.failures, [])
      assert.lengthOf(outcome.doneAfterMillis, calls)
      assert.strictEqual(stats.requests - stats.refusals, calls)
      // 15 a second: two refills at least.
      assert.isAtLeast(outcome.elapsedMillis, 2000)
    }).pipe(Effect.provide(NodeHttpClient.layerUndici), Effect.scoped)
  )

  it("has a name of its own", () => {
    assert.strictEqual(new Set(peers.map(({ id }) => id)).size, peers.length)
    assert.strictEqual(new Set(peers.map(({ title }) => title)).size, peers.length)
  })
})

describe("Work", () => {
  it.live("stops whoever is not done in time", () =>
    Effect.gen(function* () {
      const loaded = { ...(yield* Policy.load("clarifai", true)), calls }
      const { url } = yield* Simulator.serve(loaded.simulation)
      const [peer] = peers
      if (peer === undefined) return assert.fail("there are peers")
      const outcome = yield* Work.run({ peer, loaded, url, startAtMillis: 0, budgetMillis: 500 })
      assert.isAtMost(outcome.doneAfterMillis.length, 15)
      assert.isAtLeast(outcome.elapsedMillis, 500)
    }).pipe(Effect.provide(NodeHttpClient.layerUndici), Effect.scoped)
  )
})
