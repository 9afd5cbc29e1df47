import { peers } from "@sluice/bench/Peers"
import * as Policy from "@sluice/bench/Policy"
import * as Processes from "@sluice/bench/Processes"
import * as Run from "@sluice/bench/Run"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"

describe("Run", () => {
  it.live(
    "works in processes of its own, which end with the scope",
    () =>
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        const server = yield* Scope.provide(Processes.server, scope)
        const loaded = yield* Policy.load("clarifai", true)
        const [peer] = peers
        if (peer === undefined) return assert.fail("there are peers")
        const task = { peer, loaded, network: "uniform", repeat: 0, repeats: 1, isQuick: true } as const
        const lane = yield* Scope.provide(Run.prepare(task, server, 0), scope)
        const measured = yield* lane.work
        assert.deepStrictEqual([measured.requests, measured.failures.length], [measured.done + measured.wasted, 0])
        assert.isAbove(measured.done, 0)
        assert.isAbove(measured.share, 0)
        yield* Scope.close(scope, Exit.void)
        const answered = yield* Effect.exit(Effect.timeout(server.Close(), "2 seconds"))
        assert.isTrue(Exit.isFailure(answered))
      }),
    60_000
  )
})
