/** What the operations of a store in a SQL database are made of. */
import { Effect } from "effect"
import type { SqlClient, SqlError, Statement } from "effect/sql"
import type { Failure } from "../Failure.ts"
import { TicketUnknown } from "../OutboxError.ts"
import type { Stored } from "../OutboxStore.ts"
import { failureWords } from "../status/Seen.ts"
import * as Rows from "./Rows.ts"

/** Of one ticket, what a change of it needs. */
export interface Head {
  readonly id: string
  readonly place: number
  readonly provider: string
  readonly subject: string | null
  readonly state: Stored["state"]
  readonly holds: number
  readonly expires_at: number | null
  readonly merge_key: string | null
  readonly in_doubt: number
}

export type Tickets = ReturnType<typeof make>

export const make = (sql: SqlClient.SqlClient) => {
  const table = sql("outbox_ticket")
  const head = sql.literal("id, place, provider, subject, state, holds, expires_at, merge_key, in_doubt")
  const unowned = sql`worker = NULL, owned_until = NULL`

  /**
   * A transaction that has the tickets to itself: by its own kind of lock in PostgreSQL, and in SQLite by how it begins.
   * So revisions come in the order in which they can be seen.
   */
  const lock = sql.onDialectOrElse({
    pg: () => Effect.asVoid(sql`SELECT value FROM outbox_revision FOR UPDATE`),
    orElse: () => Effect.void
  })

  /** The next revision. */
  const revise = Effect.map(
    sql<{ value: number }>`UPDATE outbox_revision SET value = value + 1 RETURNING value`,
    (rows) => Number(rows[0]?.value)
  )

  const change = (place: number, set: Statement.Fragment, now: number) =>
    Effect.flatMap(
      revise,
      (revision) => sql`UPDATE ${table} SET ${set}, updated_at = ${now}, revision = ${revision} WHERE place = ${place}`
    )

  /** Those that go with a ticket, while it has not ended. */
  const membersOf = (id: string) =>
    sql<Head>`SELECT ${head} FROM ${table} WHERE merged_into = ${id} AND state IN ('waiting', 'taken', 'sending')
      ORDER BY place`

  return {
    sql,
    table,
    head,
    revise,
    change,
    membersOf,
    unowned,
    ended: sql`holds = 0, behind = 0, ${unowned}`,
    /** What may have arrived together stays together: else it would be sent again in another form. */
    together: sql`merged_into = CASE WHEN in_doubt = 1 THEN merged_into END`,
    alone: <A, E, R>(self: Effect.Effect<A, E, R>) => sql.withTransaction(Effect.andThen(lock, self)),

    stored: (rows: Effect.Effect<ReadonlyArray<unknown>, SqlError.SqlError>) =>
      Effect.map(Effect.flatMap(rows, Rows.decodeColumns), (rows) => rows.map(Rows.storedOf)),

    headOf: (id: string) =>
      Effect.flatMap(sql<Head>`SELECT ${head} FROM ${table} WHERE id = ${id}`, ([row]) =>
        row === undefined ? Effect.fail(new TicketUnknown({ id })) : Effect.succeed(row)
      ),

    /** Lets the next ticket of a subject go, when one that held it has ended. */
    advance: ({ provider, subject }: Pick<Head, "provider" | "subject">) =>
      subject === null
        ? Effect.void
        : Effect.asVoid(sql`UPDATE ${table} SET behind = 0 WHERE behind = 1 AND place = (
            SELECT min(place) FROM ${table} WHERE provider = ${provider} AND subject = ${subject} AND holds = 1
          )`),

    isHeld: (provider: string, subject: string | null, before: number) =>
      subject === null
        ? Effect.succeed(false)
        : Effect.map(
            sql`SELECT 1 FROM ${table} WHERE provider = ${provider} AND subject = ${subject} AND holds = 1
              AND place < ${before} LIMIT 1`,
            (rows) => rows.length > 0
          ),

    /** Lets those go by themselves that were to go with a ticket. */
    release: (id: string, now: number) =>
      Effect.flatMap(
        membersOf(id),
        Effect.forEach(({ place }) => change(place, sql`${unowned}, state = 'waiting', merged_into = NULL`, now))
      ),

    /** Writes down for searches why these failed, or how their last attempt ended. */
    say: (places: ReadonlyArray<number>, why: Failure | null) => {
      const { said, saidWhole } = failureWords(why)
      return sql`UPDATE outbox_text SET said = ${said}, said_whole = ${saidWhole} WHERE ${sql.in("place", places)}`
    },

    noteRoute: (provider: string, route: string) =>
      sql`INSERT INTO outbox_route (provider, route) VALUES (${provider}, ${route}) ON CONFLICT DO NOTHING`
  }
}
