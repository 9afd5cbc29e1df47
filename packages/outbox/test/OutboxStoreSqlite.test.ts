import { mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { OutboxStore, OutboxStoreSqlite } from "@sluice/outbox"
import * as SqliteClient from "@sluice/outbox/store/SqliteClient"
import { Context, Effect, Exit, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { mergingContract } from "./support/mergingContract.ts"
import { contract } from "./support/storeContract.ts"

const folder = mkdtempSync(join(tmpdir(), "sluice-outbox-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let sequence = 0
const newFile = () => join(folder, `${sequence++}.db`)

contract("OutboxStoreSqlite in memory", () => OutboxStoreSqlite.layer({ filename: ":memory:" }))
mergingContract("OutboxStoreSqlite merges", () => OutboxStoreSqlite.layer({ filename: ":memory:" }), 300)
contract("OutboxStoreSqlite in a file", () => OutboxStoreSqlite.layer({ filename: newFile() }))

describe("a file", () => {
  it.effect("is shared by those who open it", () =>
    Effect.gen(function* () {
      const filename = newFile()
      const open = Effect.map(Layer.build(Layer.fresh(OutboxStoreSqlite.layer({ filename }))), (context) =>
        Context.get(context, OutboxStore.OutboxStore)
      )
      const [one, other] = [yield* open, yield* open]
      const ticket: OutboxStore.New = {
        id: "1",
        provider: "acme",
        route: "r",
        subject: null,
        priority: 0,
        call: { method: "PUT", url: "/", urlParams: [], headers: {}, body: { _tag: "Empty" } },
        idempotencyKey: "k",
        expiresAt: null,
        maxAttempts: 1,
        whenInDoubt: "send",
        supersedes: false,
        mergeKey: null
      }
      yield* one.insert(ticket, 0)
      assert.strictEqual((yield* other.get("1")).id, "1")
      const taken = yield* Effect.all(
        [one, other].map((store, i) =>
          store.take({ provider: "acme", route: "r" }, { worker: `w${i}`, until: 9, now: 0, limit: 9 })
        )
      )
      assert.strictEqual(taken.flat().length, 1)
      assert.isAbove(statSync(filename).size, 0)
    })
  )

  it.effect("that cannot be opened fails the layer with what SQLite says", () =>
    Effect.gen(function* () {
      const filename = join(folder, "no-such-folder", "x.db")
      const exit = yield* Effect.exit(Layer.build(OutboxStoreSqlite.layer({ filename })))
      assert.isTrue(Exit.isFailure(exit))
      assert.include(String(exit), "unable to open database file")
    })
  )
})

describe("SqliteClient", () => {
  const provided = Effect.provide(SqliteClient.layer({ filename: ":memory:", busyTimeoutMillis: 0 }))

  it.effect("writes a commit through to the disk before it answers", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      // 2 is FULL.
      assert.deepStrictEqual((yield* sql<{ synchronous: number }>`PRAGMA synchronous`)[0]?.synchronous, 2)
    }).pipe(provided)
  )

  it.effect("rolls back what fails, and nested parts by themselves", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`CREATE TABLE t (n INTEGER)`
      const add = (n: number) => sql`INSERT INTO t (n) VALUES (${n})`
      yield* Effect.flip(sql.withTransaction(Effect.andThen(add(1), Effect.fail("no"))))
      yield* sql.withTransaction(
        Effect.gen(function* () {
          yield* add(2)
          yield* Effect.ignore(sql.withTransaction(Effect.andThen(add(3), Effect.fail("no"))))
          yield* add(4)
        })
      )
      assert.deepStrictEqual(yield* sql`SELECT n FROM t`.values, [[2], [4]])
    }).pipe(provided)
  )

  it.effect("tells a broken rule from a broken statement", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`CREATE TABLE t (n INTEGER UNIQUE)`
      yield* sql`INSERT INTO t (n) VALUES (1)`
      const twice = yield* Effect.flip(sql`INSERT INTO t (n) VALUES (1)`)
      assert.strictEqual(twice.reason._tag, "UniqueViolation")
      const wrong = yield* Effect.flip(sql`SELEC 1`)
      assert.include(wrong.reason.message ?? "", "syntax error")
    }).pipe(provided)
  )
})
