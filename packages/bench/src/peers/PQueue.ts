/** p-queue 10: https://github.com/sindresorhus/p-queue#strict */
import PQueue from "p-queue"
import type { Limit } from "../Policy.ts"
import * as Promises from "./Promises.ts"

/** What somebody would add to each window who has measured the longest way there to be so long. */
const paddingMillis = 50

const queues =
  (padding: number) =>
  (limits: ReadonlyArray<Limit>): Promises.Schedule =>
    Promises.nested(
      limits.map(({ limit, machineMillis }) => {
        const queue = new PQueue({ intervalCap: limit, interval: Math.ceil(machineMillis) + padding, strict: true })
        return (task) => queue.add(task)
      })
    )

export const strict = Promises.peer({
  id: "p-queue",
  title: "p-queue strict",
  setup: "strict: true, intervalCap and interval as published; queues nested",
  schedule: queues(0)
})

export const padded = Promises.peer({
  id: "p-queue-padded",
  title: "p-queue strict, padded by hand",
  setup: `the same with ${paddingMillis} ms added to each interval, the longest way there of the first network`,
  schedule: queues(paddingMillis)
})
