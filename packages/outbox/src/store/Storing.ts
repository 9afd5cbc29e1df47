/** What senders and people do with tickets in a SQL database: store, cancel, retry and forget them. */
import { Effect } from "effect"
import { TicketMoved } from "../OutboxError.ts"
import type { OutboxStore } from "../OutboxStore.ts"
import { callWords } from "../status/Seen.ts"
import { failing } from "./Failing.ts"
import * as Rows from "./Rows.ts"
import type { Tickets } from "./Tickets.ts"

type Operations = Pick<OutboxStore["Service"], "insert" | "cancel" | "retry" | "purge">

export const storing = (tickets: Tickets): Operations => {
  const { advance, alone, change, ended, headOf, isHeld, noteRoute, release, revise, say, sql, table } = tickets

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
        yield* noteRoute(provider, ticket.route)
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
        yield* sql`INSERT INTO outbox_text ${sql.insert({ place, ...callWords(ticket), said: "" })}`
      }).pipe(alone, failing("store a call")),

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
        if (call !== undefined) {
          yield* noteRoute(ticket.provider, call.route)
          const { query, sought } = callWords({ ...ticket, call: call.call })
          yield* sql`UPDATE outbox_text SET sought = ${sought}, query = ${query} WHERE place = ${ticket.place}`
        }
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
        yield* say([ticket.place], null)
        if (isOvertaken) {
          const place = yield* revise
          yield* sql`UPDATE ${table} SET place = ${place} WHERE id = ${id}`
          yield* sql`UPDATE outbox_text SET place = ${place} WHERE place = ${ticket.place}`
        }
      }).pipe(alone, failing("send a dead letter again")),

    purge: (before) =>
      Effect.gen(function* () {
        let forgotten = 0
        for (let last = mostForgotten; last === mostForgotten; forgotten += last) {
          last = yield* alone(forget(tickets, before))
        }
        return forgotten
      }).pipe(failing("forget tickets"))
  }
}

/** So many are forgotten in one transaction: what is sent waits for its end. */
const mostForgotten = 500

const forget = ({ sql, table }: Tickets, before: number) =>
  Effect.gen(function* () {
    const rows = yield* sql<{ place: number }>`SELECT place FROM ${table}
      WHERE state IN ('done', 'cancelled', 'superseded') AND updated_at < ${before}
      ORDER BY updated_at LIMIT ${mostForgotten}`
    if (rows.length === 0) return 0
    const places = sql.in(
      "place",
      rows.map(({ place }) => place)
    )
    yield* sql`DELETE FROM outbox_text WHERE ${places}`
    yield* sql`DELETE FROM ${table} WHERE ${places}`
    // There is one for each tenant that ever was, and each look goes through them. Whatever needs one again adds it.
    yield* sql`DELETE FROM outbox_route WHERE waiting + taken + sending + failed = 0`
    return rows.length
  })
