/**
 * A PostgreSQL for tests: `POSTGRES_URL`, or a server of their own in a new folder, which ends with its scope.
 *
 * Where there is neither, what needs one is left out and the run says so; on CI that is a failure.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { chownSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PgClient } from "@effect/sql-pg"
import { describe, it } from "@effect/vitest"
import { Data, Effect, Layer, Redacted, Schedule } from "effect"

export class ServerError extends Data.TaggedError("ServerError")<{ readonly message: string }> {}

const given = process.env["POSTGRES_URL"]

/** Distributions keep the programs out of the path, by version. */
const bin = [
  ...(process.env["PATH"] ?? "").split(":"),
  ...globSync("/usr/lib/postgresql/*/bin").toSorted().toReversed()
].find((folder) => ["initdb", "postgres"].every((name) => existsSync(join(folder, name))))

/** Whether a server of one's own can be started. */
export const canStart = bin !== undefined

/** Describes what needs a PostgreSQL, where there is one. */
export const describePostgres = (name: string, facts: () => void): void => {
  if (given !== undefined || bin !== undefined) return void describe(name, facts)
  const missing = "no initdb and postgres, and no POSTGRES_URL"
  if (process.env["CI"]) {
    it(`${name} has a PostgreSQL to run on`, () => {
      throw new ServerError({ message: missing })
    })
    return
  }
  console.log(`left out: ${name}: ${missing}`)
  it.skip(`${name} (${missing})`, () => {})
}

const freePort = Effect.callback<number>((resume) => {
  const probe = createServer()
  probe.listen(0, "127.0.0.1", () => {
    const address = probe.address()
    probe.close(() => resume(Effect.succeed(typeof address === "object" && address ? address.port : 0)))
  })
})

/** PostgreSQL does not run as root: then it runs as the user that its package has made. */
const user = () => {
  if (process.getuid?.() !== 0) return {}
  const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }))
  return { uid: id("-u"), gid: id("-g") }
}

/** A server that may be killed and started again with its data. It ends with its scope. */
export const make = Effect.gen(function* () {
  const port = yield* freePort
  const as = user()
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "sluice-postgres-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )
  if (as.uid !== undefined) chownSync(folder, as.uid, as.gid)
  const data = join(folder, "data")
  const program = (name: string) => join(bin ?? "", name)
  execFileSync(program("initdb"), ["-D", data, "-U", "postgres", "-A", "trust", "--no-sync"], { ...as, cwd: folder })
  const args = ["-D", data, "-p", String(port), "-h", "127.0.0.1", "-k", folder, "-F"]
  let child: ChildProcess | undefined
  const end = (kill: (pid: number) => void) =>
    Effect.callback<void>((resume) => {
      if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
      child.once("exit", () => resume(Effect.void))
      kill(child.pid)
    })
  // Ends at once, without waiting for who is connected.
  yield* Effect.addFinalizer(() => end((pid) => process.kill(pid, "SIGQUIT")))
  return {
    port,
    /** With all that it has started, each of which has a group of its own. */
    kill: end((pid) => {
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ")
      for (const one of [pid, ...children.filter(Boolean).map(Number)]) process.kill(one, "SIGKILL")
    }),
    start: Effect.callback<void, ServerError>((resume) => {
      const server = spawn(program("postgres"), args, { ...as, cwd: folder, stdio: ["ignore", "ignore", "pipe"] })
      child = server
      let said = ""
      server.stderr.on("data", (text: Buffer) => {
        said += text
        if (text.includes("ready to accept connections")) resume(Effect.void)
      })
      server.once("exit", (code) =>
        resume(Effect.fail(new ServerError({ message: `postgres ended with ${code}: ${said}` })))
      )
    }).pipe(
      // What served connections of one that was killed may take a moment to end, and holds its memory until then.
      Effect.retry(Schedule.spaced("100 millis").pipe(Schedule.upTo({ times: 100 })))
    )
  }
})

const own = Effect.gen(function* () {
  const { port, start } = yield* make
  yield* start
  return `postgres://postgres@127.0.0.1:${port}/postgres`
})

/** The address of a server, for as long as a scope lives. */
export const url = given !== undefined ? Effect.succeed(given) : own

let sequence = 0

/** A client in a schema of its own, so that nothing is there yet. */
export const client = (url: string) => {
  const schema = `outbox_${process.pid}_${sequence++}`
  const connection = { url: Redacted.make(url) }
  const made = Effect.gen(function* () {
    const sql = yield* PgClient.PgClient
    yield* sql`CREATE SCHEMA ${sql(schema)}`
  }).pipe(Effect.provide(Layer.fresh(PgClient.layer(connection))))
  return Layer.unwrap(
    Effect.as(made, PgClient.layer({ url: Redacted.make(`${url}?options=-c%20search_path%3D${schema}`) }))
  )
}
