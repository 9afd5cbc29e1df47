/** The tables of an outbox, as migrations: what has been released is never edited, only followed. */
import { Effect } from "effect"
import { Migrator, SqlClient } from "effect/sql"
import { callWords, failureWords } from "../status/Seen.ts"
import { count } from "./Counts.ts"
import * as Rows from "./Rows.ts"

const integers = (sql: SqlClient.SqlClient) =>
  sql.onDialectOrElse({ pg: () => sql.literal("BIGINT"), orElse: () => sql.literal("INTEGER") })

const create = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const int = integers(sql)
  yield* sql`CREATE TABLE outbox_ticket (
    place ${int} PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    provider TEXT NOT NULL,
    route TEXT NOT NULL,
    subject TEXT,
    target TEXT NOT NULL,
    priority ${int} NOT NULL,
    call TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    state TEXT NOT NULL,
    holds ${int} NOT NULL,
    behind ${int} NOT NULL,
    due_at ${int} NOT NULL,
    expires_at ${int},
    attempts ${int} NOT NULL,
    max_attempts ${int} NOT NULL,
    when_in_doubt TEXT NOT NULL,
    in_doubt ${int} NOT NULL,
    first_sent_at ${int},
    sent_at ${int},
    worker TEXT,
    owned_until ${int},
    trouble TEXT,
    failure TEXT,
    answer TEXT,
    superseded_by TEXT,
    created_at ${int} NOT NULL,
    updated_at ${int} NOT NULL,
    revision ${int} NOT NULL UNIQUE
  )`
  // Each index holds only the tickets that its question is about, so that those which ended cost nothing. The state comes
  // first in them although it is one and the same: SQLite would rather go by outbox_state, through all that waits.
  yield* sql`CREATE INDEX outbox_ready ON outbox_ticket (state, provider, route, priority DESC, place)
    WHERE state = 'waiting' AND behind = 0 AND due_at = 0`
  yield* sql`CREATE INDEX outbox_due ON outbox_ticket (state, due_at) WHERE state = 'waiting' AND due_at > 0`
  yield* sql`CREATE INDEX outbox_expires ON outbox_ticket (state, expires_at)
    WHERE state = 'waiting' AND expires_at IS NOT NULL`
  yield* sql`CREATE INDEX outbox_owned ON outbox_ticket (owned_until) WHERE worker IS NOT NULL`
  yield* sql`CREATE INDEX outbox_subject ON outbox_ticket (provider, subject, place)
    WHERE holds = 1 AND subject IS NOT NULL`
  yield* sql`CREATE INDEX outbox_state ON outbox_ticket (state, place)`
  yield* sql`CREATE TABLE outbox_route (
    provider TEXT NOT NULL,
    route TEXT NOT NULL,
    PRIMARY KEY (provider, route)
  )`
  yield* sql`CREATE TABLE outbox_revision (value ${int} NOT NULL)`
  yield* sql`INSERT INTO outbox_revision (value) VALUES (0)`
})

const merging = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`ALTER TABLE outbox_ticket ADD COLUMN merge_key TEXT`
  yield* sql`ALTER TABLE outbox_ticket ADD COLUMN merged_into TEXT`
  yield* sql`CREATE INDEX outbox_merged ON outbox_ticket (merged_into, place) WHERE merged_into IS NOT NULL`
})

const withoutState = [
  "DROP INDEX outbox_ready",
  "DROP INDEX outbox_due",
  "DROP INDEX outbox_expires",
  `CREATE INDEX outbox_ready ON outbox_ticket (provider, route, priority DESC, place)
    WHERE state = 'waiting' AND behind = 0 AND due_at = 0`,
  "CREATE INDEX outbox_due ON outbox_ticket (due_at) WHERE state = 'waiting' AND due_at > 0",
  "CREATE INDEX outbox_expires ON outbox_ticket (expires_at) WHERE state = 'waiting' AND expires_at IS NOT NULL"
]

/** For those who look: pages by provider and state, or by subject; what is counted; and texts for searches. */
const looks = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const int = integers(sql)
  yield* sql`DROP INDEX outbox_state`
  // PostgreSQL drops a condition that an index itself has, so that its first column had none: it went through all of it.
  yield* sql.onDialectOrElse({
    pg: () => Effect.forEach(withoutState, (one) => sql`${sql.literal(one)}`),
    orElse: () => Effect.void
  })
  yield* sql`CREATE INDEX outbox_page ON outbox_ticket (provider, state, place)`
  yield* sql`CREATE INDEX outbox_about ON outbox_ticket (subject, place) WHERE subject IS NOT NULL`
  yield* sql`CREATE INDEX outbox_ended ON outbox_ticket (updated_at)
    WHERE state IN ('done', 'cancelled', 'superseded')`
  yield* count(int)
  // Apart from the tickets, so that a search does not read what they carry.
  yield* sql`CREATE TABLE outbox_text (
    place ${int} PRIMARY KEY,
    sought TEXT NOT NULL,
    query TEXT NOT NULL,
    said TEXT NOT NULL,
    said_whole TEXT
  )`
  for (let after = 0; ;) {
    const rows = yield* sql`SELECT * FROM outbox_ticket WHERE place > ${after} ORDER BY place LIMIT 500`
    if (rows.length === 0) return
    for (const ticket of (yield* Rows.decodeColumns(rows)).map(Rows.storedOf)) {
      after = ticket.place
      const { said, saidWhole } = failureWords(ticket.failure ?? ticket.trouble)
      const text = { ...callWords(ticket), said, said_whole: saidWhole }
      yield* sql`INSERT INTO outbox_text ${sql.insert({ place: ticket.place, ...text })}`
    }
  }
})

/** Brings the tables to what this version needs. */
export const migrate = Migrator.make({})({
  loader: Migrator.fromRecord({ "0001_tickets": create, "0002_merging": merging, "0003_looks": looks }),
  table: "outbox_migration"
})
