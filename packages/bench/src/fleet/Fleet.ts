/** All runs, one after the other: the machine is that of one peer at a time. */
import type * as LiveTable from "@sluice/cli/LiveTable"
import { Effect } from "effect"
import { spread } from "../Measurement.ts"
import * as Table from "../Table.ts"
import type { Peer } from "./Peer.ts"
import * as Plan from "./Plan.ts"
import * as Progress from "./Progress.ts"
import type { Redis } from "./Redis.ts"
import * as Run from "./Run.ts"
import type { Row } from "./Tables.ts"

export interface Fleet {
  readonly measures: ReadonlyArray<Plan.Measure>
  readonly peers: ReadonlyArray<Peer>
  readonly repeats: number
}

export const run = Effect.fnUntraced(function* (
  { measures, peers, repeats }: Fleet,
  redis: Redis,
  style: LiveTable.Style
) {
  const tasks = Plan.tasks(measures, peers, repeats)
  const server = yield* Run.startServer
  const progress = yield* Progress.make(tasks, style)
  const results: Array<Plan.Task & Run.Ran> = []
  for (const task of tasks) {
    yield* progress.begin(task)
    const ran = yield* Run.run(task, { redis, server })
    results.push({ ...task, ...ran })
    yield* progress.end(task, ran)
  }
  return measures.flatMap((measure) =>
    peers.map((peer): Row => {
      const own = results.filter((result) => result.measure === measure && result.peer === peer)
      const names = Table.unique(own.flatMap(({ figures }) => Object.keys(figures)))
      return {
        measure,
        peer,
        failures: own.flatMap(({ failures }) => failures),
        figures: Object.fromEntries(
          names.map((name) => [name, spread(own.flatMap(({ figures }) => figures[name] ?? []))])
        )
      }
    })
  )
}, Effect.scoped)
