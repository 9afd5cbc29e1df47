/**
 * Tickets in tables of a SQL database, through `effect/sql`.
 *
 * Every operation is one transaction, and none lasts longer because more tickets wait. Its tables are named `outbox_...`
 * and are made and brought up to date when the layer is built.
 */
import { Effect, Layer } from "effect"
import { type Migrator, SqlClient, type SqlError } from "effect/sql"
import { OutboxStore } from "./OutboxStore.ts"
import { looking } from "./store/Looking.ts"
import { storing } from "./store/Storing.ts"
import { migrate } from "./store/Tables.ts"
import { make } from "./store/Tickets.ts"
import { working } from "./store/Working.ts"

/** A store over the client of the context, whose tables it makes. Its SQL is SQLite's and PostgreSQL's. */
export const layer: Layer.Layer<OutboxStore, SqlError.SqlError | Migrator.MigrationError, SqlClient.SqlClient> =
  Layer.effect(
    OutboxStore,
    Effect.gen(function* () {
      yield* migrate
      const tickets = make(yield* SqlClient.SqlClient)
      return { ...storing(tickets), ...working(tickets), ...looking(tickets) }
    })
  )
