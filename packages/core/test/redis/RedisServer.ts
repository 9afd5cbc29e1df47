/**
 * A Redis for tests: `REDIS_URL`, or a server of their own on a free port, without persistence, which ends with its scope.
 *
 * Where there is neither, what needs one is left out and the run says so; on CI that is a failure.
 */
import { NodeRedis } from "@effect/platform-node"
import { describe, it } from "@effect/vitest"
import { Context, Data, Effect, Layer } from "effect"
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

export class ServerError extends Data.TaggedError("ServerError")<{ readonly message: string }> {}

const url = process.env["REDIS_URL"]

/** Where a server of one's own is, if there is one. */
export const program = ["redis-server", "valkey-server"]
  .flatMap((name) => (process.env["PATH"] ?? "").split(":").map((folder) => join(folder, name)))
  .find((path) => existsSync(path))

const without = "no redis-server or valkey-server on PATH"

/** Describes what needs a Redis, where there is one. */
export const describeRedis = (name: string, facts: () => void): void => {
  if (url !== undefined) describe(name, facts)
  else describeOwnRedis(name, facts, `${without}, and no REDIS_URL`)
}

/** Describes what needs a Redis that it may kill. */
export const describeOwnRedis = (name: string, facts: () => void, missing = without): void => {
  if (program !== undefined) {
    describe(name, facts)
    return
  }
  if (process.env["CI"]) {
    it(`${name} has a Redis to run on`, () => {
      throw new ServerError({ message: missing })
    })
    return
  }
  console.log(`left out: ${name}: ${missing}`)
  it.skip(`${name} (${missing})`, () => {})
}

export const freePort = Effect.callback<number>((resume) => {
  const probe = createServer()
  probe.listen(0, "127.0.0.1", () => {
    const address = probe.address()
    probe.close(() => resume(Effect.succeed(typeof address === "object" && address ? address.port : 0)))
  })
})

export const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "sluice-redis-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)

/** Starts a server, and gives its address once it takes connections. */
const own = Effect.fnUntraced(function* (...more: ReadonlyArray<string>) {
  const port = yield* freePort
  const dir = yield* folder
  const args = [
    "--port",
    String(port),
    "--bind",
    "127.0.0.1",
    "--dir",
    dir,
    "--save",
    "",
    "--appendonly",
    "no",
    ...more
  ]
  const path = program ?? "redis-server"
  const server = yield* Effect.acquireRelease(
    Effect.sync(() => spawn(path, args, { stdio: ["ignore", "pipe", "inherit"] })),
    (server) =>
      Effect.callback<void>((resume) => {
        if (server.exitCode !== null) return resume(Effect.void)
        server.once("exit", () => resume(Effect.void))
        server.kill("SIGKILL")
      })
  )
  yield* Effect.callback<void, ServerError>((resume) => {
    server.stdout.on("data", (text: Buffer) => {
      if (text.includes("eady to accept connections")) resume(Effect.void)
    })
    server.once("exit", (code) => resume(Effect.fail(new ServerError({ message: `${path} ended with ${code}` }))))
  })
  return `redis://127.0.0.1:${port}`
})

/** Where the Redis of a run is. */
export class RedisUrl extends Context.Service<RedisUrl, string>()("RedisUrl") {
  static readonly layer = Layer.effect(RedisUrl, url !== undefined ? Effect.succeed(url) : own())
}

/** A connection to the Redis of a run. */
export const layer = Layer.unwrap(Effect.map(RedisUrl, (url) => NodeRedis.layer({ url }))).pipe(
  Layer.provide(RedisUrl.layer)
)

/** A connection to a cluster of one node, which has no slots yet. */
export const layerCluster = Layer.unwrap(Effect.map(own("--cluster-enabled", "yes"), (url) => NodeRedis.layer({ url })))
