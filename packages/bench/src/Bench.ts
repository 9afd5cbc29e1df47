/** All runs: a round is one peer at all policies side by side, and rounds take turns, so that no peer has a quieter machine. */
import { Effect, type Scope } from "effect"
import * as Measurement from "./Measurement.ts"
import type { Network } from "./Network.ts"
import type { Peer } from "./Peer.ts"
import type { Loaded } from "./Policy.ts"
import type * as Progress from "./Progress.ts"
import { retryOnly } from "./peers/RetryOnly.ts"

export interface Plan {
  readonly policies: ReadonlyArray<Loaded>
  readonly networks: ReadonlyArray<Network>
  readonly peers: ReadonlyArray<Peer>
  readonly repeats: number
  readonly isQuick: boolean
}

/** All repeats of one peer at one policy in one network. */
export interface Row {
  readonly policy: Pick<Loaded, "id" | "title" | "calls" | "speed" | "price" | "setup">
  readonly network: Network
  readonly peer: Pick<Peer, "id" | "title" | "setup">
  readonly runs: ReadonlyArray<Measurement.Measurement>
  readonly summary: Measurement.Summary
}

export interface Round {
  readonly peer: Peer
  readonly network: Network
  readonly repeat: number
  /** How many there are in this network. */
  readonly repeats: number
}

/** One peer at one policy. */
export interface Task {
  readonly peer: Peer
  readonly loaded: Loaded
  readonly network: Network
  readonly isQuick: boolean
  readonly repeats: number
  readonly repeat: number
  /** In the machine's time; by default as long as can be expected of anybody. */
  readonly atMostMillis?: number
}

/** A task whose server and client are there: the work can begin. */
export interface Lane<E> {
  /** How many calls are done so far. */
  readonly progress: Effect.Effect<number, E>
  readonly work: Effect.Effect<Measurement.Measurement, E>
}

/** Makes a lane ready, whose work begins at the earliest after `delayMillis` of the machine's. */
export type Prepare<E, R> = (task: Task, delayMillis: number) => Effect.Effect<Lane<E>, E, R | Scope.Scope>

/** The peers' order is another in each repeat. The first network has them all, each other one a third of them. */
export const roundsOf = ({ networks, peers, repeats: most }: Plan): ReadonlyArray<Round> =>
  Array.from({ length: most }, (_, repeat) => repeat).flatMap((repeat) => {
    const first = Math.floor((peers.length * repeat) / Math.max(1, most))
    const order = [...peers.slice(first), ...peers.slice(0, first)]
    const now = networks
      .map((network, index) => ({ network, repeats: index === 0 ? most : Math.ceil(most / 3) }))
      .filter(({ repeats }) => repeat < repeats)
    return order.flatMap((peer) => now.map((rest) => ({ peer, repeat, ...rest })))
  })

/** One policy begins so long after another, or the first burst of one would be the latency of the other. */
const staggerMillis = 300
const warmUpMillis = 2500

export const run = Effect.fnUntraced(function* <E, R>(plan: Plan, progress: Progress.Progress, prepare: Prepare<E, R>) {
  const { isQuick, policies } = plan
  const runs = new Map<string, Array<Measurement.Measurement>>()

  const oneRound = Effect.fnUntraced(function* (round: Round & Pick<Task, "atMostMillis">) {
    yield* progress.begin(round)
    const able = policies.filter((loaded) => round.peer.suits?.(loaded) ?? true)
    // Nobody starts while another still loads its modules.
    const lanes = yield* Effect.forEach(
      able,
      (loaded, index) =>
        Effect.map(prepare({ ...round, loaded, isQuick }, index * staggerMillis), (lane) => ({
          ...lane,
          id: loaded.id
        })),
      { concurrency: "unbounded" }
    )
    if (progress.isWatched) {
      yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep("250 millis"), watch(lanes, progress))))
    }
    return yield* Effect.forEach(lanes, ({ id, work }) => Effect.map(work, (measurement) => ({ id, measurement })), {
      concurrency: "unbounded"
    })
  }, Effect.scoped)

  // The servers have compiled their code before anybody is measured, and the first peer is no worse off than the last.
  const [network = "uniform"] = plan.networks
  yield* oneRound({ peer: retryOnly, network, repeat: 0, repeats: 1, atMostMillis: warmUpMillis })

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

const watch = <E>(lanes: ReadonlyArray<Lane<E> & { readonly id: string }>, progress: Progress.Progress) =>
  Effect.forEach(lanes, (lane) => Effect.ignore(Effect.map(lane.progress, (done) => progress.done(lane.id, done))), {
    discard: true
  })

const keyOf = (...names: ReadonlyArray<string>) => names.join(" ")

const rowsOf = (
  { networks, peers, policies }: Plan,
  runsOf: (policy: string, network: Network, peer: string) => ReadonlyArray<Measurement.Measurement>
): ReadonlyArray<Row> =>
  networks.flatMap((network) =>
    policies.flatMap((policy) =>
      peers.flatMap((peer): ReadonlyArray<Row> => {
        const runs = runsOf(policy.id, network, peer.id)
        return runs.length === 0 ? [] : [{ policy, network, peer, runs, summary: Measurement.summary(runs) }]
      })
    )
  )
