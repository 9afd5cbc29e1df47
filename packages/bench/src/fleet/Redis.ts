/** The Redis that all share: `REDIS_URL`, or a server of the bench's own, which ends with its scope. */
import * as Catalogue from "@sluice/cli/Catalogue"
import { Effect } from "effect"
import { Redis as Driver } from "ioredis"
import * as Judges from "../judges/Judges.ts"
import * as ServerProcess from "../judges/ServerProcess.ts"

export interface Redis {
  readonly url: string
  readonly version: string
  /** The processor's time that it has used so far, in microseconds. */
  readonly processorMicros: Effect.Effect<number>
  /** Of all keys whose names contain this. */
  readonly bytes: (name: string) => Effect.Effect<number>
  readonly forget: (name: string) => Effect.Effect<void>
}

/** Ends what it becomes when the bench is gone, as workers see by themselves: it may have had no time to end anything. */
const guarded = `bench=$1; shift
(while kill -0 $bench && kill -0 $$; do sleep 1; done; kill -9 $$) >/dev/null 2>&1 &
exec "$@"`

const own = (name: string): ServerProcess.Program => ({
  title: name,
  binary: { name, package: name },
  program: ({ folder, port }) => {
    const args = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no"]
    return { command: "sh", args: ["-c", guarded, "sh", String(process.pid), name, ...args] }
  }
})

const servers = ["redis-server", "valkey-server"].map(own)

/** Fails with a plain message where there is none. */
const address = Effect.gen(function* () {
  const given = process.env["REDIS_URL"]
  if (given !== undefined) return given
  const present = servers.find((server) => Judges.missing(server) === undefined)
  if (present === undefined) {
    return yield* Catalogue.fail("There is no Redis: no redis-server or valkey-server on the path, and no REDIS_URL.")
  }
  const url = yield* Effect.catchTag(ServerProcess.start(present), "ServerFailed", (error) =>
    Catalogue.fail(error.message, error)
  )
  return url.replace("http:", "redis:")
})

export const start = Effect.gen(function* () {
  const url = yield* address
  const client = yield* Effect.acquireRelease(
    Effect.sync(() => new Driver(url, { lazyConnect: true, retryStrategy: () => null })),
    (client) => Effect.sync(() => client.disconnect())
  )
  // Its errors are those of its commands; without a listener it prints them too.
  client.on("error", () => {})
  yield* Effect.catch(
    Effect.tryPromise(() => client.connect()),
    (error) => Catalogue.fail("Nothing answers at REDIS_URL as a Redis does.", error)
  )
  const info = (section: string, field: string) =>
    Effect.promise(async () => new RegExp(`^${field}:(.*?)\\r?$`, "m").exec(await client.info(section))?.[1] ?? "")
  const keysOf = async (name: string) => {
    const keys = new Set<string>()
    for await (const found of client.scanStream({ match: `*${name}*`, count: 1000 })) {
      for (const key of found as ReadonlyArray<string>) keys.add(key)
    }
    return Array.from(keys)
  }
  const redis: Redis = {
    url,
    version: yield* info("server", "redis_version"),
    processorMicros: Effect.map(
      Effect.all([info("cpu", "used_cpu_user"), info("cpu", "used_cpu_sys")]),
      ([user, system]) => (Number(user) + Number(system)) * 1e6
    ),
    bytes: (name) =>
      Effect.promise(async () => {
        let bytes = 0
        for (const key of await keysOf(name)) bytes += (await client.memory("USAGE", key, "SAMPLES", 0)) ?? 0
        return bytes
      }),
    forget: (name) =>
      Effect.promise(async () => {
        const keys = await keysOf(name)
        if (keys.length > 0) await client.unlink(...keys)
      })
  }
  return redis
})
