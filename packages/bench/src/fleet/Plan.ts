/** What is measured: each peer by each measure, with so many workers. */
import type { Peer, Quota } from "./Peer.ts"

export interface Measure {
  readonly id: string
  readonly kind: "acquisition" | "saturation" | "memory"
  readonly title: string
  readonly quota: Quota
  readonly workers: number
  /** Of each phase. */
  readonly millis: number
}

export interface Task {
  readonly measure: Measure
  readonly peer: Peer
}

/** Never binds. A unit comes back each millisecond: of less than that Effect's fixed window makes one. */
export const roomy: Quota = { limit: 1_000_000, windowMillis: 1_000_000 }

const ofWorkers = (workers: number) => (workers === 1 ? "1 worker" : `${workers} workers`)

const acquisition = (workers: number, millis: number): Measure => ({
  id: "acquisition",
  kind: "acquisition",
  title: `An acquisition that need not wait, ${ofWorkers(workers)}`,
  quota: roomy,
  workers,
  millis
})

const saturation = (workers: number, limit: number, millis: number): Measure => ({
  id: `saturation-${limit}`,
  kind: "saturation",
  title: `${limit} a second, ${ofWorkers(workers)}`,
  quota: { limit, windowMillis: 1000 },
  workers,
  millis
})

const memory = (limit: number): Measure => ({
  id: "memory",
  kind: "memory",
  title: `Memory, ${limit} a minute used in full`,
  quota: { limit, windowMillis: 60_000 },
  workers: 1,
  // An instant of its own for each.
  millis: 4 * limit
})

export const full: ReadonlyArray<Measure> = [
  ...[1, 4, 8].map((workers) => acquisition(workers, 1500)),
  ...[1, 4, 8].map((workers) => saturation(workers, 100, 10_000)),
  saturation(4, 1000, 10_000),
  memory(1000)
]

export const quick: ReadonlyArray<Measure> = [
  acquisition(2, 400),
  saturation(2, 100, 3000),
  saturation(2, 1000, 3000),
  memory(250)
]

/** Those that are measured if none is named. */
export const usual = (measures: ReadonlyArray<Measure>, isQuick: boolean): ReadonlyArray<Measure> =>
  isQuick ? measures.filter(({ id }) => id !== "saturation-1000") : measures

export const ids = ["acquisition", "saturation-100", "saturation-1000", "memory"]

/** The peers take turns, and their order is another in each repeat. */
export const tasks = (
  measures: ReadonlyArray<Measure>,
  peers: ReadonlyArray<Peer>,
  repeats: number
): ReadonlyArray<Task> =>
  Array.from({ length: repeats }, (_, repeat) => repeat).flatMap((repeat) => {
    const first = Math.floor((peers.length * repeat) / repeats)
    const order = [...peers.slice(first), ...peers.slice(0, first)]
    return measures.flatMap((measure) => order.map((peer) => ({ measure, peer })))
  })

/** About how long a task takes, with its processes. */
export const expectedMillis = ({ measure: { kind, millis, workers } }: Task): number =>
  2000 + 350 * workers + (kind === "acquisition" ? 2 * millis : millis)
