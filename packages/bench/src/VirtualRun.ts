/** The same work in virtual time: what the rule alone makes of it, with processors that take no time. */
import { BestTime, Scenario, Simulator } from "@sluice/simulator"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as Network from "./Network.ts"
import type { Peer } from "./Peer.ts"
import * as Phase from "./Phase.ts"
import * as Policy from "./Policy.ts"
import * as Work from "./Work.ts"

export interface VirtualRun {
  readonly refusals: number
  readonly failures: ReadonlyArray<string>
  /** The best possible time, of the time that was needed. */
  readonly share: number
}

export interface Task {
  readonly peer: Peer
  readonly loaded: Policy.Loaded
  readonly network: Network.Network
  readonly repeat: number
  readonly repeats: number
}

/** Any instant at which all windows begin that are aligned to a clock. */
const originMillis = 1_800_000_000_000

export const run = Effect.fnUntraced(function* ({ loaded, network, peer, repeat, repeats }: Task) {
  const fraction = Phase.fractionOf(repeat, repeats)
  const { phaseMillis, startAtMillis } = Phase.make(Policy.fixedOf(loaded), originMillis, fraction)
  const latency = Network.latencyOf(network, loaded.speed)
  const scenario = { seed: repeat + 1, latency, counting: { phaseMillis } }
  const best = BestTime.make({
    simulation: loaded.simulation,
    scenario: Scenario.make(scenario),
    requests: Policy.requestsOf(loaded),
    startMillis: startAtMillis
  })
  const job = { peer, loaded, url: loaded.module.provider.baseUrl, startAtMillis, budgetMillis: 2 * best.millis }
  return yield* Effect.gen(function* () {
    yield* TestClock.setTime(startAtMillis)
    const { exit, stats } = yield* Simulator.fastForward(Effect.scoped(Work.run(job)))
    const { doneAfterMillis, elapsedMillis, failures } = yield* exit
    return {
      refusals: stats.refusals,
      failures,
      share: BestTime.share(best, doneAfterMillis.length, elapsedMillis)
    } satisfies VirtualRun
  }).pipe(Effect.provide(Simulator.layer(loaded.simulation, scenario)), Effect.provide(TestClock.layer()))
})
