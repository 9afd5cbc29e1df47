/** What scripts are told of a ticket and tell of one, as this side has it; and what is made of what Redis says. */
import { DateTime, Effect, Option, type Schema } from "effect"
import { Redis } from "effect/persistence"
import { Expired, type Failure, Unanswered } from "../Failure.ts"
import { OutboxStoreError, TicketMoved, TicketUnknown } from "../OutboxError.ts"
import type { Correction, End, New, Stored } from "../OutboxStore.ts"
import { callWords, failureWords } from "../status/Seen.ts"
import * as Rows from "../store/Rows.ts"
import type { Flat } from "./Scripts.ts"

/** What there is of fields and values. */
export const pairs = (fields: Readonly<Record<string, string | number | null>>): ReadonlyArray<string | number> =>
  Object.entries(fields).flatMap(([field, value]) => (value === null ? [] : [field, value]))

export const fieldsOf = ({ call, expiresAt, mergeKey, ...ticket }: New) =>
  pairs({
    id: ticket.id,
    provider: ticket.provider,
    route: ticket.route,
    subject: ticket.subject,
    target: Rows.targetOf(call),
    priority: ticket.priority,
    call: Rows.encodeCall(call),
    idempotency_key: ticket.idempotencyKey,
    expires_at: expiresAt,
    ...(expiresAt !== null && { expiry: expiryOf(expiresAt).text, expiry_said: expiryOf(expiresAt).said }),
    max_attempts: ticket.maxAttempts,
    when_in_doubt: ticket.whenInDoubt,
    merge_key: mergeKey,
    ...callWords({ ...ticket, call })
  })

/** What is put right of a dead letter. */
export const correctionOf = (
  { id, provider, subject }: Stored,
  { call, idempotencyKey, route }: NonNullable<Correction["call"]>
) =>
  pairs({
    call: Rows.encodeCall(call),
    target: Rows.targetOf(call),
    route,
    idempotency_key: idempotencyKey,
    ...callWords({ id, provider, subject, call })
  })

/** Why it will have failed if it has not been sent by then: a script cannot write it. */
export const expiryOf = (expiresAt: number): { readonly text: string; readonly said: string } => {
  const failure = new Expired({ expiresAt: DateTime.makeUnsafe(expiresAt), earliest: Option.none() })
  return { text: Rows.encodeFailure(failure), said: failureWords(failure).said }
}

const lost = new Unanswered({ said: "the worker that sent it ended before it saw an answer", isUnsent: false })
export const lostWhileSending = { text: Rows.encodeTrouble(lost), said: failureWords(lost).said }

export const endOf = (
  end: End
): {
  readonly text: string
  readonly why: Failure | null
  readonly isHolding?: boolean
  readonly isInDoubt?: boolean
  readonly dueAt?: number
} => {
  switch (end._tag) {
    case "Done":
      return { text: Rows.encodeAnswer(end.answer), why: null, isHolding: false }
    case "Failed": {
      const { failure, isInDoubt } = end
      return { text: Rows.encodeFailure(failure), why: failure, isHolding: failure._tag !== "Expired", isInDoubt }
    }
    case "Unsent":
      return { text: end.trouble === null ? "" : Rows.encodeTrouble(end.trouble), why: end.trouble, dueAt: end.dueAt }
    case "Again":
      return {
        text: Rows.encodeTrouble(end.trouble),
        why: end.trouble,
        isInDoubt: end.isInDoubt,
        dueAt: end.dueAt
      }
    case "Apart":
      return { text: Rows.encodeTrouble(end.trouble), why: end.trouble }
  }
}

/** Of a hash, what is missing is nothing. */
export const storedOf = (flats: ReadonlyArray<Flat>): Effect.Effect<ReadonlyArray<Stored>, Schema.SchemaError> =>
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

export const moved = (
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
export const failing =
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
