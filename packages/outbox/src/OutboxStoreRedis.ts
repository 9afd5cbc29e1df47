/**
 * Tickets in Redis (or Valkey), for several machines. The driver is the program's: `NodeRedis.layer` of
 * `@effect/platform-node`, for one.
 *
 * Every operation is one script, and none lasts longer because more tickets wait. Keys begin with a prefix and a hash tag,
 * so that on a cluster they are all on one node.
 *
 * What Redis has acknowledged is as safe as it is set up to be. `appendonly yes` with `appendfsync always` keeps what an outbox
 * promises: with `everysec`, a crash of the machine loses up to a second of calls that were acknowledged, and sends
 * again what was sent in it; without `appendonly`, each restart loses much more. `maxmemory-policy` has to be `noeviction`.
 * A replica that takes over may not have seen the last calls.
 *
 * @example
 * ```ts
 * import { NodeRedis } from "@effect/platform-node"
 * import * as OutboxStoreRedis from "@sluice/outbox/OutboxStoreRedis"
 * import { Layer } from "effect"
 *
 * const StoreLive = OutboxStoreRedis.layer().pipe(Layer.provide(NodeRedis.layer({ url: "redis://127.0.0.1:6379" })))
 * ```
 */
import { DateTime, Effect, Layer, Option, type Schema } from "effect"
import { Redis } from "effect/persistence"
import { Expired, Unanswered } from "./Failure.ts"
import { OutboxStoreError, TicketMoved, TicketUnknown } from "./OutboxError.ts"
import { type End, OutboxStore, type Stored } from "./OutboxStore.ts"
import * as Questions from "./redis/Questions.ts"
import * as Scripts from "./redis/Scripts.ts"
import * as Rows from "./store/Rows.ts"

export interface Options {
  /** What every key begins with; default `"sluice"`. Outboxes of different prefixes know nothing of each other. */
  readonly prefix?: string | undefined
}

/** A store over the Redis of the context. */
export const layer = ({ prefix = "sluice" }: Options = {}): Layer.Layer<OutboxStore, never, Redis.Redis> =>
  Layer.effect(
    OutboxStore,
    Redis.Redis.useSync((redis) => make(redis, `${prefix}:{outbox}`))
  )

