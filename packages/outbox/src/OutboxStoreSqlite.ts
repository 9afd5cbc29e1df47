/**
 * Tickets in one SQLite file: the embedded default. Several processes on one machine may share the file.
 *
 * It stands on `node:sqlite`, by a small client of its own until `@effect/sql-sqlite-node` is released for Effect 4.1; from
 * then on `OutboxStoreSql.layer` over that one's layer is the same.
 *
 * @example
 * ```ts
 * import { OutboxStoreSqlite } from "@sluice/outbox"
 *
 * const StoreLive = OutboxStoreSqlite.layer({ filename: "outbox.db" })
 * ```
 */
import { Layer } from "effect"
import type { Migrator, SqlError } from "effect/sql"
import type { OutboxStore } from "./OutboxStore.ts"
import * as OutboxStoreSql from "./OutboxStoreSql.ts"
import * as SqliteClient from "./store/SqliteClient.ts"

export interface Options {
  /** A file, which is made if there is none, or `":memory:"` for tests. */
  readonly filename: string
  /** How long a transaction waits, blocking, for another process's; default a second. */
  readonly busyTimeoutMillis?: number | undefined
}

/** Opens the file, with write-ahead log and full synchronisation, and makes the tables if need be. */
export const layer = (options: Options): Layer.Layer<OutboxStore, SqlError.SqlError | Migrator.MigrationError> =>
  OutboxStoreSql.layer.pipe(
    Layer.provide(SqliteClient.layer({ busyTimeoutMillis: 1000, ...options } as SqliteClient.Options))
  )
