/** The operations of a store in a SQL database that only look. None reads more because more tickets are there. */
import { Effect } from "effect"
import type { Statement } from "effect/sql"
import { TicketUnknown } from "../OutboxError.ts"
import { mostSearched, type OutboxStore, type Query, type Search, State, type Tally } from "../OutboxStore.ts"
import { block } from "./Counts.ts"
import { failing } from "./Failing.ts"
import type { Tickets } from "./Tickets.ts"

type Operations = Pick<OutboxStore["Service"], "get" | "find" | "standings" | "tally" | "changes" | "revision">

export const looking = ({ sql, stored, table }: Tickets): Operations => {
  const per = sql.literal(String(block))
  const ready = sql.literal("state = 'waiting' AND behind = 0 AND due_at = 0")
  const unite = sql.join(" UNION ALL ", false)

  /** All providers that have had a ticket: few. */
  const providers = Effect.map(sql<{ provider: string }>`SELECT DISTINCT provider FROM outbox_route`, (rows) =>
    rows.map(({ provider }) => provider)
  )

  /** Up to so many places, and the states there, in their order: each provider's and state's by its own part of the index. */
  const candidates = ({ after = 0, provider, states, subject }: Query, limit: number) =>
    Effect.gen(function* () {
      const some = (where: Statement.Fragment) =>
        sql`SELECT place, state FROM ${table} WHERE ${where} AND place > ${after} ORDER BY place LIMIT ${limit}`
      if (subject !== undefined) {
        return some(
          sql.and([
            sql`subject = ${subject}`,
            ...(states === undefined ? [] : [sql.in("state", states)]),
            ...(provider === undefined ? [] : [sql`provider = ${provider}`])
          ])
        )
      }
      if (states === undefined && provider === undefined) return some(sql`1 = 1`)
      const own = provider === undefined ? yield* providers : [provider]
      const parts = own.flatMap((provider) =>
        (states ?? State.literals).map((state) => some(sql`provider = ${provider} AND state = ${state}`))
      )
      if (parts.length === 0) return some(sql`1 = 0`)
      const all = unite(parts.map((part) => sql`SELECT * FROM (${part}) AS part`))
      return sql`SELECT place, state FROM (${all}) AS united ORDER BY place LIMIT ${limit}`
    })

  const isIn = sql.onDialectOrElse({
    pg: () => (text: Statement.Fragment, word: string) => sql`strpos(${text}, ${word}) > 0`,
    orElse: () => (text: Statement.Fragment, word: string) => sql`instr(${text}, ${word}) > 0`
  })

  /** Whether all the words are in what is seen of a ticket. */
  const matches = ({ sees, words }: Search) => {
    const call = sees.queries ? sql`sought || query` : sql`sought`
    const said = sees.bodies ? sql`COALESCE(said_whole, said)` : sql`said`
    return sql.and(
      words.map(
        (word) => sql`(${isIn(call, word)} OR ${isIn(said, word)} AND state NOT IN ('done', 'cancelled', 'superseded'))`
      )
    )
  }

  /** The places on a page, one more than its limit if there is more, and where a search has come. */
  const placesOf = (query: Query) =>
    Effect.gen(function* () {
      const { limit, search } = query
      if (search === undefined) return { places: yield* candidates(query, limit + 1), last: null }
      const some = yield* candidates(query, mostSearched)
      const [looked] = yield* sql<{ count: number; last: number | null }>`SELECT count(*) AS count, max(place) AS last
        FROM (${some}) AS looked`
      return {
        places: sql`SELECT outbox_text.place FROM (${some}) AS looked
          JOIN outbox_text ON outbox_text.place = looked.place
          WHERE ${matches(search)} ORDER BY outbox_text.place LIMIT ${limit + 1}`,
        last: Number(looked?.count) < mostSearched ? null : Number(looked?.last)
      }
    })

  return {
    get: (id) =>
      stored(sql`SELECT * FROM ${table} WHERE id = ${id}`).pipe(
        Effect.flatMap(([ticket]) => (ticket ? Effect.succeed(ticket) : Effect.fail(new TicketUnknown({ id })))),
        failing("look a ticket up")
      ),

    find: (query) =>
      Effect.gen(function* () {
        const { last, places } = yield* placesOf(query)
        const found = yield* stored(
          sql`SELECT * FROM ${table} WHERE place IN (SELECT place FROM (${places}) AS found) ORDER BY place`
        )
        const tickets = found.slice(0, query.limit)
        return { tickets, next: found.length > query.limit ? (tickets.at(-1)?.place ?? null) : last }
      }).pipe(failing("list tickets")),

    standings: (tickets) =>
      tickets.length === 0
        ? Effect.succeed([])
        : Effect.map(
            sql<{ id: string; ahead: number; blocker: string | null }>`SELECT id,
              (SELECT COALESCE(sum(count), 0) FROM outbox_queue AS q WHERE q.provider = t.provider AND q.route = t.route
                AND q.priority >= t.priority AND (q.priority > t.priority OR q.block < t.place / ${per}))
              + (SELECT count(*) FROM ${table} AS b WHERE ${ready} AND b.provider = t.provider AND b.route = t.route
                AND b.priority = t.priority AND b.place >= t.place / ${per} * ${per} AND b.place < t.place) AS ahead,
              (SELECT b.id FROM ${table} AS b WHERE b.provider = t.provider AND b.subject = t.subject AND b.holds = 1
                AND b.place < t.place ORDER BY b.place LIMIT 1) AS blocker
              FROM ${table} AS t WHERE ${sql.in(
                "place",
                tickets.map(({ place }) => place)
              )}`,
            (rows) => {
              const byId = new Map(rows.map((row) => [row.id, row]))
              return tickets.map(({ id }) => {
                const row = byId.get(id)
                return { ahead: Number(row?.ahead ?? 0), blocker: row?.blocker ?? undefined }
              })
            }
          ).pipe(failing("count tickets")),

    tally: Effect.gen(function* () {
      const of = sql`provider = r.provider AND route = r.route`
      const rows = yield* sql<Counted>`SELECT provider, route, waiting, joining, sending, failed, COALESCE(
          (SELECT place FROM ${table} WHERE ${of} AND ${ready} ORDER BY priority, place DESC LIMIT 1),
          (SELECT place FROM ${table} WHERE ${of} AND state = 'waiting' AND due_at > 0 ORDER BY due_at DESC LIMIT 1),
          (SELECT place FROM ${table} WHERE ${of} AND state = 'taken' ORDER BY place DESC LIMIT 1)
        ) AS last FROM outbox_route AS r WHERE waiting + sending + failed > 0 ORDER BY provider, route`
      const places = rows.flatMap(({ last }) => (last === null ? [] : [Number(last)]))
      const lasts = yield* places.length === 0
        ? Effect.succeed([])
        : stored(sql`SELECT * FROM ${table} WHERE ${sql.in("place", places)}`)
      return rows.map(({ failed, joining, last, provider, route, sending, waiting }): Tally => ({
        provider,
        route,
        waiting: Number(waiting),
        sending: Number(sending),
        failed: Number(failed),
        ahead: Math.max(0, Number(waiting) - Number(joining) - 1),
        last: lasts.find(({ place }) => place === Number(last))
      }))
    }).pipe(failing("count tickets")),

    changes: (after, limit) =>
      stored(sql`SELECT * FROM ${table} WHERE revision > ${after} ORDER BY revision LIMIT ${limit}`).pipe(
        failing("read its changes")
      ),

    revision: Effect.map(sql<{ value: number }>`SELECT value FROM outbox_revision`, ([row]) =>
      Number(row?.value ?? 0)
    ).pipe(failing("read its changes"))
  }
}

interface Counted {
  readonly provider: string
  readonly route: string
  readonly waiting: number
  readonly joining: number
  readonly sending: number
  readonly failed: number
  readonly last: number | null
}
