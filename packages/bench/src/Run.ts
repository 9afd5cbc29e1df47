/** One peer at one simulated policy: a server, a client, and what came of it. */
import type { RpcGroup } from "effect/rpc"
import { BestTime, Scenario } from "@sluice/simulator"
import { Effect } from "effect"
import type { RpcClient, RpcClientError } from "effect/rpc"
import type { Prepare, Task } from "./Bench.ts"
import * as Measurement from "./Measurement.ts"
import * as Network from "./Network.ts"
import * as Phase from "./Phase.ts"
import * as Policy from "./Policy.ts"
import * as Processes from "./Processes.ts"
import type { ServerRpcs } from "./Protocol.ts"
import * as SharedClock from "./SharedClock.ts"
import * as Work from "./Work.ts"

type Failure = Effect.Error<typeof Processes.client> | RpcClientError.RpcClientError
export type Server = RpcClient.RpcClient<RpcGroup.Rpcs<typeof ServerRpcs>, RpcClientError.RpcClientError>

/** Time for the client to warm up, and to be collected after it. */
const headStartMillis = 2000

/** Starts a server's process for each policy; what is given starts one of a client for each task. */
export const lanes = Effect.fnUntraced(function* (policies: ReadonlyArray<Policy.Loaded>) {
  const servers = new Map<string, Server>()
  for (const { id } of policies) servers.set(id, yield* Processes.server)
  const lane: Prepare<Failure, never> = (task, delayMillis) => {
    const server = servers.get(task.loaded.id)
    return server === undefined
      ? Effect.die(`No server was started for ${task.loaded.id}.`)
      : prepare(task, server, delayMillis)
  }
  return lane
})

/** Starts the client's process; what is given does the work, at the earliest after `delayMillis` of the machine's. */
export const prepare = Effect.fnUntraced(function* (task: Task, server: Server, delayMillis: number) {
  const client = yield* Processes.client
  const progress = client.Progress()
  // Its first answer tells that it is there.
  yield* progress
  return { progress, work: work(task, server, client, delayMillis) }
})

const work = Effect.fnUntraced(function* (
  { atMostMillis, isQuick, loaded, network, peer, repeat, repeats }: Task,
  server: Server,
  client: Effect.Success<typeof Processes.client>,
  delayMillis: number
) {
  const { calls, id, speed } = loaded
  const origin = SharedClock.now()
  const fraction = Phase.fractionOf(repeat, repeats)
  const earliest = origin.wallMillis + (headStartMillis + delayMillis) * speed
  const { phaseMillis, startAtMillis } = Phase.make(Policy.fixedOf(loaded), earliest, fraction)
  const common = { policy: id, isQuick, origin, startAtMillis }
  const scenario = { seed: repeat + 1, latency: Network.latencyOf(network, speed), counting: { phaseMillis } }
  const bestFrom = (startMillis: number) =>
    BestTime.make({
      simulation: loaded.simulation,
      scenario: Scenario.make(scenario),
      requests: Policy.requestsOf(loaded),
      startMillis
    })

  const url = yield* server.Open({ ...common, network, phaseMillis, seed: scenario.seed })
  const budgetMillis =
    atMostMillis === undefined ? Work.budgetMillis(bestFrom(startAtMillis), speed) : atMostMillis * speed
  const outcome = yield* client.Work({ ...common, peer: peer.id, url, budgetMillis })
  const counts = yield* server.Close()
  return Measurement.make({ calls, counts, outcome, speed, best: bestFrom(outcome.startMillis) })
})
