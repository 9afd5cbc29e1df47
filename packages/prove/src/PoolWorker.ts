import { parentPort } from "node:worker_threads"
import { runGroup } from "./Case.ts"
import type { Task } from "./Pool.ts"

parentPort?.on("message", ({ group, requests, seed, only }: Task) =>
  parentPort?.postMessage(runGroup(group, requests, seed, only))
)
