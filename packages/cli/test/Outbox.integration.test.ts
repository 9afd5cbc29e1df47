import { DatabaseSync } from "node:sqlite"
import { existsSync } from "node:fs"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { execFile } from "node:child_process"
import { assert, describe, it } from "@effect/vitest"
import { NodeServices } from "@effect/platform-node"
import * as OutboxCommand from "@sluice/cli/OutboxCommand"
import { Failure, OutboxStore, OutboxStoreSqlite } from "@sluice/outbox"
import { Cause, Effect, Exit, Runtime, Schema } from "effect"
import { Command } from "effect/cli"
import { TestConsole } from "effect/testing"

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url))

/** The command in this process, with the code that the program would exit with. */
const outbox = (...args: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const exit = yield* Effect.exit(Command.runWith(OutboxCommand.outbox, { version: "0" })(args))
    const text = (lines: ReadonlyArray<unknown>) => lines.map((line) => `${String(line)}\n`).join("")
    return {
      code: Exit.isSuccess(exit) ? 0 : Runtime.getErrorExitCode(Cause.squash(exit.cause)),
      stdout: text(yield* TestConsole.logLines),
      stderr: text(yield* TestConsole.errorLines)
    }
  }).pipe(Effect.provide([TestConsole.layer, NodeServices.layer], { local: true }))

/** The same as a program of its own. */
const program = (...args: ReadonlyArray<string>) =>
  Effect.callback<{ readonly code: number | string; readonly stderr: string }>((resume) => {
    const flags = ["--no-warnings", "--conditions=@sluice/source", main, "outbox", ...args]
    execFile(process.execPath, flags, (error, _, stderr) => resume(Effect.succeed({ code: error?.code ?? 0, stderr })))
  })

const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "sluice-outbox-"))),
  (folder) => Effect.promise(() => rm(folder, { recursive: true }))
)

const ticket = (id: string, subject: string | null): OutboxStore.New => ({
  id,
  provider: "acme",
  route: "writes",
  subject,
  priority: 0,
  call: {
    method: "PUT",
    url: `/things/${id}`,
    urlParams: [["who", "in-query"]],
    headers: { "x-note": "in-header" },
    body: { _tag: "Text", contentType: "text/plain", text: "in-body" }
  },
  idempotencyKey: `key-${id}`,
  expiresAt: null,
  maxAttempts: 3,
  whenInDoubt: "send",
  supersedes: false,
  mergeKey: null
})

/** An outbox in which `done` is done, `bad` has failed and holds `held`, and `free` waits, with a subject that is a trap. */
const filled = Effect.gen(function* () {
  const file = join(yield* folder, "outbox.db")
  yield* Effect.gen(function* () {
    const store = yield* OutboxStore.OutboxStore
    yield* store.insert(ticket("done", null), 1000)
    yield* store.insert(ticket("bad", "s"), 2000)
    yield* store.take({ provider: "acme", route: "writes" }, { worker: "w", until: 9000, now: 2000, limit: 9 })
    yield* store.end("done", "w", { _tag: "Done", answer: { status: 201, headers: {}, body: "in-answer" } }, 3000)
    const failure = new Failure.Answered({ status: 422, body: "in-answer" })
    yield* store.end("bad", "w", { _tag: "Failed", failure, isInDoubt: false }, 4000)
    yield* store.insert(ticket("held", "s"), 5000)
    yield* store.insert(ticket("free", "red \u001b[31m"), 6000)
  }).pipe(Effect.provide(OutboxStoreSqlite.layer({ filename: file }), { local: true }))
  return file
})

const Page = Schema.fromJsonString(
  Schema.Struct({
    tickets: Schema.Array(Schema.Struct({ id: Schema.String, state: Schema.String })),
    next: Schema.NullOr(Schema.Int)
  })
)

