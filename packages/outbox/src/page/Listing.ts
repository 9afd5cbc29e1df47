/** Tickets a page at a time, and how much waits at each provider. */
import { DateTime, Effect, Option, Schema } from "effect"
import type { Service } from "../Outbox.ts"
import type { OutboxStoreError, TicketUnknown } from "../OutboxError.ts"
import type { OutboxStore, State, Stored } from "../OutboxStore.ts"
import { anything, type Status } from "../Ticket.ts"
import * as View from "./View.ts"

/** Where tickets are looked up, and how one stands. */
export interface Source {
  readonly store: OutboxStore["Service"]
  readonly statusOf: (stored: Stored) => Effect.Effect<Status, TicketUnknown | OutboxStoreError>
  readonly shows: View.Shows
}

/** The tickets of an outbox. */
export const source = (outbox: Pick<Service, "status">, store: OutboxStore["Service"], shows: View.Shows): Source => ({
  store,
  shows,
  statusOf: ({ id }) =>
    // What is read as it is cannot be unreadable.
    Effect.catchTag(outbox.status({ id, answer: anything }), "AnswerUnreadable", Effect.die)
})

/** Which tickets are shown: `"open"` are those that wait, are under way or have failed. */
export const Shown = Schema.Literals(["open", "waiting", "sending", "failed", "done", "cancelled", "superseded", "all"])
export type Shown = typeof Shown.Type

const statesOf = (shown: Shown): ReadonlyArray<State> | undefined => {
  switch (shown) {
    case "open":
      return ["waiting", "taken", "sending", "failed"]
    case "all":
      return undefined
    case "waiting":
      return ["waiting", "taken"]
    default:
      return [shown]
  }
}

/** What is looked for. */
export interface Asked {
  /** Default `"open"`. */
  readonly state?: Shown | undefined
  readonly provider?: string | undefined
  /** Words that all have to be in what is shown of a ticket. */
  readonly search?: string | undefined
  /** The `next` of the page before. */
  readonly after?: number | undefined
  /** Default 25. */
  readonly limit?: number | undefined
}

/** `next` is where to go on, and null if there is nothing more; a search may give few in one step and go on all the same. */
export interface Page {
  readonly tickets: ReadonlyArray<View.View>
  readonly next: number | null
}

/** So many tickets are looked through in one step of a search. */
const maxSearched = 5000
const chunk = 200

export const page = (source: Source, asked: Asked): Effect.Effect<Page, OutboxStoreError> =>
  Effect.gen(function* () {
    const found = yield* search(source, asked)
    const tickets = yield* Effect.forEach(found.hits, (stored) =>
      // One that was purged meanwhile is gone.
      Effect.catchTag(view(source, stored), "TicketUnknown", () => Effect.succeed(undefined))
    )
    return { tickets: tickets.filter((ticket) => ticket !== undefined), next: found.next }
  })

export const view = (source: Source, stored: Stored): Effect.Effect<View.View, TicketUnknown | OutboxStoreError> =>
  Effect.map(source.statusOf(stored), (status) => View.make(stored, status, source.shows))

const search = ({ shows, store }: Source, { limit = 25, search = "", ...asked }: Asked) =>
  Effect.gen(function* () {
    const { provider, state = "open" } = asked
    const words = search.toLowerCase().split(/\s+/).filter(Boolean)
    const size = words.length === 0 ? limit + 1 : chunk
    const hits: Array<Stored> = []
    let { after = 0 } = asked
    for (let searched = 0; searched < maxSearched; searched += size) {
      const looked = yield* store.find({ states: statesOf(state), provider, after, limit: size })
      for (const stored of looked) {
        if (words.length > 0) {
          const text = View.searchable(stored, shows)
          if (!words.every((word) => text.includes(word))) continue
        }
        if (hits.length === limit) return { hits, next: hits.at(-1)?.place ?? null }
        hits.push(stored)
      }
      if (looked.length < size) return { hits, next: null }
      after = looked.at(-1)?.place ?? after
      // A long search is no reason for what is sent to wait.
      yield* Effect.yieldNow
    }
    return { hits, next: after }
  })

/** How much of one provider's waits, is under way and has failed, and until about when. */
export interface Summary {
  readonly provider: string
  readonly waiting: number
  readonly sending: number
  readonly failed: number
  /** When the last of what waits is expected to go; null where that is not known. */
  readonly until: string | null
}

/** So many tickets are counted; `isMore` tells that there are others. */
const maxCounted = 500

export const summary = ({ statusOf, store }: Source) =>
  Effect.gen(function* () {
    const counted = yield* store.find({ states: ["waiting", "taken", "sending", "failed"], limit: maxCounted + 1 })
    const providers = yield* Effect.forEach(
      Map.groupBy(counted.slice(0, maxCounted), ({ provider }) => provider),
      ([provider, tickets]) =>
        Effect.gen(function* () {
          const last = tickets.findLast(({ isBehind, state }) => isWaiting(state) && !isBehind)
          const status = last && (yield* Effect.option(statusOf(last)))
          return {
            provider,
            waiting: tickets.filter(({ state }) => isWaiting(state)).length,
            sending: tickets.filter(({ state }) => state === "sending").length,
            failed: tickets.filter(({ state }) => state === "failed").length,
            until: status ? Option.getOrNull(Option.flatMap(status, untilOf)) : null
          } satisfies Summary
        })
    )
    return { providers, isMore: counted.length > maxCounted }
  })

const isWaiting = (state: State) => state === "waiting" || state === "taken"

const untilOf = (status: Status): Option.Option<string> =>
  "expectedAt" in status ? Option.map(status.expectedAt, DateTime.formatIso) : Option.none()
