/**
 * Where tickets are kept: a few atomic operations, each of which is on the disk when it answers.
 *
 * Instants are epoch milliseconds of the worker's wall clock. A worker _owns_ what it has taken until an instant that it
 * keeps pushing out; what is owned by a worker that has died is found again when that instant has passed.
 */
import { Context, type Effect, Schema } from "effect"
import { Call } from "./Call.ts"
import { Failure, Trouble } from "./Failure.ts"
import type { OutboxStoreError, TicketMoved, TicketUnknown } from "./OutboxError.ts"

/**
 * - `waiting`: for its instant, its quota, or the tickets before it.
 * - `taken`: a worker has it in its limiter's queue; nothing of it was sent.
 * - `sending`: a worker may have sent it.
 */
export const State = Schema.Literals(["waiting", "taken", "sending", "done", "failed", "cancelled", "superseded"])
export type State = typeof State.Type

/** The answer as it is kept: the body as text, 1 MiB of it at most. */
export const StoredAnswer = Schema.Struct({
  status: Schema.Int,
  headers: Schema.Record(Schema.String, Schema.String),
  body: Schema.String
})
export type StoredAnswer = typeof StoredAnswer.Type

/** Everything that is kept of a ticket. */
export interface Stored {
  readonly id: string
  /** Its place in the order: lower was stored earlier. */
  readonly place: number
  readonly provider: string
  /** Which quotas it draws on, so that a short wait does not queue behind a long one. */
  readonly route: string
  readonly subject: string | null
  readonly priority: number
  readonly call: Call
  readonly idempotencyKey: string
  readonly state: State
  /** Whether a ticket before it, of the same subject, has to end first. */
  readonly isBehind: boolean
  readonly dueAt: number
  readonly expiresAt: number | null
  readonly attempts: number
  readonly maxAttempts: number
  /** Whether it may be sent again although it may have arrived. */
  readonly whenInDoubt: "send" | "hold"
  /** Whether it may have arrived without an answer that was seen. */
  readonly isInDoubt: boolean
  /** When its present idempotency key was used first. */
  readonly firstSentAt: number | null
  readonly sentAt: number | null
  readonly trouble: Trouble | null
  readonly failure: Failure | null
  readonly answer: StoredAnswer | null
  readonly supersededBy: string | null
  /** The ticket whose call this one's goes with, or went with. */
  readonly mergedInto: string | null
  readonly createdAt: number
  readonly updatedAt: number
  /** Grows with every change of any ticket. */
  readonly revision: number
}

/** What a sender gives. */
export interface New extends Pick<
  Stored,
  | "id"
  | "provider"
  | "route"
  | "subject"
  | "priority"
  | "call"
  | "idempotencyKey"
  | "expiresAt"
  | "maxAttempts"
  | "whenInDoubt"
> {
  readonly supersedes: boolean
  /** With which others of its subject it may go as one call: those of the same key. */
  readonly mergeKey: string | null
}

/** A ticket that was taken, with those which go with it as one call. */
export interface Taken extends Stored {
  /** In the order of their places, all after its own. */
  readonly merged: ReadonlyArray<Stored>
}

/** How an attempt ended, as far as the store is concerned: for the ticket, and for those that were merged into it. */
export type End =
  | { readonly _tag: "Done"; readonly answer: StoredAnswer }
  | { readonly _tag: "Failed"; readonly failure: Failure; readonly isInDoubt: boolean }
  /** Nothing was sent: as it was before it was taken, but not before `dueAt`. */
  | { readonly _tag: "Unsent"; readonly dueAt: number; readonly trouble: Trouble | null }
  | {
      readonly _tag: "Again"
      readonly dueAt: number
      readonly trouble: Trouble
      /** Whether it may have arrived. */
      readonly isInDoubt: boolean
    }
  /** The merged call was refused for what it says: each is to be sent by itself, and not merged again. Counts as no attempt. */
  | { readonly _tag: "Apart"; readonly trouble: Trouble }

export interface Query {
  readonly states?: ReadonlyArray<State> | undefined
  readonly provider?: string | undefined
  readonly subject?: string | undefined
  readonly search?: Search | undefined
  /** Only tickets whose place is after this one. */
  readonly after?: number | undefined
  readonly limit: number
}

/** Looks through what may be seen of a ticket, and through nothing else: what is hidden could be guessed word by word. */
export interface Search {
  /** In lower case; all of them have to be in it, each in one line. */
  readonly words: ReadonlyArray<string>
  /** Whether queries and the bodies of answers may be seen. */
  readonly sees: { readonly queries: boolean; readonly bodies: boolean }
}

