/** A Redis that can be killed, started again, paused and told to follow another. It ends with its scope. */
import { NodeRedis } from "@effect/platform-node"
import { Effect, Layer, type Scope } from "effect"
import { Redis } from "effect/persistence"
import { type ChildProcess, spawn } from "node:child_process"
import { readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { folder, freePort, program, ServerError } from "../RedisServer.ts"

export interface RedisProcess {
  readonly port: number
  /** Starts with whatever data there is, and ends once connections are taken. */
  readonly start: Effect.Effect<void, ServerError>
  /** Dies at once, without a word to anybody. */
  readonly kill: Effect.Effect<void>
  /** Forgets what was written to the disk. */
  readonly wipe: Effect.Effect<void>
  readonly pause: Effect.Effect<void>
  readonly resume: Effect.Effect<void>
  readonly command: (...words: readonly [string, ...ReadonlyArray<string>]) => Effect.Effect<unknown>
}

/** A server that has not been started yet. What it answered is on the disk. */
export const make: Effect.Effect<RedisProcess, never, Scope.Scope> = Effect.gen(function* () {
  const port = yield* freePort
  const dir = yield* folder
  const local = ["--bind", "127.0.0.1", "--port", String(port)]
  const kept = ["--dir", dir, "--save", "", "--appendonly", "yes", "--appendfsync", "always"]
  // A replica follows at once, and not after the seconds in which others might come.
  const args = [...local, ...kept, "--repl-diskless-sync-delay", "0"]
  let child: ChildProcess | undefined
  const kill = Effect.callback<void>((resume) => {
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
    child.once("exit", () => resume(Effect.void))
    child.kill("SIGKILL")
  })
  yield* Effect.addFinalizer(() => kill)
  return {
    port,
    kill,
    start: Effect.callback<void, ServerError>((resume) => {
      const started = (child = spawn(program ?? "redis-server", args, { stdio: ["ignore", "pipe", "inherit"] }))
      const ended = (message: string) => resume(Effect.fail(new ServerError({ message })))
      started.stdout?.on("data", (text: Buffer) => {
        if (text.includes("eady to accept connections")) resume(Effect.void)
      })
      started.once("error", (error) => ended(error.message))
      started.once("exit", (code) => ended(`redis-server ended with ${code}`))
    }).pipe(
      Effect.timeoutOrElse({
        duration: "1 minute",
        orElse: () => Effect.fail(new ServerError({ message: "redis-server takes no connections" }))
      })
    ),
    wipe: Effect.promise(async () => {
      for (const name of await readdir(dir)) await rm(join(dir, name), { recursive: true, force: true })
    }),
    pause: Effect.sync(() => void child?.kill("SIGSTOP")),
    resume: Effect.sync(() => void child?.kill("SIGCONT")),
    command: (...words) => command(port, ...words)
  }
})

const command = (port: number, ...[word, ...more]: readonly [string, ...ReadonlyArray<string>]) =>
  Redis.Redis.use((redis) => redis.send(word, ...more)).pipe(
    Effect.provide(Layer.fresh(NodeRedis.layer({ url: `redis://127.0.0.1:${port}` }))),
    Effect.timeout("30 seconds"),
    Effect.orDie
  )
