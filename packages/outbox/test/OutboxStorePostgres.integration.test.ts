import { afterAll, assert, beforeAll, it } from "@effect/vitest"
import { OutboxStore, OutboxStoreSql } from "@sluice/outbox"
import { Effect, Exit, Layer, Scope } from "effect"
import { SqlClient, type Statement } from "effect/sql"
import * as PostgresServer from "./support/PostgresServer.ts"
import { manyWorkers } from "./support/manyWorkers.ts"
import { mergingContract } from "./support/mergingContract.ts"
import { contract, fresh } from "./support/storeContract.ts"

PostgresServer.describePostgres("OutboxStoreSql over PostgreSQL", () => {
  const scope = Scope.makeUnsafe()
  let url = ""
  beforeAll(async () => {
    url = await Effect.runPromise(Scope.provide(PostgresServer.url, scope))
  }, 60_000)
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)), 60_000)

  contract("keeps the contract", () =>
    Layer.suspend(() => OutboxStoreSql.layer.pipe(Layer.provide(PostgresServer.client(url))))
  )

  mergingContract(
    "merges",
    () => Layer.suspend(() => OutboxStoreSql.layer.pipe(Layer.provide(PostgresServer.client(url)))),
    5
  )

  it.live("gives each ticket to one of many workers, and shows every change to who follows", () =>
    manyWorkers.pipe(
      Effect.provide(Layer.suspend(() => OutboxStoreSql.layer.pipe(Layer.provide(PostgresServer.client(url)))))
    )
  )

  it.live("looks by indexes from their start, before anything has been counted by the server", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const store = yield* OutboxStore.OutboxStore
      yield* sql`ALTER TABLE outbox_ticket SET (autovacuum_enabled = false)`
      yield* store.insert(fresh("first"), 0)
      yield* sql`INSERT INTO outbox_ticket (place, id, provider, route, target, priority, call, idempotency_key, state,
        holds, behind, due_at, attempts, max_attempts, when_in_doubt, in_doubt, created_at, updated_at, revision)
        SELECT i, 't-' || i, provider, route, target, 0, call, idempotency_key, state, 1, 0, 0, 0, 1, 'send', 0, 0, 0, i
        FROM outbox_ticket, generate_series(10, 5000) AS i WHERE id = 'first'`
      // How many blocks of 8 kB were read: all tickets are in hundreds, an index's start in a few.
      const blocks = (statement: Statement.Fragment) =>
        Effect.map(
          sql<{ "QUERY PLAN": ReadonlyArray<{ Plan: Record<string, number> }> }>`
            EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${statement}`,
          ([row]) => {
            const plan = row?.["QUERY PLAN"][0]?.Plan
            return (plan?.["Shared Hit Blocks"] ?? Infinity) + (plan?.["Shared Read Blocks"] ?? Infinity)
          }
        )
      const ready = sql`SELECT 1 FROM outbox_ticket WHERE provider = 'acme' AND route = 'other' AND state = 'waiting'
        AND behind = 0 AND due_at = 0 LIMIT 1`
      const lost = sql`SELECT min(owned_until) FROM outbox_ticket WHERE worker IS NOT NULL AND worker <> 'w'`
      assert.isAtMost(yield* blocks(ready), 10)
      assert.isAtMost(yield* blocks(lost), 10)
      // The figure would be high if they were looked through.
      assert.isAbove(yield* blocks(sql`SELECT count(call) FROM outbox_ticket`), 100)
    }).pipe(
      Effect.provide(Layer.suspend(() => OutboxStoreSql.layer.pipe(Layer.provideMerge(PostgresServer.client(url)))))
    )
  )
})
