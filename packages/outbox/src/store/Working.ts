/** What workers do with tickets in a SQL database: find what is ready, take it, mark it as sent, and write down how it ended. */
import { DateTime, Effect, Option } from "effect"
import { Expired, Unanswered } from "../Failure.ts"
import { mostMerged, type OutboxStore } from "../OutboxStore.ts"
import { endOf } from "./End.ts"
import { failing } from "./Failing.ts"
import * as Rows from "./Rows.ts"
import type { Head, Tickets } from "./Tickets.ts"

type Operations = Pick<
  OutboxStore["Service"],
  "routes" | "nextAt" | "tend" | "take" | "recall" | "begin" | "end" | "renew"
>

export const working = (tickets: Tickets): Operations => {
  const { advance, alone, change, ended, head, membersOf, say, sql, stored, table, together, unowned } = tickets

  /**
   * When something comes next. Asked by `min`, it is the first entry of an index: PostgreSQL would rather look through all
   * tickets for one of them, as long as it has counted none.
   */
  const nextAt = (worker: string) =>
    Effect.map(
      sql<{ due: number | null; expires: number | null; owned: number | null }>`SELECT
        (SELECT min(due_at) FROM ${table} WHERE state = 'waiting' AND due_at > 0) AS due,
        (SELECT min(expires_at) FROM ${table} WHERE state = 'waiting' AND expires_at IS NOT NULL) AS expires,
        (SELECT min(owned_until) FROM ${table} WHERE worker IS NOT NULL AND worker <> ${worker}) AS owned`,
      ([row]) => Math.min(...[row?.due, row?.expires, row?.owned].map((at) => (at == null ? Infinity : Number(at))))
    )

  /** The first of what a condition holds for, by the index on its instant. */
  const first = (condition: string, at: string, now: number) =>
    sql<Head>`SELECT ${head} FROM ${table} WHERE ${sql.literal(`${condition} AND ${at}`)} <= ${now}
      ORDER BY ${sql.literal(at)} LIMIT ${mostTended}`

  const expire = (ticket: Head, now: number) => {
    const why = new Expired({ expiresAt: DateTime.makeUnsafe(Number(ticket.expires_at)), earliest: Option.none() })
    return Effect.gen(function* () {
      yield* change(ticket.place, sql`${ended}, state = 'failed', failure = ${Rows.encodeFailure(why)}`, now)
      yield* say([ticket.place], why)
      yield* advance(ticket)
    })
  }

  /** Finds what a dead worker had: what it may have sent is in doubt. */
  const find = ({ place, state }: Head, now: number) =>
    Effect.gen(function* () {
      const own = sql`${unowned}, state = 'waiting', due_at = 0`
      if (state !== "sending") return yield* change(place, sql`${own}, ${together}`, now)
      yield* change(place, sql`${own}, in_doubt = 1, trouble = ${Rows.encodeTrouble(lostWhileSending)}`, now)
      return yield* say([place], lostWhileSending)
    })

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

  return {
    routes: (providers) =>
      sql<{ provider: string; route: string }>`SELECT provider, route FROM outbox_route
        WHERE ${sql.in("provider", providers)} AND ready > 0 ORDER BY provider, route`.pipe(failing("list routes")),

    nextAt: (worker) => failing("look for what comes next")(nextAt(worker)),

    tend: (worker, now) =>
      Effect.gen(function* () {
        if ((yield* nextAt(worker)) > now) return false
        yield* Effect.gen(function* () {
          for (const lost of yield* sql<Head>`SELECT ${head} FROM ${table} WHERE worker IS NOT NULL
            AND owned_until <= ${now} AND worker <> ${worker} ORDER BY owned_until LIMIT ${mostTended}`) {
            yield* find(lost, now)
          }
          for (const ticket of yield* first("state = 'waiting' AND expires_at IS NOT NULL", "expires_at", now)) {
            yield* expire(ticket, now)
          }
          const due = yield* first("state = 'waiting' AND due_at > 0", "due_at", now)
          if (due.length === 0) return
          const places = due.map(({ place }) => place)
          yield* sql`UPDATE ${table} SET due_at = 0 WHERE ${sql.in("place", places)}`
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
          return yield* Effect.forEach(first, (ticket) =>
            Effect.gen(function* () {
              const places = yield* company(ticket)
              yield* sql`UPDATE ${table} SET ${taking} WHERE place = ${ticket.place}`
              yield* Effect.forEach(places, (place) => change(place, sql`${taking}, merged_into = ${ticket.id}`, now))
              const [own, ...merged] = yield* stored(
                sql`SELECT * FROM ${table} WHERE ${sql.in("place", [ticket.place, ...places])} ORDER BY place`
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
        const { isHolding, set, why } = endOf(tickets, end)
        const all = [ticket, ...(yield* membersOf(id))]
        yield* Effect.forEach(all, ({ place }) => change(place, set, now))
        if (why !== null) {
          yield* say(
            all.map(({ place }) => place),
            why
          )
        }
        if (!isHolding) yield* advance(ticket)
        return true
      }).pipe(alone, failing("write down how a call ended")),

    renew: ({ until, worker }) =>
      sql`UPDATE ${table} SET owned_until = ${until} WHERE worker = ${worker}`.pipe(
        Effect.asVoid,
        failing("keep what it has taken")
      )
  }
}

/** So many of each kind are tended in one transaction; those that are left are found by the next. */
const mostTended = 500

const lostWhileSending = new Unanswered({
  said: "the worker that sent it ended before it saw an answer",
  isUnsent: false
})
