/** All runs: a round is one peer at all policies side by side, and rounds take turns, so that no peer has a quieter machine. */
import { Effect } from "effect"
import * as Measurement from "./Measurement.ts"
import type { Network } from "./Network.ts"
import type { Peer } from "./Peer.ts"
import type { Loaded } from "./Policy.ts"
import * as Processes from "./Processes.ts"
import type * as Progress from "./Progress.ts"
import { retryOnly } from "./peers/RetryOnly.ts"
import * as Run from "./Run.ts"

export interface Plan {
  readonly policies: ReadonlyArray<Loaded>
  readonly networks: ReadonlyArray<Network>
  readonly peers: ReadonlyArray<Peer>
  readonly repeats: number
  readonly isQuick: boolean
}

/** All repeats of one peer at one policy in one network. */
export interface Row {
  readonly policy: Pick<Loaded, "id" | "title" | "calls" | "speed">
  readonly network: Network
  readonly peer: Pick<Peer, "id" | "title">
  readonly runs: ReadonlyArray<Measurement.Measurement>
  readonly summary: Measurement.Summary
}

export interface Round {
  readonly peer: Peer
  readonly network: Network
  readonly repeat: number
}

/** The peers' order is another in each repeat. */
export const roundsOf = ({ networks, peers, repeats }: Plan): ReadonlyArray<Round> =>
  Array.from({ length: repeats }, (_, repeat) => repeat).flatMap((repeat) => {
    const first = Math.floor((peers.length * repeat) / Math.max(1, repeats))
    const order = [...peers.slice(first), ...peers.slice(0, first)]
    return order.flatMap((peer) => networks.map((network) => ({ peer, network, repeat })))
  })

/** One policy begins so long after another, or the first burst of one would be the latency of the other. */
const staggerMillis = 300
const warmUpMillis = 2500

export const run = Effect.fnUntraced(function* (plan: Plan, progress: Progress.Progress) {
  const { isQuick, policies } = plan
  const servers = yield* Effect.forEach(policies, (loaded) =>
    Effect.map(Processes.server, (server) => ({ loaded, server }))
  )
  const runs = new Map<string, Array<Measurement.Measurement>>()

  const oneRound = Effect.fnUntraced(function* (round: Round & Pick<Run.Task, "atMostMillis">) {
    yield* progress.begin(round)
    // Nobody starts while another still loads its modules.
    const lanes = yield* Effect.forEach(
      servers,
      ({ loaded, server }, index) =>
        Run.prepare({ ...round, loaded, isQuick, repeats: plan.repeats }, server, index * staggerMillis),
      { concurrency: "unbounded" }
    )
    if (progress.isWatched) {
      yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep("250 millis"), watch(lanes, progress))))
    }
    return yield* Effect.forEach(
      lanes,
      ({ task, work }) => Effect.map(work, (measurement) => ({ id: task.loaded.id, measurement })),
      { concurrency: "unbounded" }
    )
  }, Effect.scoped)

  // The servers have compiled their code before anybody is measured, and the first peer is no worse off than the last.
  const [network = "uniform"] = plan.networks
  yield* oneRound({ peer: retryOnly, network, repeat: 0, atMostMillis: warmUpMillis })

  for (const round of roundsOf(plan)) {
    const measured = yield* oneRound(round)
    for (const { id, measurement } of measured) {
      const key = keyOf(id, round.network, round.peer.id)
      runs.set(key, [...(runs.get(key) ?? []), measurement])
    }
    yield* progress.end(measured)
  }
  return rowsOf(plan, (policy, network, peer) => runs.get(keyOf(policy, network, peer)) ?? [])
}, Effect.scoped)

type Lane = Effect.Success<ReturnType<typeof Run.prepare>>

const watch = (lanes: ReadonlyArray<Lane>, progress: Progress.Progress) =>
  Effect.forEach(
    lanes,
    (lane) => Effect.ignore(Effect.map(lane.progress, (done) => progress.done(lane.task.loaded.id, done))),
    { discard: true }
  )

const keyOf = (...names: ReadonlyArray<string>) => names.join(" ")

const rowsOf = (
  { networks, peers, policies }: Plan,
  runsOf: (policy: string, network: Network, peer: string) => ReadonlyArray<Measurement.Measurement>
): ReadonlyArray<Row> =>
  networks.flatMap((network) =>
    policies.flatMap(({ calls, id, speed, title }) =>
      peers.map((peer): Row => {
        const runs = runsOf(id, network, peer.id)
        return {
          policy: { id, title, calls, speed },
          network,
          peer: { id: peer.id, title: peer.title },
          runs,
          summary: Measurement.summary(runs)
        }
      })
    )
  )
