/**
 * A durable queue of API calls that goes out through the limiter.
 *
 * A call is on the disk before its sender is answered, and is sent when its quota has room. It is sent _at least once_: where
 * a process dies between sending and writing down the answer, the call is sent again, with the same idempotency key
 * where its provider takes one. Calls of one subject are sent in their order, one at a time. Calls that are made for a tenant
 * (`send` within `RateLimiter.tenant`) take turns with those of others, by weight.
 *
 * @example
 * ```ts
 * import { NodeHttpClient } from "@effect/platform-node"
 * import { RateLimiter } from "@sluice/core"
 * import { Outbox, OutboxStoreSqlite } from "@sluice/outbox"
 * import { PrayerLetters } from "@sluice/providers/prayerletters"
 * import { Config, Effect, Layer } from "effect"
 * import { HttpClientRequest } from "effect/http"
 *
 * const save = (id: string, contact: object) =>
 *   Outbox.send(
 *     PrayerLetters.provider,
 *     HttpClientRequest.post(`/v3/contacts/${id}`).pipe(HttpClientRequest.bodyJsonUnsafe(contact)),
 *     { subject: `contact ${id}`, supersede: true }
 *   )
 *
 * const OutboxLive = Outbox.layer([PrayerLetters]).pipe(
 *   Layer.provide(OutboxStoreSqlite.layer({ filename: "outbox.db" })),
 *   Layer.provide(PrayerLetters.layerConfig({ apiKey: Config.Redacted("PRAYERLETTERS_TOKEN") })),
 *   Layer.provide([NodeHttpClient.layerUndici, RateLimiter.layer])
 * )
 *
 * const program = save("c-1", { name: "Ada" }).pipe(Effect.flatMap(Outbox.status), Effect.provide(OutboxLive))
 * ```
 */
import type * as Pipeline from "@sluice/core/Pipeline"
import type { RateLimited } from "@sluice/core/RateLimited"
import type { RateLimiter } from "@sluice/core/RateLimiter"
import { Context, type DateTime, type Duration, Effect, Layer, type Option, type Schema, Stream } from "effect"
import type { HttpClientRequest, HttpRouter } from "effect/http"
import type * as Call from "./Call.ts"
import type { Failure } from "./Failure.ts"
import type {
  AnswerUnreadable,
  CallError,
  OutboxStoreError,
  TicketCancelled,
  TicketFailed,
  TicketMoved,
  TicketSuperseded,
  TicketUnknown
} from "./OutboxError.ts"
import { OutboxStore, type Query as StoreQuery } from "./OutboxStore.ts"
import * as Routes from "./page/Routes.ts"
import type { AnyProvider, Arrived, Doubt, Sendable } from "./Sendable.ts"
import type * as Draft from "./send/Draft.ts"
import type { Looked, Page, Summary } from "./status/Looking.ts"
import { type Answer, type Change, type Status, type Ticket, ticketOf } from "./Ticket.ts"
import type { Channel } from "./worker/Channel.ts"
import * as Serving from "./worker/Serving.ts"

export type { Answer, AnyProvider, Arrived, Change, Doubt, Failure, Looked, Page, Sendable, Status, Summary, Ticket }

/** What a sender may say of a call. */
export interface SendOptions<A = unknown> extends Draft.Options {
  /** How the body of the answer is read; by default as JSON if it is, else as text. */
  readonly answer?: Schema.ConstraintDecoder<A> | undefined
}

/** What is put right of a dead letter. */
export interface RetryOptions {
  /** The call to send instead, with an idempotency key of its own. */
  readonly request?: HttpClientRequest.HttpClientRequest | undefined
  /** By default as before, or never if that is over or was why it failed. */
  readonly expiresAt?: DateTime.Utc | undefined
}

/** Which tickets are listed, in the order in which they were stored. */
export interface Query {
  readonly states?: ReadonlyArray<Change["state"]> | undefined
  /** A provider's id. */
  readonly provider?: string | undefined
  readonly subject?: string | undefined
  /** The `place` of the last entry of the page before. */
  readonly after?: number | undefined
  /** Default 100. */
  readonly limit?: number | undefined
}

/** One ticket in a list. */
export interface Entry {
  readonly ticket: Ticket
  readonly place: number
  readonly provider: string
  readonly subject: Option.Option<string>
  /** For whom it was sent; empty for nobody in particular. */
  readonly tenant: string
  readonly call: Call.Call
  readonly createdAt: DateTime.Utc
  readonly status: Status
}

