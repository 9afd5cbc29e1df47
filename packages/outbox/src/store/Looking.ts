/** The operations of a store in a SQL database that only look. None reads more because more tickets are there. */
import { Effect } from "effect"
import type { Statement } from "effect/sql"
import { TicketUnknown } from "../OutboxError.ts"
import { mostSearched, type OutboxStore, type Query, type Search, State, type Stored } from "../OutboxStore.ts"
import { block } from "./Counts.ts"
import { failing } from "./Failing.ts"
import { type Counts, tallyOf } from "./Tally.ts"
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

  /** Where a page may be found: the states and, of all, the providers that are asked for. */
  const scopeOf = ({ provider, states = State.literals }: Query) =>
    Effect.map(provider === undefined ? providers : Effect.succeed([provider]), (providers) => ({ providers, states }))

  /**
   * The first places after one, up to so many: each provider's and state's by its own part of the index. PostgreSQL would
   * sort all that there is if it were not told so for each.
   */
  const firstPlaces = (query: Query, limit: number) =>
    Effect.gen(function* () {
      const { after = 0, provider, states, subject } = query
      const some = (where: Statement.Fragment) =>
        sql`SELECT place FROM ${table} WHERE ${where} AND place > ${after} ORDER BY place LIMIT ${limit}`
      if (subject !== undefined) return some(within(query))
      if (states === undefined && provider === undefined) return some(sql`1 = 1`)
      const scope = yield* scopeOf(query)
      const parts = scope.providers.flatMap((provider) =>
        scope.states.map((state) => some(sql`provider = ${provider} AND state = ${state}`))
      )
      if (parts.length === 0) return some(sql`1 = 0`)
      const all = unite(parts.map((part) => sql`SELECT * FROM (${part}) AS part`))
      return sql`SELECT place FROM (${all}) AS united ORDER BY place LIMIT ${limit}`
    })

  const within = ({ provider, states, subject }: Query) =>
    sql.and([
      ...(subject === undefined ? [] : [sql`subject = ${subject}`]),
      ...(states === undefined ? [] : [sql.in("state", states)]),
      ...(provider === undefined ? [] : [sql`provider = ${provider}`])
    ])

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

  /**
   * The places where a search finds something, one more than its limit if there is more, from the first on that may be. It goes
   * over so many places as it may look at tickets: there are no more tickets than places.
   */
  const searched = (query: Query, search: Search) =>
    Effect.gen(function* () {
      const first = yield* firstPlaces(query, 1)
      const [{ from, newest } = { from: null, newest: 0 }] = yield* sql<{
        from: number | null
        newest: number
      }>`SELECT (SELECT min(place) FROM (${first}) AS first) AS "from",
        (SELECT value FROM outbox_revision) AS newest`
      if (from === null) return undefined
      const end = Number(from) + mostSearched - 1
      const { providers, states } = yield* scopeOf(query)
      const scope = [sql.in("provider", providers), sql.in("state", states)]
      const places = sql`SELECT outbox_text.place FROM ${table} AS t JOIN outbox_text ON outbox_text.place = t.place
        WHERE ${sql.and([...scope, within({ subject: query.subject, limit: 0 }), matches(search)])}
        AND t.place >= ${from} AND outbox_text.place BETWEEN ${from} AND ${end} ORDER BY outbox_text.place LIMIT ${query.limit + 1}`
      return { places, last: end < Number(newest) ? end : null }
    })

  /** How many go before a ticket in whole blocks. They are summed here: each database would do so anew for each ticket. */
  const blocksOf = (tickets: ReadonlyArray<Stored>) =>
    Effect.gen(function* () {
      const routes = Map.groupBy(tickets, ({ provider, route }) => JSON.stringify([provider, route])).values()
      const isAmong = sql.or(
        [...routes].flatMap(([one]) =>
          one === undefined ? [] : [sql`(provider = ${one.provider} AND route = ${one.route})`]
        )
      )
      const rows = yield* sql<Block>`SELECT provider, route, priority, block, count FROM outbox_queue WHERE ${isAmong}`
      return ({ place, priority, provider, route }: Stored) =>
        rows.reduce((sum, row) => {
          const by = Number(row.priority) - priority
          const isBefore = by > 0 || (by === 0 && Number(row.block) < Math.floor(place / block))
          return isBefore && row.provider === provider && row.route === route ? sum + Number(row.count) : sum
        }, 0)
    })

  return {
    get: (id) =>
      stored(sql`SELECT * FROM ${table} WHERE id = ${id}`).pipe(
        Effect.flatMap(([ticket]) => (ticket ? Effect.succeed(ticket) : Effect.fail(new TicketUnknown({ id })))),
        failing("look a ticket up")
      ),

    find: (query) =>
      Effect.gen(function* () {
        const { limit, search } = query
        const asked = yield* search === undefined
          ? Effect.map(firstPlaces(query, limit + 1), (places) => ({ places, last: null }))
          : searched(query, search)
        if (asked === undefined) return { tickets: [], next: null }
        const { last, places } = asked
        const found = yield* stored(
          sql`SELECT * FROM ${table} WHERE place IN (SELECT place FROM (${places}) AS found) ORDER BY place`
        )
        const tickets = found.slice(0, limit)
        return { tickets, next: found.length > limit ? (tickets.at(-1)?.place ?? null) : last }
      }).pipe(failing("list tickets")),

    standings: (tickets) =>
      tickets.length === 0
        ? Effect.succeed([])
        : Effect.gen(function* () {
            const places = tickets.map(({ place }) => place)
            const rows = yield* sql<{ id: string; within: number; blocker: string | null }>`SELECT id,
              (SELECT count(*) FROM ${table} AS b WHERE ${ready} AND b.provider = t.provider AND b.route = t.route
                AND b.priority = t.priority AND b.place >= t.place / ${per} * ${per} AND b.place < t.place) AS within,
              (SELECT b.id FROM ${table} AS b WHERE b.provider = t.provider AND b.subject = t.subject AND b.holds = 1
                AND b.place < t.place ORDER BY b.place LIMIT 1) AS blocker
              FROM ${table} AS t WHERE ${sql.in("place", places)}`
            const byId = new Map(rows.map((row) => [row.id, row]))
            const before = yield* blocksOf(tickets)
            return tickets.map((ticket) => {
              const row = byId.get(ticket.id)
              return { ahead: before(ticket) + Number(row?.within ?? 0), blocker: row?.blocker ?? undefined }
            })
          }).pipe(failing("count tickets")),

    tally: Effect.gen(function* () {
      const of = sql`provider = r.provider AND route = r.route`
      const rows = yield* sql<Counted>`SELECT provider, route, waiting, joining, taken, sending, failed, COALESCE(
          (SELECT place FROM ${table} WHERE ${of} AND ${ready} ORDER BY priority, place DESC LIMIT 1),
          (SELECT place FROM ${table} WHERE ${of} AND state = 'waiting' AND due_at > 0 ORDER BY due_at DESC LIMIT 1),
          (SELECT place FROM ${table} WHERE ${of} AND state = 'taken' ORDER BY place DESC LIMIT 1)
        ) AS last FROM outbox_route AS r WHERE waiting + taken + sending + failed > 0 ORDER BY provider, route`
      const places = rows.flatMap(({ last }) => (last === null ? [] : [Number(last)]))
      const lasts = yield* places.length === 0
        ? Effect.succeed([])
        : stored(sql`SELECT * FROM ${table} WHERE ${sql.in("place", places)}`)
      return rows.map(({ last, ...row }) =>
        tallyOf(
          row,
          lasts.find(({ place }) => place === Number(last))
        )
      )
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

interface Counted extends Counts {
  readonly last: number | null
}

/** How many are ready of one priority in one block of places. */
interface Block {
  readonly provider: string
  readonly route: string
  readonly priority: number
  readonly block: number
  readonly count: number
}
