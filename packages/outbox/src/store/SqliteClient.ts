/**
 * An `effect/sql` client over `node:sqlite`: one connection, one statement at a time.
 *
 * Temporary: `@effect/sql-sqlite-node` has no release for Effect 4.1. When it has, its layer takes this one's place.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite"
import { Effect, Layer, Semaphore, Stream } from "effect"
import { Reactivity } from "effect/reactivity"
import { SqlClient, type SqlConnection, SqlError, Statement } from "effect/sql"

export interface Options {
  /** A file, or `":memory:"`. */
  readonly filename: string
  /** How long a statement waits, blocking, for another process's transaction. */
  readonly busyTimeoutMillis: number
}

type Row = Readonly<Record<string, unknown>>

/** As many statements are kept prepared; those of an outbox are far fewer. */
const maxPrepared = 128

const make = (options: Options) =>
  Effect.gen(function* () {
    const database = yield* Effect.acquireRelease(open(options), (database) => Effect.sync(() => database.close()))
    const prepared = new Map<string, StatementSync>()
    const prepare = (sql: string): StatementSync => {
      const known = prepared.get(sql)
      if (known) return known
      if (prepared.size >= maxPrepared) prepared.clear()
      const statement = database.prepare(sql)
      prepared.set(sql, statement)
      return statement
    }
    const run = (statement: StatementSync, params: ReadonlyArray<unknown>): ReadonlyArray<Row> => {
      // What is not a value of SQLite's is refused by `node:sqlite` itself.
      const values = params as ReadonlyArray<SQLInputValue>
      if (statement.columns().length > 0) return statement.all(...values)
      statement.run(...values)
      return []
    }
    const rows = (sql: string, params: ReadonlyArray<unknown>) => attempt("execute", () => run(prepare(sql), params))
    const values = (sql: string, params: ReadonlyArray<unknown>) =>
      Effect.map(rows(sql, params), (rows) => rows.map((row) => Object.values(row)))
    const unprepared = (sql: string, params: ReadonlyArray<unknown>) =>
      attempt("execute", () => run(database.prepare(sql), params))
    const connection: SqlConnection.Connection = {
      execute: (sql, params, transform) => (transform ? Effect.map(rows(sql, params), transform) : rows(sql, params)),
      executeRaw: rows,
      executeValues: values,
      executeValuesUnprepared: values,
      executeUnprepared: (sql, params, transform) =>
        transform ? Effect.map(unprepared(sql, params), transform) : unprepared(sql, params),
      executeStream: (sql, params, transform) =>
        Stream.unwrap(
          Effect.map(transform ? Effect.map(rows(sql, params), transform) : rows(sql, params), Stream.fromIterable)
        )
    }
    const acquirers = SqlClient.makeSqliteAcquirers({
      connection: Effect.succeed(connection),
      semaphore: Semaphore.makeUnsafe(1),
      isTransaction: () => database.isTransaction
    })
    return yield* SqlClient.make({
      ...acquirers,
      compiler: Statement.makeCompilerSqlite(),
      driver: "sqlite-node",
      beginTransaction: "BEGIN IMMEDIATE",
      prepareTransactionControls: true,
      spanAttributes: [["db.system.name", "sqlite"]]
    })
  })

/** A commit is on the disk before it is told: a power failure loses nothing that was acknowledged. */
const open = ({ busyTimeoutMillis, filename }: Options): Effect.Effect<DatabaseSync, SqlError.SqlError> =>
  attempt("connect", () => {
    const database = new DatabaseSync(filename, { timeout: busyTimeoutMillis })
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
    return database
  })

const attempt = <A>(operation: string, run: () => A): Effect.Effect<A, SqlError.SqlError> =>
  Effect.try({
    try: run,
    catch: (cause) =>
      new SqlError.SqlError({
        reason: SqlError.classifySqliteError(withErrno(cause), { operation, message: told(cause) })
      })
  })

/** `node:sqlite` has the code in `errcode`, and the classifier reads `errno`. */
const withErrno = (cause: unknown): unknown =>
  cause instanceof Error && "errcode" in cause ? Object.assign(cause, { errno: cause.errcode }) : cause

const told = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

export const layer = (options: Options): Layer.Layer<SqlClient.SqlClient, SqlError.SqlError> =>
  Layer.effect(SqlClient.SqlClient, make(options)).pipe(Layer.provide(Reactivity.layer))