/** What an outbox does. Each of its functions is one of this module's, which take it from the context. */
export interface Service {
  readonly send: <A = unknown>(
    provider: AnyProvider,
    request: HttpClientRequest.HttpClientRequest,
    options?: SendOptions<A>
  ) => Effect.Effect<Ticket<A>, CallError | OutboxStoreError>
  readonly status: <A>(ticket: Ticket<A>) => Effect.Effect<Status<A>, StatusError>
  readonly await: <A>(ticket: Ticket<A>) => Effect.Effect<Answer<A>, AwaitError>
  readonly cancel: (ticket: Ticket) => Effect.Effect<void, TicketUnknown | TicketMoved | OutboxStoreError>
  readonly retry: (
    ticket: Ticket,
    options?: RetryOptions
  ) => Effect.Effect<void, TicketUnknown | TicketMoved | CallError | OutboxStoreError>
  readonly find: (query?: Query) => Effect.Effect<ReadonlyArray<Entry>, OutboxStoreError>
  /** What `find` does, with all that is kept of each ticket, and with searches: for those who show tickets. */
  readonly look: (query: StoreQuery) => Effect.Effect<Page, OutboxStoreError>
  readonly summary: Effect.Effect<ReadonlyArray<Summary>, OutboxStoreError>
  readonly purge: (endedBefore: DateTime.Utc) => Effect.Effect<number, OutboxStoreError>
  readonly changes: Stream.Stream<Change>
}

export type StatusError = TicketUnknown | AnswerUnreadable | OutboxStoreError
export type AwaitError = StatusError | TicketFailed | TicketCancelled | TicketSuperseded

export class Outbox extends Context.Service<Outbox, Service>()("@sluice/outbox/Outbox") {}

/** How an outbox works; times are durations. */
export interface Options {
  /** How many calls of one tenant on the same quotas are in the limiter's queue or under way at a time; default 8. */
  readonly concurrency?: number | undefined
  /** How often the store is looked at for what other processes wrote; default a second. What this one writes is seen at once. */
  readonly pollInterval?: Duration.Input | undefined
  /** After how long the calls of a process that has died are taken over; default 30 seconds. */
  readonly takeOverAfter?: Duration.Input | undefined
  /** How long an answer is waited for before the call is in doubt; default a minute. */
  readonly answerWithin?: Duration.Input | undefined
  /** How long what is under way may still be answered when the scope ends; default 10 seconds. */
  readonly drain?: Duration.Input | undefined
}

type ClientsOf<S extends Sendable> = S extends { readonly Client: Context.Key<infer I, infer _> } ? I : never

/**
 * An outbox that sends to these providers, each by its client in the context. Throws `RangeError` for options that cannot be.
 *
 * Leave the clients' `retry` unset: what they repeat themselves is one attempt here.
 */
export const layer = <const S extends ReadonlyArray<Sendable>>(
  providers: S,
  options: Options = {}
): Layer.Layer<Outbox, OutboxStoreError, OutboxStore | RateLimiter | ClientsOf<S[number]>> =>
  Layer.effect(
    Outbox,
    Effect.gen(function* () {
      const context = yield* Effect.context<ClientsOf<S[number]>>()
      const channels = new Map<string, Channel>()
      for (const { Client, RateLimited, arrived, provider } of providers) {
        const client: Pipeline.Client<RateLimited> = Context.getUnsafe(context, Client)
        channels.set(provider.id, { provider, client, refusals: RateLimited, arrived })
      }
      return yield* Serving.make(channels, options)
    })
  )

/** Stores calls, lets others send them, and tells what became of them: for processes that have no keys. */
export const layerSender = (
  options: Pick<Options, "pollInterval"> = {}
): Layer.Layer<Outbox, OutboxStoreError, OutboxStore | RateLimiter> =>
  Layer.effect(Outbox, Serving.make(undefined, options))

export {
  /** A ticket by its id, of a call that was sent before, perhaps by another process. */
  ticketOf as ticket
}

/**
 * Stores a call and gives its ticket at once; it is sent when its quota has room. What is answered here is on the disk.
 *
 * Fails with a `CallError` for a request that cannot or must not be stored, and with an `OutboxStoreError` where the store
 * is away: then send it again under the same `id`, and it is stored once.
 */
