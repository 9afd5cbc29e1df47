/** What a database says when it does not do as it is told. */
import { Effect, Schema } from "effect"
import { SqlError } from "effect/sql"
import { OutboxStoreError } from "../OutboxError.ts"

/** What is no answer about a ticket is the database's fault. */
export const failing =
  (operation: string) =>
  <A, E, R>(
    self: Effect.Effect<A, E | SqlError.SqlError | Schema.SchemaError, R>
  ): Effect.Effect<A, Exclude<E, SqlError.SqlError | Schema.SchemaError> | OutboxStoreError, R> =>
    Effect.mapError(self, (error) =>
      SqlError.isSqlError(error) || Schema.isSchemaError(error)
        ? new OutboxStoreError({ operation, isRetryable: mayPass(error), cause: error })
        : (error as Exclude<E, SqlError.SqlError | Schema.SchemaError>)
    )

/** A full disk is emptied, and an unreadable one may come back: SQLite's codes 13 and 10 have no reason of their own. */
const mayPass = (error: SqlError.SqlError | Schema.SchemaError): boolean => {
  if (!SqlError.isSqlError(error)) return false
  const { cause } = error.reason
  const code = cause instanceof Error && "errcode" in cause && typeof cause.errcode === "number" ? cause.errcode : 0
  return error.reason.isRetryable || (code & 0xff) === 13 || (code & 0xff) === 10
}
