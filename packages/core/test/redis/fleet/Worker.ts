/** A worker in a process of its own. It ends with its scope. */
import type { Options } from "@sluice/core/RateLimiterStoreRedis"
import { Data, Effect, type Scope } from "effect"
import { type ChildProcess, fork, type ForkOptions } from "node:child_process"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { QuotaOf } from "./Call.ts"

export class WorkerError extends Data.TaggedError("WorkerError")<{ readonly message: string }> {}

/** What a worker is to do. */
export interface Work {
  readonly name: string
  readonly redis: string
  readonly provider: string
  readonly quota: QuotaOf
  /** How many calls it keeps going. */
  readonly concurrency: number
  readonly store: Options
}

/** What became of its calls, as it saw them. */
export interface Counts {
  readonly sent: number
  readonly refused: number
  readonly failed: number
}

export type Told = { readonly says: "ready" } | { readonly says: "ended"; readonly counts: Counts }

export interface Worker {
  readonly name: string
  readonly go: Effect.Effect<void>
  /** Lets it finish what it has sent; gives what it counted. */
  readonly stop: Effect.Effect<Counts, WorkerError>
  readonly kill: Effect.Effect<void>
  readonly pause: Effect.Effect<void>
  readonly resume: Effect.Effect<void>
}

/** Ends once the worker has its connection to Redis. */
export const start = (work: Work, skewMillis = 0): Effect.Effect<Worker, WorkerError, Scope.Scope> =>
  Effect.gen(function* () {
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => fork(pathOf("./workerProcess.ts"), [JSON.stringify(work)], settings(skewMillis))),
      killed
    )
    const told = <S extends Told["says"]>(says: S) =>
      Effect.callback<Extract<Told, { readonly says: S }>, WorkerError>((resume) => {
        const ended = () => resume(Effect.fail(new WorkerError({ message: `worker ${work.name} is gone` })))
        if (!isAlive(child)) return ended()
        child.on("message", (message: Told) => {
          if (message.says === says) resume(Effect.succeed(message as Extract<Told, { readonly says: S }>))
        })
        child.once("exit", ended)
      }).pipe(
        Effect.timeoutOrElse({
          duration: "1 minute",
          orElse: () => Effect.fail(new WorkerError({ message: `worker ${work.name} is not ${says}` }))
        })
      )
    yield* told("ready")
    const send = (word: string) => Effect.sync(() => void (isAlive(child) && child.send(word, () => {})))
    return {
      name: work.name,
      go: send("go"),
      stop: Effect.map(Effect.andThen(send("stop"), told("ended")), ({ counts }) => counts),
      kill: killed(child),
      pause: Effect.sync(() => void child.kill("SIGSTOP")),
      resume: Effect.sync(() => void child.kill("SIGCONT"))
    }
  })

const isAlive = (child: ChildProcess) => child.exitCode === null && child.signalCode === null

const killed = (child: ChildProcess) =>
  Effect.callback<void>((resume) => {
    if (!isAlive(child)) return resume(Effect.void)
    child.once("exit", () => resume(Effect.void))
    child.kill("SIGKILL")
  })

const settings = (skewMillis: number): ForkOptions => ({
  execArgv: ["--conditions=@sluice/source", ...(skewMillis === 0 ? [] : ["--import", pathOf("./skewedClock.ts")])],
  env: {
    ...process.env,
    SLUICE_SKEW: String(skewMillis),
    // Every worker loads the same modules anew: compiled once, that is half the work.
    NODE_COMPILE_CACHE: join(tmpdir(), "node-compile-cache")
  },
  // The driver logs each connection that it loses.
  stdio: ["ignore", "ignore", "inherit", "ipc"]
})

const pathOf = (file: string) => fileURLToPath(new URL(file, import.meta.url))
