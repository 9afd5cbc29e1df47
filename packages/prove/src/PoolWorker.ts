import { parentPort } from "node:worker_threads"
import { runGroup } from "./Case.ts"
import * as Hidden from "./Hidden.ts"
import type { Task } from "./Pool.ts"

parentPort?.on("message", (task: Task | Hidden.Task) =>
  parentPort?.postMessage(
    "stance" in task ? [Hidden.runTask(task)] : runGroup(task.group, task.requests, task.seed, task.only)
  )
)
