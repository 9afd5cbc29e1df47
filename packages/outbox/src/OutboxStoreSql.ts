/**
 * Tickets in tables of a SQL database, through `effect/sql`.
 *
 * Every operation is one transaction, and none lasts longer because more tickets wait. Its tables are named `outbox_...`
 * and are made and brought up to date when the layer is built.
 */
import { DateTime, Effect, Layer, Option, Schema } from "effect"
import { type Migrator, SqlClient, SqlError, type Statement } from "effect/sql"
import { Expired, Unanswered } from "./Failure.ts"
import { OutboxStoreError, TicketMoved, TicketUnknown } from "./OutboxError.ts"
import { type End, mostMerged, OutboxStore, type Stored } from "./OutboxStore.ts"
import * as Rows from "./store/Rows.ts"
import { migrate } from "./store/Tables.ts"

/** A store over the client of the context, whose tables it makes. Its SQL is SQLite's and PostgreSQL's. */
export const layer: Layer.Layer<OutboxStore, SqlError.SqlError | Migrator.MigrationError, SqlClient.SqlClient> =
  Layer.effect(
    OutboxStore,
    Effect.gen(function* () {
      yield* migrate
      return make(yield* SqlClient.SqlClient)
    })
  )

/** Of one ticket, what a change of it needs. */
interface Head {
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

const make = (sql: SqlClient.SqlClient): OutboxStore["Service"] => {
  const table = sql("outbox_ticket")
  const head = sql.literal("id, place, provider, subject, state, holds, expires_at, merge_key, in_doubt")

  /**
   * A transaction that has the tickets to itself: by its own kind of lock in PostgreSQL, and in SQLite by how it begins.
   * So revisions come in the order in which they can be seen.
   */
  const lock = sql.onDialectOrElse({
    pg: () => Effect.asVoid(sql`SELECT value FROM outbox_revision FOR UPDATE`),
    orElse: () => Effect.void
  })
  const alone = <A, E, R>(self: Effect.Effect<A, E, R>) => sql.withTransaction(Effect.andThen(lock, self))

  const stored = (rows: Effect.Effect<ReadonlyArray<unknown>, SqlError.SqlError>) =>
    Effect.map(Effect.flatMap(rows, Rows.decodeColumns), (rows) => rows.map(Rows.storedOf))

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

  const headOf = (id: string) =>
    Effect.flatMap(sql<Head>`SELECT ${head} FROM ${table} WHERE id = ${id}`, ([row]) =>
      row === undefined ? Effect.fail(new TicketUnknown({ id })) : Effect.succeed(row)
    )

  /** Lets the next ticket of a subject go, when one that held it has ended. */
  const advance = ({ provider, subject }: Pick<Head, "provider" | "subject">) =>
    subject === null
      ? Effect.void
      : Effect.asVoid(sql`UPDATE ${table} SET behind = 0 WHERE behind = 1 AND place = (
          SELECT min(place) FROM ${table} WHERE provider = ${provider} AND subject = ${subject} AND holds = 1
        )`)

  const isHeld = (provider: string, subject: string | null, before: number) =>
    subject === null
      ? Effect.succeed(false)
      : Effect.map(
          sql`SELECT 1 FROM ${table} WHERE provider = ${provider} AND subject = ${subject} AND holds = 1
            AND place < ${before} LIMIT 1`,
          (rows) => rows.length > 0
        )

  const unowned = sql`worker = NULL, owned_until = NULL`
  /** What may have arrived together stays together: else it would be sent again in another form. */
  const together = sql`merged_into = CASE WHEN in_doubt = 1 THEN merged_into END`

  /** Those that go with a ticket, while it has not ended. */
  const membersOf = (id: string) =>
    sql<Head>`SELECT ${head} FROM ${table} WHERE merged_into = ${id} AND state IN ('waiting', 'taken', 'sending')
      ORDER BY place`

  /** Those right behind a ticket of the same key that wait and cannot have arrived; others in between end the row. */
  const mergeable = (ticket: Head) =>
    Effect.map(
      sql<Head & { length: number }>`SELECT ${head}, length(call) AS length FROM ${table}
        WHERE provider = ${ticket.provider} AND subject = ${ticket.subject} AND holds = 1 AND place >= ${ticket.place}
        ORDER BY place LIMIT ${mostMerged.tickets + 1}`,
      (rows) => {
        let length = 0
        const end = rows.findIndex((row, i) => {
          length += Number(row.length)
          const isAlike = row.state === "waiting" && Number(row.in_doubt) === 0 && row.merge_key === ticket.merge_key
          return i > 0 && !(isAlike && length <= mostMerged.length)
        })
        return rows.slice(1, end === -1 ? undefined : end)
      }
    )

  /** Where those are who go with a ticket that is being taken. */
  const company = (ticket: Head) =>
    Effect.gen(function* () {
      if (ticket.merge_key === null || ticket.subject === null) return []
      const members = yield* Number(ticket.in_doubt) === 1 ? membersOf(ticket.id) : mergeable(ticket)
      return members.map(({ place }) => place)
    })

  /** Lets those go by themselves that were to go with a ticket. */
  const release = (id: string, now: number) =>
    Effect.flatMap(
      membersOf(id),
      Effect.forEach(({ place }) => change(place, sql`${unowned}, state = 'waiting', merged_into = NULL`, now))
    )
  const ended = sql`holds = 0, behind = 0, ${unowned}`

  const expire = (ticket: Head, now: number) =>
    Effect.andThen(
      change(
        ticket.place,
        sql`${ended}, state = 'failed', failure = ${Rows.encodeFailure(
          new Expired({ expiresAt: DateTime.makeUnsafe(Number(ticket.expires_at)), earliest: Option.none() })
        )}`,
        now
      ),
      advance(ticket)
    )

  const endOf = (end: End): { readonly set: Statement.Fragment; readonly isHolding: boolean } => {
    switch (end._tag) {
      case "Done":
        return {
          set: sql`${ended}, state = 'done', in_doubt = 0, answer = ${Rows.encodeAnswer(end.answer)}`,
          isHolding: false
        }
      case "Apart":
        return {
          set: sql`${unowned}, due_at = 0, attempts = CASE WHEN state = 'sending' THEN attempts - 1 ELSE attempts END,
            state = 'waiting', trouble = ${Rows.encodeTrouble(end.trouble)}, merge_key = NULL, merged_into = NULL`,
          isHolding: true
        }
      case "Failed": {
        const isHolding = end.failure._tag !== "Expired"
        return {
          set: sql`${unowned}, behind = 0, holds = ${isHolding ? 1 : 0}, state = 'failed',
            failure = ${Rows.encodeFailure(end.failure)}, in_doubt = ${end.isInDoubt ? 1 : 0}`,
          isHolding
        }
      }
      case "Unsent":
        return {
          set: sql`${unowned}, ${together}, due_at = ${end.dueAt},
            attempts = CASE WHEN state = 'sending' THEN attempts - 1 ELSE attempts END,
            trouble = ${end.trouble === null ? sql`trouble` : Rows.encodeTrouble(end.trouble)}, state = 'waiting'`,
          isHolding: true
        }
      case "Again":
        return {
          set: sql`${unowned}, ${end.isInDoubt ? sql`merged_into = merged_into` : together},
            due_at = ${end.dueAt}, state = 'waiting', trouble = ${Rows.encodeTrouble(end.trouble)}, in_doubt = ${end.isInDoubt ? 1 : sql`in_doubt`}`,
          isHolding: true
        }
    }
  }

  return {
    insert: (ticket, now) =>
      Effect.gen(function* () {
        const { id, provider, subject } = ticket
        if ((yield* sql`SELECT 1 FROM ${table} WHERE id = ${id}`).length > 0) return
        const place = yield* revise
        const target = Rows.targetOf(ticket.call)
        if (ticket.supersedes && subject !== null) {
          const earlier = yield* sql<{ place: number }>`SELECT place FROM ${table}
            WHERE provider = ${provider} AND subject = ${subject} AND holds = 1 AND target = ${target}
            AND state IN ('waiting', 'taken', 'failed') AND in_doubt = 0 ORDER BY place`
          yield* Effect.forEach(earlier, ({ place }) =>
            change(place, sql`${ended}, state = 'superseded', superseded_by = ${id}, merged_into = NULL`, now)
          )
          yield* advance(ticket)
        }
        const isBehind = yield* isHeld(provider, subject, place)
        yield* sql`INSERT INTO ${table} ${sql.insert({
          place,
          id,
          provider,
          route: ticket.route,
          subject,
          target,
          priority: ticket.priority,
          call: Rows.encodeCall(ticket.call),
          idempotency_key: ticket.idempotencyKey,
          state: "waiting",
          holds: 1,
          behind: isBehind ? 1 : 0,
          due_at: 0,
          expires_at: ticket.expiresAt,
          attempts: 0,
          max_attempts: ticket.maxAttempts,
          when_in_doubt: ticket.whenInDoubt,
          merge_key: ticket.mergeKey,
          in_doubt: 0,
          created_at: now,
          updated_at: now,
          revision: place
        })}`
        yield* sql`INSERT INTO outbox_route ${sql.insert({ provider, route: ticket.route })} ON CONFLICT DO NOTHING`
      }).pipe(alone, failing("store a call")),

    get: (id) =>
      stored(sql`SELECT * FROM ${table} WHERE id = ${id}`).pipe(
        Effect.flatMap(([ticket]) => (ticket ? Effect.succeed(ticket) : Effect.fail(new TicketUnknown({ id })))),
        failing("look a ticket up")
      ),

    find: ({ after, limit, provider, states, subject }) =>
      stored(
        sql`SELECT * FROM ${table} WHERE ${sql.and([
          sql`place > ${after ?? 0}`,
          ...(states === undefined ? [] : [sql.in("state", states)]),
          ...(provider === undefined ? [] : [sql`provider = ${provider}`]),
          ...(subject === undefined ? [] : [sql`subject = ${subject}`])
        ])} ORDER BY place LIMIT ${limit}`
      ).pipe(failing("list tickets")),

    ahead: ({ place, priority, provider, route }) =>
      Effect.map(
        sql<{ count: number }>`SELECT count(*) AS count FROM (SELECT 1 FROM ${table}
          WHERE state = 'waiting' AND behind = 0 AND due_at = 0 AND provider = ${provider} AND route = ${route}
          AND (priority > ${priority} OR (priority = ${priority} AND place < ${place})) LIMIT ${most}) AS before`,
        ([row]) => Number(row?.count ?? 0)
      ).pipe(failing("count tickets")),

    blockerOf: ({ place, provider, subject }) =>
      subject === null
        ? Effect.undefined
        : Effect.map(
            sql<{ id: string }>`SELECT id FROM ${table} WHERE provider = ${provider} AND subject = ${subject}
              AND holds = 1 AND place < ${place} ORDER BY place LIMIT 1`,
            ([row]) => row?.id
          ).pipe(failing("look a subject up")),

    routes: (providers) =>
      sql<{
        provider: string
        route: string
      }>`SELECT provider, route FROM outbox_route WHERE ${sql.in("provider", providers)} ORDER BY provider, route`.pipe(
        failing("list routes")
      ),

    tend: (worker, now) =>
      Effect.gen(function* () {
        const due = sql`state = 'waiting' AND due_at > 0 AND due_at <= ${now}`
        const lost = sql`worker IS NOT NULL AND owned_until <= ${now} AND worker <> ${worker}`
        const expired = sql`state = 'waiting' AND expires_at IS NOT NULL AND expires_at <= ${now}`
        const [found] = yield* sql<{ any: number }>`SELECT
          EXISTS (SELECT 1 FROM ${table} WHERE ${due}) OR EXISTS (SELECT 1 FROM ${table} WHERE ${lost})
          OR EXISTS (SELECT 1 FROM ${table} WHERE ${expired}) AS "any"`
        if (!found?.any) return false
        yield* Effect.gen(function* () {
          const own = sql`${unowned}, state = 'waiting', due_at = 0`
          const apart = sql`${own}, ${together}`
          for (const { place, state } of yield* sql<Head>`SELECT ${head} FROM ${table} WHERE ${lost}`) {
            yield* state === "sending"
              ? change(place, sql`${own}, in_doubt = 1, trouble = ${lostWhileSending}`, now)
              : change(place, apart, now)
          }
          for (const ticket of yield* sql<Head>`SELECT ${head} FROM ${table} WHERE ${expired}`) {
            yield* expire(ticket, now)
          }
          yield* sql`UPDATE ${table} SET due_at = 0 WHERE ${due}`
        }).pipe(alone)
        return true
      }).pipe(failing("tend its tickets")),

    take: ({ provider, route }, { limit, now, until, worker }) =>
      Effect.gen(function* () {
        const ready = sql`provider = ${provider} AND route = ${route}
          AND state = 'waiting' AND behind = 0 AND due_at = 0`
        if ((yield* sql`SELECT 1 FROM ${table} WHERE ${ready} LIMIT 1`).length === 0) return []
        return yield* Effect.gen(function* () {
          const first = yield* sql<Head>`SELECT ${head} FROM ${table} WHERE ${ready}
            ORDER BY priority DESC, place LIMIT ${limit}`
          const taking = sql`state = 'taken', worker = ${worker}, owned_until = ${until}`
          const placed = (places: ReadonlyArray<number>) => sql.in("place", places)
          return yield* Effect.forEach(first, (ticket) =>
            Effect.gen(function* () {
              const places = yield* company(ticket)
              yield* sql`UPDATE ${table} SET ${taking} WHERE place = ${ticket.place}`
              yield* Effect.forEach(places, (place) => change(place, sql`${taking}, merged_into = ${ticket.id}`, now))
              const [own, ...merged] = yield* stored(
                sql`SELECT * FROM ${table} WHERE ${placed([ticket.place, ...places])} ORDER BY place`
              )
              return own === undefined ? [] : [{ ...own, merged }]
            })
          )
        }).pipe(
          Effect.map((taken) => taken.flat()),
          alone
        )
      }).pipe(failing("take tickets")),

    recall: (worker, known, now) =>
      Effect.gen(function* () {
        const taken = yield* sql<Head>`SELECT ${head} FROM ${table} WHERE worker = ${worker} AND state = 'taken'`
        const unknown = taken.filter(({ id }) => !known.includes(id))
        yield* Effect.forEach(unknown, ({ place }) =>
          change(place, sql`${unowned}, ${together}, state = 'waiting'`, now)
        )
      }).pipe(alone, failing("give back what it has taken")),

    begin: (id, { merged = 0, now, until, worker }) =>
      Effect.gen(function* () {
        const owned = yield* sql<Head>`SELECT ${head} FROM ${table} WHERE (id = ${id} OR merged_into = ${id})
          AND worker = ${worker} AND state IN ('taken', 'sending')
          AND (expires_at IS NULL OR expires_at > ${now}) ORDER BY place`
        if (owned[0]?.id !== id || owned.length !== merged + 1) return false
        yield* Effect.forEach(owned, ({ place }) =>
          change(
            place,
            sql`state = 'sending', attempts = attempts + 1, sent_at = ${now},
              first_sent_at = COALESCE(first_sent_at, ${now}), owned_until = ${until}`,
            now
          )
        )
        return true
      }).pipe(alone, failing("mark a ticket as sent")),

    end: (id, worker, end, now) =>
      Effect.gen(function* () {
        const [ticket] = yield* sql<Head>`SELECT ${head} FROM ${table}
          WHERE id = ${id} AND worker = ${worker} AND state IN ('taken', 'sending')`
        if (ticket === undefined) return false
        const { isHolding, set } = endOf(end)
        const members = yield* membersOf(id)
        yield* Effect.forEach([ticket, ...members], ({ place }) => change(place, set, now))
        if (!isHolding) yield* advance(ticket)
        return true
      }).pipe(alone, failing("write down how a call ended")),

    renew: ({ until, worker }) =>
      sql`UPDATE ${table} SET owned_until = ${until} WHERE worker = ${worker}`.pipe(
        Effect.asVoid,
        failing("keep what it has taken")
      ),

    cancel: (id, now) =>
      Effect.gen(function* () {
        const ticket = yield* headOf(id)
        if (ticket.state === "cancelled") return
        if (!["waiting", "taken", "failed"].includes(ticket.state)) {
          return yield* new TicketMoved({ id, action: "cancel", state: ticket.state })
        }
        yield* change(ticket.place, sql`${ended}, state = 'cancelled', merged_into = NULL`, now)
        yield* release(id, now)
        yield* advance(ticket)
      }).pipe(alone, failing("cancel a ticket")),

    retry: (id, { call, expiresAt }, now) =>
      Effect.gen(function* () {
        const ticket = yield* headOf(id)
        if (ticket.state !== "failed") {
          return yield* new TicketMoved({ id, action: "retry", state: ticket.state })
        }
        // Of what failed, only what expired holds nobody: it would do so again.
        const isOvertaken = Number(ticket.holds) === 0
        const isLate = isOvertaken || (ticket.expires_at !== null && Number(ticket.expires_at) <= now)
        const wanted = expiresAt === undefined ? (isLate ? null : ticket.expires_at) : expiresAt
        const corrected =
          call === undefined
            ? sql`first_sent_at = first_sent_at`
            : sql`call = ${Rows.encodeCall(call.call)}, target = ${Rows.targetOf(call.call)}, route = ${call.route},
                idempotency_key = ${call.idempotencyKey}, first_sent_at = NULL`
        // What does not hold others has been overtaken; of those that failed as one call, the first holds the rest.
        const isBehind = yield* isHeld(
          ticket.provider,
          ticket.subject,
          isOvertaken ? Number.MAX_SAFE_INTEGER : ticket.place
        )
        yield* change(
          ticket.place,
          sql`${corrected}, state = 'waiting', holds = 1, behind = ${isBehind ? 1 : 0}, due_at = 0, attempts = 0,
            in_doubt = 0, merge_key = NULL, merged_into = NULL, failure = NULL, trouble = NULL, expires_at = ${wanted}`,
          now
        )
        if (isOvertaken) {
          const place = yield* revise
          yield* sql`UPDATE ${table} SET place = ${place} WHERE id = ${id}`
        }
        if (call !== undefined) {
          yield* sql`INSERT INTO outbox_route ${sql.insert({ provider: ticket.provider, route: call.route })}
            ON CONFLICT DO NOTHING`
        }
      }).pipe(alone, failing("send a dead letter again")),

    changes: (after, limit) =>
      stored(sql`SELECT * FROM ${table} WHERE revision > ${after} ORDER BY revision LIMIT ${limit}`).pipe(
        failing("read its changes")
      ),

    revision: Effect.map(sql<{ value: number }>`SELECT value FROM outbox_revision`, ([row]) =>
      Number(row?.value ?? 0)
    ).pipe(failing("read its changes")),

    nextAt: (worker) =>
      Effect.map(
        sql<{ due: number | null; expires: number | null; owned: number | null }>`SELECT
          (SELECT min(due_at) FROM ${table} WHERE state = 'waiting' AND due_at > 0) AS due,
          (SELECT min(expires_at) FROM ${table} WHERE state = 'waiting' AND expires_at IS NOT NULL) AS expires,
          (SELECT min(owned_until) FROM ${table} WHERE worker IS NOT NULL AND worker <> ${worker}) AS owned`,
        ([row]) => Math.min(...[row?.due, row?.expires, row?.owned].map((at) => (at == null ? Infinity : Number(at))))
      ).pipe(failing("look for what comes next")),

    purge: (before) =>
      Effect.map(
        sql`DELETE FROM ${table} WHERE state IN ('done', 'cancelled', 'superseded') AND updated_at < ${before}
          RETURNING place`,
        (rows) => rows.length
      ).pipe(failing("forget tickets"))
  }
}

/** So many tickets are counted at most, so that a look costs the same however many wait. */
const most = 10_000

const lostWhileSending = Rows.encodeTrouble(
  new Unanswered({ said: "the worker that sent it ended before it saw an answer", isUnsent: false })
)

/** What is no answer about a ticket is the database's fault. */
const failing =
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