export const send = <A = unknown>(
  provider: AnyProvider,
  request: HttpClientRequest.HttpClientRequest,
  options?: SendOptions<A>
): Effect.Effect<Ticket<A>, CallError | OutboxStoreError, Outbox> =>
  Outbox.use((outbox) => outbox.send(provider, request, options))

/** How a ticket stands now, and when it is expected to be sent: a lower bound, as far as the limiter knows. */
export const status = <A>(ticket: Ticket<A>): Effect.Effect<Status<A>, StatusError, Outbox> =>
  Outbox.use((outbox) => outbox.status(ticket))

const await_ = <A>(ticket: Ticket<A>): Effect.Effect<Answer<A>, AwaitError, Outbox> =>
  Outbox.use((outbox) => outbox.await(ticket))
export {
  /**
   * Waits for the answer, however long that takes, whichever process sends the call. Fails if the ticket has failed, was
   * cancelled or superseded; interrupting it changes nothing of the call.
   */
  await_ as await
}

/** Cancels what waits, or gives a dead letter up, so that those behind it go on. Fails with `TicketMoved` for what was sent. */
export const cancel = (ticket: Ticket): Effect.Effect<void, TicketUnknown | TicketMoved | OutboxStoreError, Outbox> =>
  Outbox.use((outbox) => outbox.cancel(ticket))

/** Sends a dead letter again, as it was or put right; it keeps its place if it held others. Fails with `TicketMoved` for any other. */
export const retry = (
  ticket: Ticket,
  options?: RetryOptions
): Effect.Effect<void, TicketUnknown | TicketMoved | CallError | OutboxStoreError, Outbox> =>
  Outbox.use((outbox) => outbox.retry(ticket, options))

/** Lists tickets, page by page: `find({ states: ["failed"] })` are the dead letters. */
export const find = (query?: Query): Effect.Effect<ReadonlyArray<Entry>, OutboxStoreError, Outbox> =>
  Outbox.use((outbox) => outbox.find(query))

/** How much waits at each provider, is under way and has failed, and until about when, however many there are. */
export const summary: Effect.Effect<ReadonlyArray<Summary>, OutboxStoreError, Outbox> = Outbox.use(
  (outbox) => outbox.summary
)

/** Forgets tickets that were done, cancelled or superseded before an instant, and tells how many; dead letters stay. */
export const purge = (endedBefore: DateTime.Utc): Effect.Effect<number, OutboxStoreError, Outbox> =>
  Outbox.use((outbox) => outbox.purge(endedBefore))

/** What becomes of all tickets, from now on, whichever process sees to it. */
export const changes: Stream.Stream<Change, never, Outbox> = Stream.unwrap(Outbox.useSync((outbox) => outbox.changes))

/** Where the page is, who may look at it, and what it shows. */
export interface PageOptions {
  /** Its path; default `"/outbox"`. What is below it is the page's too. */
  readonly path?: `/${string}` | undefined
  /**
   * Who is answered: this machine alone (`"loopback"`, default), or whoever comes so far, which is right only where your own
   * authentication comes first (`"behindOwnAuthentication"`).
   */
  readonly access?: "loopback" | "behindOwnAuthentication" | undefined
  /** What is shown besides; default nothing: what follows the question mark of an address, headers, bodies, idempotency keys. */
  readonly shows?: ReadonlyArray<"queries" | "headers" | "bodies" | "keys"> | undefined
}

/**
 * A status page with a small JSON API, for mounting in any server of `effect/http`: what waits, for which provider, until about
 * when, what failed and why, live; and buttons to retry and to cancel. Throws `RangeError` for options that cannot be.
 *
 * It answers only to its own machine, unless it is told that it is mounted behind your own authentication. Headers, bodies,
 * queries and keys are not shown unless they are asked for.
 *
 * @example
 * ```ts
 * import { Outbox } from "@sluice/outbox"
 * import { HttpRouter } from "effect/http"
 *
 * const ServerLive = HttpRouter.serve(Outbox.routes({ path: "/outbox" }))
 * ```
 */
export const routes = (
  options: PageOptions = {}
): Layer.Layer<never, never, HttpRouter.HttpRouter | Outbox | OutboxStore> => {
  const checked = Routes.check(options)
  return Layer.unwrap(
    Effect.gen(function* () {
      return Routes.layer(yield* Outbox, yield* OutboxStore, checked)
    })
  )
}