/** So many tickets are looked through by one search. */
export const mostSearched = 10_000

export interface Found {
  /** In the order of their places. */
  readonly tickets: ReadonlyArray<Stored>
  /** The place to go on after; null if there is nothing more. A search may find few, or none, and go on all the same. */
  readonly next: number | null
}

/** Where a ticket is in the queue of its route. */
export interface Standing {
  /** How many tickets are ready and not taken yet that go before it. */
  readonly ahead: number
  /** The ticket of the same subject that has to end first. */
  readonly blocker: string | undefined
}

/** How much there is of a route. */
export interface Tally extends Route {
  readonly waiting: number
  readonly sending: number
  readonly failed: number
  /** Of what nobody has taken, how many calls go before `last`, at least: of those that may go as one, the first alone is counted. */
  readonly ahead: number
  /** The last that is ready, or due, or taken; none where all that waits has to wait for something else. */
  readonly last: Stored | undefined
}

type Failing<A, E = never> = Effect.Effect<A, OutboxStoreError | E>

export class OutboxStore extends Context.Service<
  OutboxStore,
  {
    /** Stores a ticket; one of the same id is left as it is. Those that it supersedes end with it. */
    readonly insert: (ticket: New, now: number) => Failing<void>
    readonly get: (id: string) => Failing<Stored, TicketUnknown>
    /** A page of tickets. */
    readonly find: (query: Query) => Failing<Found>
    /** Where each of these is, exactly, however many wait. */
    readonly standings: (tickets: ReadonlyArray<Stored>) => Failing<ReadonlyArray<Standing>>
    /** Of each route on which something waits, is under way or has failed. */
    readonly tally: Failing<ReadonlyArray<Tally>>
    /** Routes on which tickets are ready. */
    readonly routes: (providers: ReadonlyArray<string>) => Failing<ReadonlyArray<Route>>
    /** Makes ready what is due, ends what has expired, finds what dead workers had; tells whether there was any of it. */
    readonly tend: (worker: string, now: number) => Failing<boolean>
    /**
     * The first tickets of a route, by priority and place, for this worker alone until it loses them. Those right behind
     * one of them that have its merge key and cannot have arrived are taken with it, and end as it does; once one of them
     * may have arrived, they stay together until it is known.
     */
    readonly take: (route: Route, options: Taking) => Failing<ReadonlyArray<Taken>>
    /** Gives back what this worker took and does not know of, as the answer was lost; `known` are the ids that it knows. */
    readonly recall: (worker: string, known: ReadonlyArray<string>, now: number) => Failing<void>
    /** Marks a taken ticket as sent, if it and all that were merged into it are still this worker's: nothing may be sent otherwise. */
    readonly begin: (id: string, options: Beginning) => Failing<boolean>
    /** Ends an attempt, if the ticket is still this worker's; false if it is not, or was not waiting for this end. */
    readonly end: (id: string, worker: string, end: End, now: number) => Failing<boolean>
    /** Pushes out what the worker owns. */
    readonly renew: (options: Omit<Owning, "now">) => Failing<void>
    readonly cancel: (id: string, now: number) => Failing<void, TicketUnknown | TicketMoved>
    /** A dead letter waits again: in its place if others are behind it, else in the last. */
    readonly retry: (id: string, correction: Correction, now: number) => Failing<void, TicketUnknown | TicketMoved>
    /** What changed after a revision, in the order of revisions. */
    readonly changes: (after: number, limit: number) => Failing<ReadonlyArray<Stored>>
    readonly revision: Failing<number>
    /** The next instant at which `tend` will find something; Infinity if none is known. */
    readonly nextAt: (worker: string) => Failing<number>
    /** Forgets tickets that ended well, were cancelled or superseded before an instant; tells how many. */
    readonly purge: (before: number) => Failing<number>
  }
>()("@sluice/outbox/OutboxStore") {}

export interface Route {
  readonly provider: string
  readonly route: string
}

export interface Owning {
  readonly worker: string
  readonly until: number
  readonly now: number
}

export interface Beginning extends Owning {
  /** How many others were taken with it; default 0. */
  readonly merged?: number | undefined
}

/** So many go with another one, at most, and with calls of so many characters as JSON. */
export const mostMerged = { tickets: 100, length: 1_048_576 }

export interface Taking extends Owning {
  readonly limit: number
}

/** What is put right of a dead letter before it is sent again. */
export interface Correction {
  readonly call?: { readonly call: Call; readonly route: string; readonly idempotencyKey: string } | undefined
  readonly expiresAt?: number | null | undefined
}
