/** An outbox over a store: with a worker, if it has providers to send to, and without one otherwise. */
import { RateLimiter } from "@sluice/core/RateLimiter"
import { Clock, DateTime, Duration, Effect, Option, PubSub } from "effect"
import { SecureRandom } from "effect/crypto"
import type { AwaitError, Entry, Options, Service } from "../Outbox.ts"
import { CallError, TicketCancelled, TicketFailed, TicketSuperseded } from "../OutboxError.ts"
import { OutboxStore, type Stored } from "../OutboxStore.ts"
import type { AnyProvider } from "../Sendable.ts"
import * as Draft from "../send/Draft.ts"
import * as Looking from "../status/Looking.ts"
import * as Reading from "../status/Reading.ts"
import { type Answer, type Change, type Ticket, ticketOf } from "../Ticket.ts"
import type { Channel } from "./Channel.ts"
import { Follower } from "./Follower.ts"
import { tenantOf } from "./Route.ts"
import { Worker } from "./Worker.ts"

export const make = (channels: ReadonlyMap<string, Channel> | undefined, options: Options) =>
  Effect.gen(function* () {
    const store = yield* OutboxStore
    const limiter = yield* RateLimiter
    const pollInterval = duration("pollInterval", options.pollInterval ?? "1 second")
    const follower = new Follower(store, yield* PubSub.sliding<Change>(1024))
    yield* Effect.forkScoped(follower.follow(yield* store.revision, pollInterval), { startImmediately: true })
    const queued = new Map<string, number>()
    if (channels !== undefined) {
      const worker = new Worker(
        {
          store,
          limiter,
          queued,
          bell: follower.bell,
          worker: SecureRandom.uuidV4Unsafe(),
          ownedMillis: Duration.toMillis(duration("takeOverAfter", options.takeOverAfter ?? "30 seconds")),
          answerWithin: duration("answerWithin", options.answerWithin ?? "1 minute")
        },
        channels,
        yield* Effect.context<never>(),
        {
          concurrency: positive("concurrency", options.concurrency ?? 8),
          pollInterval,
          drain: duration("drain", options.drain ?? "10 seconds", 0)
        }
      )
      follower.onChange = (ticket) => worker.changed(ticket)
      yield* Effect.addFinalizer(() => worker.close)
      yield* Effect.forkScoped(worker.work, { startImmediately: true })
      yield* Effect.forkScoped(worker.keep, { startImmediately: true })
    }
    const ringing = Effect.sync(() => follower.bell.ring())
    const reader: Reading.Reader = { store, limiter, channels: channels ?? new Map(), queued }
    return {
      send: (provider, request, options = {}) =>
        Effect.gen(function* () {
          const known = channels === undefined ? provider : yield* knownOf(channels, provider.id)
          const draft = yield* Draft.make({ ...known, baseUrl: provider.baseUrl }, request, options)
          yield* store.insert(draft, yield* Clock.currentTimeMillis)
          yield* ringing
          return ticketOf(draft.id, options.answer)
        }),
      status: (ticket) => Effect.flatMap(store.get(ticket.id), (stored) => Reading.statusOf(reader, ticket, stored)),
      await: (ticket) =>
        follower.until(
          ticket.id,
          Effect.flatMap(store.get(ticket.id), (stored) => ended(ticket, stored))
        ),
      cancel: ({ id }) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => Effect.andThen(store.cancel(id, now), ringing)),
      retry: ({ id }, { expiresAt, request } = {}) =>
        Effect.gen(function* () {
          yield* Draft.ahead(expiresAt)
          const { provider, route } = yield* store.get(id)
          const call =
            request === undefined
              ? undefined
              : yield* Effect.flatMap(knownOf(channels, provider), (known) => Draft.correction(known, request, route))
          const correction = {
            call,
            ...(expiresAt !== undefined && { expiresAt: DateTime.toEpochMillis(expiresAt) })
          }
          yield* store.retry(id, correction, yield* Clock.currentTimeMillis)
          yield* ringing
        }),
      find: ({ limit = 100, states, ...query } = {}) =>
        Effect.map(
          Looking.look(reader, {
            ...query,
            limit,
            states: states?.flatMap((state) => (state === "waiting" ? [state, "taken" as const] : [state]))
          }),
          ({ tickets }) => tickets.map(entryOf)
        ),
      purge: (endedBefore) => store.purge(DateTime.toEpochMillis(endedBefore)),
      look: (query) => Looking.look(reader, query),
      summary: Looking.summary(reader),
      changes: follower.changes
    } satisfies Service
  })

const ended = <A>(ticket: Ticket<A>, stored: Stored): Effect.Effect<Option.Option<Answer<A>>, AwaitError> => {
  const { failure, id, state, supersededBy } = stored
  switch (state) {
    case "done":
      return Effect.map(Reading.answerOf(ticket, stored), Option.some)
    case "failed":
      return failure === null
        ? Effect.die(new Error(`ticket ${id} failed, and nothing is written down of why`))
        : Effect.fail(new TicketFailed({ id, why: failure }))
    case "cancelled":
      return Effect.fail(new TicketCancelled({ id }))
    case "superseded":
      return Effect.fail(new TicketSuperseded({ id, by: supersededBy ?? "" }))
    default:
      return Effect.succeedNone
  }
}

const entryOf = ({ status, stored }: Looking.Looked): Entry => ({
  ticket: ticketOf(stored.id),
  place: stored.place,
  provider: stored.provider,
  subject: Option.fromNullOr(stored.subject),
  tenant: tenantOf(stored.route).name,
  call: stored.call,
  createdAt: DateTime.makeUnsafe(stored.createdAt),
  status
})

/** The provider as this outbox knows it: its quotas may be others than those of the value at hand. */
const knownOf = (
  channels: ReadonlyMap<string, Channel> | undefined,
  id: string
): Effect.Effect<AnyProvider, CallError> => {
  const known = channels?.get(id)?.provider
  return known === undefined
    ? Effect.fail(
        new CallError({
          field: "provider",
          rule: `one that this outbox sends to (${[...(channels?.keys() ?? [])].join(", ") || "none"})`,
          value: id,
          remedy: "Name it in Outbox.layer, or store calls for others to send with Outbox.layerSender."
        })
      )
    : Effect.succeed(known)
}

function duration(field: string, input: Duration.Input, leastMillis = 1): Duration.Duration {
  return Option.getOrThrowWith(
    Option.filter(
      Duration.fromInput(input),
      (value) => Duration.toMillis(value) >= leastMillis && Duration.isFinite(value)
    ),
    () => new RangeError(`Outbox: ${field} takes a duration such as "2 seconds", but was given ${String(input)}.`)
  )
}

function positive(field: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value
  throw new RangeError(`Outbox: ${field} takes a whole number, 1 or more, but was given ${value}.`)
}