const make = (redis: Redis.Redis["Service"], base: string): OutboxStore["Service"] => ({
  insert: ({ call, expiresAt, mergeKey, supersedes, ...ticket }, now) =>
    redis
      .eval(Scripts.insert)(
        base,
        now,
        supersedes ? "1" : "0",
        ...pairs({
          id: ticket.id,
          provider: ticket.provider,
          route: ticket.route,
          subject: ticket.subject,
          target: Rows.targetOf(call),
          priority: ticket.priority,
          call: Rows.encodeCall(call),
          idempotency_key: ticket.idempotencyKey,
          expires_at: expiresAt,
          expiry: expiresAt === null ? null : expiryOf(expiresAt),
          max_attempts: ticket.maxAttempts,
          when_in_doubt: ticket.whenInDoubt,
          merge_key: mergeKey
        })
      )
      .pipe(Effect.asVoid, failing("store a call")),

  get: (id) =>
    redis
      .eval(Questions.get)(base, id)
      .pipe(
        Effect.flatMap(storedOf),
        Effect.flatMap(([ticket]) => (ticket ? Effect.succeed(ticket) : Effect.fail(new TicketUnknown({ id })))),
        failing("look a ticket up")
      ),

  find: ({ limit, provider = "", states, subject = "", ...query }) =>
    Effect.gen(function* () {
      const keys = states === undefined ? ["all"] : [...new Set(states)].map((state) => `state:${state}`)
      const found: Array<Stored> = []
      let after: string | null = String(query.after ?? 0)
      while (after !== null && found.length < limit) {
        const [tickets, next]: readonly [ReadonlyArray<Scripts.Flat>, string | null] = yield* redis.eval(
          Questions.find
        )(base, after, limit - found.length, provider, subject, ...keys)
        found.push(...(yield* storedOf(tickets)))
        after = next
      }
      return found
    }).pipe(failing("list tickets")),

  ahead: ({ place, priority, provider, route }) =>
    redis.eval(Questions.ahead)(base, provider, route, priority, place, most).pipe(failing("count tickets")),

  blockerOf: ({ place, provider, subject }) =>
    subject === null
      ? Effect.undefined
      : redis
          .eval(Questions.blockerOf)(base, provider, subject, place)
          .pipe(
            Effect.map((id) => id ?? undefined),
            failing("look a subject up")
          ),

  routes: (providers) =>
    redis
      .eval(Questions.routes)(base, ...providers)
      .pipe(
        Effect.map((found) => found.map(([provider, route]) => ({ provider, route }))),
        failing("list routes")
      ),

  tend: (worker, now) =>
    redis
      .eval(Scripts.tend)(base, now, worker, lostWhileSending)
      .pipe(
        Effect.map((found) => found === 1),
        failing("tend its tickets")
      ),

  take: ({ provider, route }, { limit, now, until, worker }) =>
    redis
      .eval(Scripts.take)(base, now, provider, route, worker, until, limit)
      .pipe(
        Effect.flatMap(
          Effect.forEach((flats) =>
            Effect.map(storedOf(flats), ([own, ...merged]) => (own === undefined ? [] : [{ ...own, merged }]))
          )
        ),
        Effect.map((taken) => taken.flat()),
        failing("take tickets")
      ),

  recall: (worker, known, now) =>
    redis
      .eval(Scripts.recall)(base, now, worker, ...known)
      .pipe(Effect.asVoid, failing("give back what it has taken")),

  begin: (id, { merged = 0, now, until, worker }) =>
    redis
      .eval(Scripts.begin)(base, now, id, worker, until, merged)
      .pipe(
        Effect.map((begun) => begun === 1),
        failing("mark a ticket as sent")
      ),

  end: (id, worker, end, now) => {
    const { dueAt = 0, isHolding = true, isInDoubt = false, text } = told(end)
    return redis
      .eval(Scripts.end)(base, now, id, worker, end._tag, text, isHolding ? "1" : "0", isInDoubt ? "1" : "0", dueAt)
      .pipe(
        Effect.map((ended) => ended === 1),
        failing("write down how a call ended")
      )
  },

  renew: ({ until, worker }) =>
    redis.eval(Scripts.renew)(base, 0, worker, until).pipe(Effect.asVoid, failing("keep what it has taken")),

  cancel: (id, now) =>
    redis
      .eval(Scripts.cancel)(base, now, id)
      .pipe(
        Effect.flatMap((state) => moved(id, "cancel", state, ["waiting", "taken", "failed", "cancelled"])),
        failing("cancel a ticket")
      ),

  retry: (id, { call, expiresAt }, now) =>
    redis
      .eval(Scripts.retry)(
        base,
        now,
        id,
        expiresAt === undefined ? "" : (expiresAt ?? "none"),
        expiresAt == null ? "" : expiryOf(expiresAt),
        ...(call === undefined
          ? []
          : pairs({
              call: Rows.encodeCall(call.call),
              target: Rows.targetOf(call.call),
              route: call.route,
              idempotency_key: call.idempotencyKey
            }))
      )
      .pipe(
        Effect.flatMap((state) => moved(id, "retry", state, ["failed"])),
        failing("send a dead letter again")
      ),

  changes: (after, limit) =>
    redis.eval(Questions.changes)(base, after, limit).pipe(Effect.flatMap(storedOf), failing("read its changes")),

  revision: redis.eval(Questions.revision)(base).pipe(Effect.map(Number), failing("read its changes")),

  nextAt: (worker) =>
    redis
      .eval(Questions.nextAt)(base, worker)
      .pipe(
        Effect.map((found) => Math.min(...found.map(Number))),
        failing("look for what comes next")
      ),

  purge: (before) =>
    Effect.gen(function* () {
      let forgotten = 0
      for (let last = -1; last !== 0; forgotten += last) last = yield* redis.eval(Scripts.purge)(base, before)
      return forgotten
    }).pipe(failing("forget tickets"))
})

