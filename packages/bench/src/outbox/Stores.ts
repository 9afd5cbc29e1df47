/** The stores that are measured, each with an outbox of its own for each measurement; and how many tickets come to wait in one. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { NodeRedis } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { OutboxStore, OutboxStoreRedis, OutboxStoreSql } from "@sluice/outbox"
import * as SqliteClient from "@sluice/outbox/store/SqliteClient"
import { Effect, Layer, Redacted, type Scope } from "effect"
import { Redis } from "effect/persistence"
import { SqlClient } from "effect/sql"

/** A layer of a store in which nothing is yet, and what puts so many tickets into it that wait. */
export interface Store {
  readonly name: string
  readonly version: string
  readonly fresh: Effect.Effect<Opened, unknown, Scope.Scope>
}

export interface Opened {
  readonly layer: Layer.Layer<OutboxStore.OutboxStore, unknown>
  readonly fill: (waiting: number) => Effect.Effect<void, unknown, OutboxStore.OutboxStore>
}

let sequence = 0

const overSql = (client: Layer.Layer<SqlClient.SqlClient, unknown>): Opened => ({
  layer: OutboxStoreSql.layer.pipe(Layer.provide(client)),
  fill: (waiting) => Effect.provide(fillSql(waiting), client)
})

export const sqlite: Effect.Effect<Store, never, Scope.Scope> = Effect.gen(function* () {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "sluice-bench-outbox-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )
  return {
    name: "SQLite in a file",
    version: process.versions["sqlite"] ?? "unknown",
    fresh: Effect.sync(() =>
      overSql(SqliteClient.layer({ filename: join(folder, `${sequence++}.db`), busyTimeoutMillis: 1000 }))
    )
  }
})

/** Each outbox has a schema of its own, which is dropped again. */
export const postgres = (url: string): Effect.Effect<Store, unknown> => {
  const asked = <A>(ask: (sql: SqlClient.SqlClient) => Effect.Effect<A, unknown>) =>
    Effect.provide(SqlClient.SqlClient.use(ask), Layer.fresh(PgClient.layer({ url: Redacted.make(url) })), {
      local: true
    })
  return Effect.gen(function* () {
    const [row] = yield* asked((sql) => sql<{ server_version: string }>`SHOW server_version`)
    return {
      name: "PostgreSQL",
      version: row?.server_version.split(" ")[0] ?? "unknown",
      fresh: Effect.gen(function* () {
        const schema = `bench_${process.pid}_${sequence++}`
        yield* Effect.acquireRelease(
          asked((sql) => sql`CREATE SCHEMA ${sql(schema)}`),
          () => Effect.ignore(asked((sql) => sql`DROP SCHEMA ${sql(schema)} CASCADE`))
        )
        const own = `${url}${url.includes("?") ? "&" : "?"}options=-c%20search_path%3D${schema}`
        return overSql(PgClient.layer({ url: Redacted.make(own) }))
      })
    }
  })
}

/** Each outbox has a prefix of its own, whose keys are deleted again. */
export const redis = (url: string): Effect.Effect<Store, unknown> => {
  const client = NodeRedis.layer({ url })
  const asked = <A>(ask: (redis: Redis.Redis["Service"]) => Effect.Effect<A, unknown>) =>
    Effect.provide(Redis.Redis.use(ask), Layer.fresh(client), { local: true })
  return Effect.gen(function* () {
    const info = yield* asked((redis) => redis.send<string>("INFO", "server"))
    return {
      name: "Redis",
      version: /redis_version:(\S+)/.exec(info)?.[1] ?? "unknown",
      fresh: Effect.gen(function* () {
        const prefix = `bench-${process.pid}-${sequence++}`
        yield* Effect.addFinalizer(() => Effect.ignore(asked(forget(prefix))))
        return { layer: OutboxStoreRedis.layer({ prefix }).pipe(Layer.provide(client)), fill: fillByCalls }
      })
    }
  })
}

const forget = (prefix: string) => (redis: Redis.Redis["Service"]) =>
  Effect.gen(function* () {
    let cursor = "0"
    do {
      const [next, keys] = yield* redis.send<[string, ReadonlyArray<string>]>(
        "SCAN",
        cursor,
        "MATCH",
        `${prefix}:*`,
        "COUNT",
        "1000"
      )
      if (keys.length > 0) yield* redis.send("UNLINK", ...keys)
      cursor = next
    } while (cursor !== "0")
  })

/** A ticket as its sender would store it, on the route that is measured. */
export const fresh = (id: string, priority: number): OutboxStore.New => ({
  id,
  provider: "suiteop",
  route: "bench",
  subject: null,
  priority,
  call: { method: "POST", url: "/x", urlParams: [], headers: {}, body: { _tag: "Empty" } },
  idempotencyKey: id,
  expiresAt: null,
  maxAttempts: 1,
  whenInDoubt: "send",
  supersedes: false,
  mergeKey: null
})

const fillByCalls = (waiting: number) =>
  OutboxStore.OutboxStore.use((store) =>
    Effect.forEach(
      Array.from({ length: waiting }, (_, i) => `waiting ${i + 1}`),
      (id) => store.insert(fresh(id, 0), 0),
      { concurrency: 200, discard: true }
    )
  )

/** The same in statements of a thousand, after one that is stored as all are. */
const fillSql = (waiting: number) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* OutboxStore.OutboxStore.use((store) => store.insert(fresh("waiting 1", 0), 0))
    for (let from = 2; from <= waiting; from += 1000) {
      // SQLite would take what is bound for a number with a point.
      const [first, last] = [from, Math.min(waiting, from + 999)].map((n) => sql.literal(String(n)))
      const numbers = sql`WITH RECURSIVE n (i) AS (SELECT ${first} UNION ALL SELECT i + 1 FROM n WHERE i < ${last})`
      yield* sql`${numbers} INSERT INTO outbox_ticket (place, id, provider, route, subject, target, priority, call,
        idempotency_key, state, holds, behind, due_at, attempts, max_attempts, when_in_doubt, in_doubt, created_at,
        updated_at, revision)
        SELECT 1000000 + i, 'waiting ' || i, provider, route, NULL, target, 0, call, idempotency_key, state, 1, 0, 0, 0,
        1, 'send', 0, 0, 0, 1000000 + i FROM n, outbox_ticket WHERE id = 'waiting 1'`
    }
    yield* sql`INSERT INTO outbox_text (place, sought, query, said)
      SELECT place, id || ' suiteop post /x', '', '' FROM outbox_ticket WHERE place > 1000000`
    yield* sql`UPDATE outbox_revision SET value = 5000000`
  })
