import { mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { OutboxStore, OutboxStoreSql, OutboxStoreSqlite } from "@sluice/outbox"
import * as SqliteClient from "@sluice/outbox/store/SqliteClient"
import { Context, Effect, Exit, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { mergingContract } from "./support/mergingContract.ts"
import { contract, fresh } from "./support/storeContract.ts"

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

describe("routes", () => {
  it.effect("are forgotten with the last of their tickets, and come back", () =>
    Effect.gen(function* () {
      const store = yield* OutboxStore.OutboxStore
      const sql = yield* SqlClient.SqlClient
      const routes = Effect.map(sql<{ route: string }>`SELECT route FROM outbox_route ORDER BY route`, (rows) =>
        rows.map(({ route }) => route)
      )
      for (const route of ["a", "b", "c"]) yield* store.insert(fresh(route, { route }), 0)
      yield* store.cancel("a", 1)
      yield* store.take({ provider: "acme", route: "b" }, { worker: "w", until: 9, now: 0, limit: 9 })
      assert.strictEqual(yield* store.purge(5), 1)
      assert.deepStrictEqual(yield* routes, ["b", "c"])
      yield* store.insert(fresh("again", { route: "a" }), 6)
      const ready = yield* store.routes(["acme"])
      assert.deepStrictEqual(
        ready.map(({ route }) => route),
        ["a", "c"]
      )
    }).pipe(
      Effect.provide(
        OutboxStoreSql.layer.pipe(
          Layer.provideMerge(SqliteClient.layer({ filename: ":memory:", busyTimeoutMillis: 0 }))
        )
      )
    )
  )
})

describe("tens of thousands", () => {
  it.effect("are counted exactly, and looked through in steps", () =>
    Effect.gen(function* () {
      const store = yield* OutboxStore.OutboxStore
      const sql = yield* SqlClient.SqlClient
      yield* store.insert(fresh("first"), 0)
      yield* sql`WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 25000)
        INSERT INTO outbox_ticket (place, id, provider, route, target, priority, call, idempotency_key, state, holds,
        behind, due_at, attempts, max_attempts, when_in_doubt, in_doubt, created_at, updated_at, revision)
        SELECT i, 't-' || i, provider, route, target, 0, call, idempotency_key, state, 1, 0, 0, 0, 1, 'send', 0, 0, 0, i
        FROM n, outbox_ticket WHERE id = 'first'`
      yield* sql`INSERT INTO outbox_text (place, sought, query, said) SELECT place, id, '', '' FROM outbox_ticket
        WHERE place > 1`
      yield* sql`UPDATE outbox_revision SET value = 25000`
      yield* store.insert(fresh("last"), 0)
      const last = yield* store.get("last")
      assert.deepStrictEqual(yield* store.standings([last]), [{ ahead: 25_000, blocker: undefined }])
      assert.deepInclude((yield* store.tally)[0], { waiting: 25_001, ahead: 25_000, last })
      const search = (after: number) =>
        store.find({ limit: 5, after, search: { words: ["last"], sees: { queries: false, bodies: false } } })
      assert.deepStrictEqual(yield* search(0), { tickets: [], next: OutboxStore.mostSearched })
      assert.deepStrictEqual(yield* search(OutboxStore.mostSearched), {
        tickets: [],
        next: 2 * OutboxStore.mostSearched
      })
      assert.deepStrictEqual(yield* search(2 * OutboxStore.mostSearched), { tickets: [last], next: null })
    }).pipe(
      Effect.provide(
        OutboxStoreSql.layer.pipe(
          Layer.provideMerge(SqliteClient.layer({ filename: ":memory:", busyTimeoutMillis: 0 }))
        )
      )
    )
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