describe("sluice outbox", () => {
  it.live("lists what is open in a table, without what it carries and without what a terminal would obey", () =>
    Effect.gen(function* () {
      const { code, stderr, stdout } = yield* outbox("list", "--file", yield* filled)
      assert.deepStrictEqual([code, stderr], [0, ""])
      assert.deepStrictEqual(stdout.trimEnd().split("\n"), [
        "state    id    provider  call              subject         since                 why",
        "failed   bad   acme      PUT /things/bad   s               1970-01-01T00:00:04Z  The server answered 422.",
        "waiting  held  acme      PUT /things/held  s               1970-01-01T00:00:05Z  behind bad",
        "waiting  free  acme      PUT /things/free  red \\u001b[31m  1970-01-01T00:00:06Z"
      ])
    }).pipe(Effect.scoped)
  )

  it.live("lists as JSON, by what is asked for, page by page", () =>
    Effect.gen(function* () {
      const file = yield* filled
      const list = (...args: ReadonlyArray<string>) =>
        Effect.gen(function* () {
          const { stdout } = yield* outbox("list", "--file", file, "--json", ...args)
          assert.notInclude(stdout, "in-")
          const { next, tickets } = yield* Schema.decodeUnknownEffect(Page)(stdout)
          return { ids: tickets.map(({ id }) => id), next }
        })
      const first = yield* list("--state", "all", "--limit", "2")
      assert.deepStrictEqual(first.ids, ["done", "bad"])
      assert.deepStrictEqual(yield* list("--state", "all", "--after", String(first.next)), {
        ids: ["held", "free"],
        next: null
      })
      assert.deepStrictEqual((yield* list("--state", "waiting", "--search", "RED")).ids, ["free"])
      assert.deepStrictEqual((yield* list("--search", "in-body")).ids, [])
    }).pipe(Effect.scoped)
  )

  it.live("shows one, and what it carries only if that is asked for", () =>
    Effect.gen(function* () {
      const file = yield* filled
      const short = yield* outbox("show", "done", "--file", file)
      assert.match(short.stdout, /^state +done$/m)
      assert.notInclude(short.stdout, "in-")
      const full = JSON.parse((yield* outbox("show", "done", "--file", file, "--full", "--json")).stdout)
      assert.deepInclude(full, { path: "/things/done?who=in-query", body: "in-body", answerBody: "in-answer" })
      const { code, stderr } = yield* outbox("show", "nobody", "--file", file)
      assert.strictEqual(code, 3)
      assert.match(stderr, /There is no ticket nobody in this outbox/)
    }).pipe(Effect.scoped)
  )

  it.live("retries, cancels and forgets, and says what cannot be done by its exit code", () =>
    Effect.gen(function* () {
      const file = yield* filled
      assert.deepInclude(yield* outbox("retry", "bad", "--file", file), { code: 0, stdout: "bad waits again\n" })
      const some = yield* outbox("cancel", "bad", "done", "free", "--file", file)
      assert.deepInclude(some, { code: 4, stdout: "bad is cancelled\nfree is cancelled\n" })
      assert.match(some.stderr, /Ticket done is done; only what waits or has failed can be cancelled\./)
      const json = yield* outbox("retry", "held", "--file", file, "--json")
      assert.strictEqual(json.code, 4)
      const error = "Ticket held is waiting; only what has failed can be sent again."
      assert.deepStrictEqual(JSON.parse(json.stdout), [{ id: "held", done: false, error }])
      const purged = yield* outbox("purge", "--file", file, "--older-than", "1 day", "--json")
      // What was cancelled has only just ended.
      assert.deepStrictEqual([purged.code, purged.stdout], [0, '{"purged":1}\n'])
      assert.match((yield* outbox("list", "--file", file)).stdout, /^waiting +held/m)
    }).pipe(Effect.scoped)
  )

  it.live("exits with 1 and makes nothing where there is no outbox, and for a wrong command line", () =>
    Effect.gen(function* () {
      const at = yield* folder
      const [missing, text, other] = ["missing.db", "text.db", "other.db"].map((name) => join(at, name))
      assert(missing !== undefined && text !== undefined && other !== undefined)
      yield* Effect.promise(() => writeFile(text, "not a database, however long one looks at it".repeat(50)))
      const database = new DatabaseSync(other)
      database.exec("CREATE TABLE mine (a)")
      for (const [args, why] of [
        [["list", "--file", missing], /There is no file ".*missing\.db"/],
        [["list", "--file", text], /text\.db" cannot be read as an outbox: file is not a database/],
        [["list", "--file", other], /other\.db" holds no outbox/],
        [["list"], /file/],
        [["retry", "--file", missing], /ticket/],
        [["list", "--file", missing, "--limit", "0"], /0 is not a whole number from 1 to 10000/],
        [["list", "--file", missing, "--state", "odd"], /odd/],
        [["purge", "--file", missing, "--older-than", "long"], /"long" is not a time such as "30 days"/]
      ] as const) {
        const { code, stderr, stdout } = yield* outbox(...args)
        assert.strictEqual(code, 1, args.join(" "))
        assert.match(stderr + stdout, why)
        assert.notMatch(stderr + stdout, /\bat .*\.ts:\d+/)
      }
      const { code, stderr } = yield* program("show", "nobody", "--file", yield* filled)
      assert.strictEqual(code, 3)
      assert.match(stderr, /There is no ticket nobody/)
      assert.notMatch(stderr, /\bat .*\.ts:\d+/)
      assert.isFalse(existsSync(missing))
      assert.deepStrictEqual(
        database
          .prepare("SELECT name FROM sqlite_schema")
          .all()
          .map(({ name }) => name),
        ["mine"]
      )
      database.close()
    }).pipe(Effect.scoped)
  )
})
