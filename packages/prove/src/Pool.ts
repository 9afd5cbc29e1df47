/** As many threads as there are processors, each taking the next group when it is done with one. */
import { availableParallelism } from "node:os"
import { Worker } from "node:worker_threads"
import type { Group, Row } from "./Case.ts"
import type * as Hidden from "./Hidden.ts"

export interface Task {
  readonly group: Group
  readonly requests: number
  readonly seed: number
  readonly only: string | undefined
}

/** Runs all tasks, and gives their rows in the order of the tasks; tells of each that is done. */
export const run: {
  (tasks: ReadonlyArray<Task>, onDone: () => void): Promise<Array<Row>>
  (tasks: ReadonlyArray<Hidden.Task>, onDone: () => void): Promise<Array<Hidden.Row>>
} = async <R>(tasks: ReadonlyArray<Task | Hidden.Task>, onDone: () => void): Promise<Array<R>> => {
  const results: Array<ReadonlyArray<R>> = []
  let next = 0
  const work = () =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(new URL("./PoolWorker.ts", import.meta.url))
      let current = -1
      const give = () => {
        current = next++
        const task = tasks[current]
        if (task) worker.postMessage(task)
        else void worker.terminate().then(() => resolve())
      }
      worker.on("message", (rows: ReadonlyArray<R>) => {
        results[current] = rows
        onDone()
        give()
      })
      worker.on("error", reject)
      give()
    })
  await Promise.all(Array.from({ length: Math.min(tasks.length, availableParallelism()) }, work))
  return results.flat()
}
