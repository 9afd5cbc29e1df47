/** One peer before one judge: a key that the judge has not seen, the way there and back, and what came of it. */
import { BestTime, Scenario } from "@sluice/simulator"
import { Clock, Effect } from "effect"
import { HttpClient } from "effect/http"
import type { Prepare } from "../Bench.ts"
import * as Measurement from "../Measurement.ts"
import * as Network from "../Network.ts"
import * as Policy from "../Policy.ts"
import * as Way from "../Way.ts"
import * as Work from "../Work.ts"
import * as Judge from "./Judge.ts"
import * as ServerProcess from "./ServerProcess.ts"

/** Starts all servers; what is given leads a task before the judge whose policy it has. */
export const lanes = Effect.fnUntraced(function* (judges: ReadonlyArray<Judge.Judge>) {
  const started = yield* Effect.forEach(
    judges,
    (judge) => Effect.map(ServerProcess.start(judge), (url) => [judge.id, { judge, url }] as const),
    { concurrency: "unbounded" }
  )
  const servers = new Map(started)
  let keys = 0

  const lane: Prepare<ServerProcess.ServerFailed, HttpClient.HttpClient> = Effect.fnUntraced(function* (
    { atMostMillis, isQuick, loaded: { id }, network, peer, repeat },
    delayMillis
  ) {
    const server = servers.get(id)
    if (server === undefined) return yield* Effect.die(`No server was started for ${id}.`)
    const { judge, url } = server
    const loaded = Judge.load(judge, isQuick, `key-${++keys}`)
    const way = Way.make(yield* HttpClient.HttpClient, network, repeat + 1)
    const best = (startMillis: number) => bestTime(judge, loaded, network, startMillis)
    let done = 0
    const work = Effect.gen(function* () {
      const startAtMillis = (yield* Clock.currentTimeMillis) + delayMillis
      const budgetMillis = atMostMillis ?? Work.budgetMillis(best(startAtMillis), loaded.speed)
      const outcome = yield* Work.run({ peer, loaded, url, startAtMillis, budgetMillis, onDone: () => done++ })
      const { calls, speed } = loaded
      return Measurement.make({ calls, counts: way.counts, outcome, speed, best: best(outcome.startMillis) })
    })
    return {
      progress: Effect.sync(() => done),
      work: work.pipe(Effect.scoped, Effect.provideService(HttpClient.HttpClient, way.client))
    }
  })
  return lane
})

/** From a cold start, as the judge counts. */
export const bestTime = (
  { counts }: Pick<Judge.Judge, "counts">,
  loaded: Policy.Loaded,
  network: Network.Network,
  startMillis: number
): BestTime.BestTime =>
  BestTime.make({
    simulation: loaded.simulation,
    scenario: Scenario.make({
      latency: Network.latencyOf(network, loaded.speed),
      counting: counts?.start === undefined ? {} : { start: counts.start }
    }),
    requests: Policy.requestsOf(loaded),
    startMillis
  })
