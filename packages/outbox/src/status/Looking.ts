/** Tickets and how they stand, many at a time; and how much waits at each provider. */
import { Clock, DateTime, Effect, Option } from "effect"
import type { Found, Query, Stored } from "../OutboxStore.ts"
import type { OutboxStoreError } from "../OutboxError.ts"
import { anything, type Status } from "../Ticket.ts"
import { quotasOf } from "../worker/Route.ts"
import { expectedAtOf, type Reader, statusOf } from "./Reading.ts"

/** All that is kept of a ticket, and how it stands. */
export interface Looked {
  readonly stored: Stored
  readonly status: Status
}

export interface Page {
  /** In the order in which they were stored. */
  readonly tickets: ReadonlyArray<Looked>
  /** The place to go on after; null if there is nothing more. A search may find few, or none, and go on all the same. */
  readonly next: number | null
}

/** A page goes on searching for so long, and then says where to go on. */
const longestMillis = 500

export const look = (reader: Reader, query: Query): Effect.Effect<Page, OutboxStoreError> =>
  Effect.gen(function* () {
    const { next, tickets } = yield* find(reader, query)
    const waiting = tickets.filter(({ state }) => state === "waiting" || state === "taken")
    const standings = yield* reader.store.standings(waiting)
    const standingOf = new Map(waiting.map(({ id }, i) => [id, standings[i]]))
    const looked = yield* Effect.forEach(tickets, (stored) =>
      statusOf(reader, { id: stored.id, answer: anything }, stored, standingOf.get(stored.id)).pipe(
        // What is read as it is cannot be unreadable.
        Effect.catchTag("AnswerUnreadable", Effect.die),
        Effect.map((status) => ({ stored, status }))
      )
    )
    return { tickets: looked, next }
  })

const find = ({ store }: Reader, query: Query): Effect.Effect<Found, OutboxStoreError> =>
  Effect.gen(function* () {
    const tickets: Array<Stored> = []
    let { after } = query
    const until = (yield* Clock.currentTimeMillis) + longestMillis
    for (;;) {
      const found = yield* store.find({ ...query, after, limit: query.limit - tickets.length })
      tickets.push(...found.tickets)
      const { next } = found
      if (next === null || tickets.length >= query.limit) return { tickets, next }
      if ((yield* Clock.currentTimeMillis) >= until) return { tickets, next }
      after = next
      // A long search is no reason for what is sent to wait.
      yield* Effect.yieldNow
    }
  })

/** How much of one provider's waits, is under way and has failed. */
export interface Summary {
  /** The provider's id. */
  readonly provider: string
  readonly waiting: number
  readonly sending: number
  readonly failed: number
  /** When the last of what waits may go at the earliest, as far as the limiter knows. */
  readonly until: Option.Option<DateTime.Utc>
}

export const summary = (reader: Reader): Effect.Effect<ReadonlyArray<Summary>, OutboxStoreError> =>
  Effect.gen(function* () {
    const tallies = yield* reader.store.tally
    return yield* Effect.forEach(
      Map.groupBy(tallies, ({ provider }) => provider),
      ([provider, routes]) =>
        Effect.gen(function* () {
          const instants = yield* Effect.forEach(
            Map.groupBy(routes, ({ route }) => quotasOf(route)).values(),
            (tenants) => {
              // The last of all goes after all that wait for its quotas, whosever they are.
              const lasts = tenants.flatMap(({ ahead, last }) => (last === undefined ? [] : [{ ahead, last }]))
              const ahead = lasts.reduce((all, each) => all + each.ahead + 1, -1)
              return Effect.forEach(lasts, ({ last }) => expectedAtOf(reader, last, ahead))
            }
          )
          const sum = (of: "waiting" | "sending" | "failed") => routes.reduce((all, route) => all + route[of], 0)
          const [first, ...others] = instants.flat().flatMap(Option.toArray)
          return {
            provider,
            waiting: sum("waiting"),
            sending: sum("sending"),
            failed: sum("failed"),
            until: Option.map(Option.fromUndefinedOr(first), (first) => others.reduce(DateTime.max, first))
          }
        })
    )
  })