/** So many tickets are counted at most, as in every store. */
const most = 10_000

const lostWhileSending = Rows.encodeTrouble(
  new Unanswered({ said: "the worker that sent it ended before it saw an answer", isUnsent: false })
)

/** Why it will have failed if it has not been sent by then: a script cannot write it. */
const expiryOf = (expiresAt: number): string =>
  Rows.encodeFailure(new Expired({ expiresAt: DateTime.makeUnsafe(expiresAt), earliest: Option.none() }))

/** What there is of fields and values. */
const pairs = (fields: Readonly<Record<string, string | number | null>>): ReadonlyArray<string | number> =>
  Object.entries(fields).flatMap(([field, value]) => (value === null ? [] : [field, value]))

const told = (
  end: End
): {
  readonly text: string
  readonly isHolding?: boolean
  readonly isInDoubt?: boolean
  readonly dueAt?: number
} => {
  switch (end._tag) {
    case "Done":
      return { text: Rows.encodeAnswer(end.answer), isHolding: false }
    case "Failed":
      return {
        text: Rows.encodeFailure(end.failure),
        isHolding: end.failure._tag !== "Expired",
        isInDoubt: end.isInDoubt
      }
    case "Unsent":
      return { text: end.trouble === null ? "" : Rows.encodeTrouble(end.trouble), dueAt: end.dueAt }
    case "Again":
      return { text: Rows.encodeTrouble(end.trouble), isInDoubt: end.isInDoubt, dueAt: end.dueAt }
    case "Apart":
      return { text: Rows.encodeTrouble(end.trouble) }
  }
}

/** Of a hash, what is missing is nothing. */
const storedOf = (flats: ReadonlyArray<Scripts.Flat>): Effect.Effect<ReadonlyArray<Stored>, Schema.SchemaError> =>
  Effect.map(
    Rows.decodeColumns(
      flats.map((flat) => {
        const row: Record<string, string | null> = { ...Rows.nothing }
        for (let i = 0; i + 1 < flat.length; i += 2) row[flat[i] ?? ""] = flat[i + 1] ?? null
        return row
      })
    ),
    (rows) => rows.map(Rows.storedOf)
  )

const moved = (
  id: string,
  action: TicketMoved["action"],
  state: string | null,
  allowed: ReadonlyArray<string>
): Effect.Effect<void, TicketUnknown | TicketMoved> =>
  state === null
    ? Effect.fail(new TicketUnknown({ id }))
    : allowed.includes(state)
      ? Effect.void
      : Effect.fail(new TicketMoved({ id, action, state }))

/** What is no answer about a ticket is Redis's fault. */
const failing =
  (operation: string) =>
  <A, E, R>(
    self: Effect.Effect<A, E | Redis.RedisError | Schema.SchemaError, R>
  ): Effect.Effect<A, Exclude<E, Redis.RedisError | Schema.SchemaError> | OutboxStoreError, R> =>
    Effect.mapError(self, (error) =>
      error instanceof TicketUnknown || error instanceof TicketMoved
        ? (error as Exclude<E, Redis.RedisError | Schema.SchemaError>)
        : new OutboxStoreError({ operation, isRetryable: mayPass(error), cause: error })
    )

/** What Redis refuses whatever is done about it, and what cannot be read, does not pass. */
const mayPass = (error: unknown): boolean =>
  error instanceof Redis.RedisError &&
  !/CROSSSLOT|NOAUTH|NOPERM|WRONGPASS|WRONGTYPE|ERR Error (?:compiling|running) script/.test(String(error.cause))
