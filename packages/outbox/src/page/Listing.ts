/** Tickets a page at a time, and how much waits at each provider. */
import { DateTime, Effect, Option, Schema } from "effect"
import type { Service } from "../Outbox.ts"
import type { OutboxStoreError, TicketUnknown } from "../OutboxError.ts"
import type { State, Stored } from "../OutboxStore.ts"
import { anything } from "../Ticket.ts"
import * as View from "./View.ts"

/** An outbox, and what is shown of its tickets. */
export interface Source {
  readonly outbox: Pick<Service, "look" | "status" | "summary">
  readonly shows: View.Shows
}

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

export const page = (
  { outbox, shows }: Source,
  { after, limit = 25, provider, search = "", state = "open" }: Asked
): Effect.Effect<Page, OutboxStoreError> => {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean)
  const sees = { queries: shows.has("queries"), bodies: shows.has("bodies") }
  return Effect.map(
    outbox.look({
      states: statesOf(state),
      provider,
      after,
      limit,
      ...(words.length > 0 && { search: { words, sees } })
    }),
    ({ next, tickets }) => ({ tickets: tickets.map(({ status, stored }) => View.make(stored, status, shows)), next })
  )
}

export const view = (
  { outbox, shows }: Source,
  stored: Stored
): Effect.Effect<View.View, TicketUnknown | OutboxStoreError> =>
  outbox.status({ id: stored.id, answer: anything }).pipe(
    // What is read as it is cannot be unreadable.
    Effect.catchTag("AnswerUnreadable", Effect.die),
    Effect.map((status) => View.make(stored, status, shows))
  )

/** How much of one provider's waits, is under way and has failed, and until about when. */
export interface Summary {
  readonly provider: string
  readonly waiting: number
  readonly sending: number
  readonly failed: number
  /** When the last of what waits is expected to go; null where that is not known. */
  readonly until: string | null
}

/** All are counted, so that there are never more. */
export const summary = ({
  outbox
}: Source): Effect.Effect<{ readonly providers: ReadonlyArray<Summary>; readonly isMore: false }, OutboxStoreError> =>
  Effect.map(outbox.summary, (providers) => ({
    providers: providers.map((one) => ({ ...one, until: Option.getOrNull(Option.map(one.until, DateTime.formatIso)) })),
    isMore: false
  }))
