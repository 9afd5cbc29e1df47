/** Makes what is stored of what a sender gives, or says what is wrong with it. */
import { Tenant } from "@sluice/core/RateLimiter"
import { Clock, DateTime, Effect } from "effect"
import { SecureRandom } from "effect/crypto"
import type { HttpClientRequest } from "effect/http"
import * as Call from "../Call.ts"
import { CallError } from "../OutboxError.ts"
import type { New } from "../OutboxStore.ts"
import type { AnyProvider } from "../Sendable.ts"
import { routeOf, tenantOf } from "../worker/Route.ts"
import * as Merging from "./Merging.ts"

/** What may be said of a call, without what is only of concern when it is read. */
export interface Options {
  /** What the call is about, a contact say: calls of one subject go to their provider in order, one at a time. */
  readonly subject?: string | undefined
  /**
   * Whether the call takes the place of earlier ones of its subject with the same method and address that have not been
   * sent, or have failed; default `false`.
   */
  readonly supersede?: boolean | undefined
  /**
   * Whether the call may go as one with those right before and behind it in its subject that say so too and differ in their
   * bodies only; default `false`. It has to be a PATCH of a JSON object. Later fields take the place of earlier ones of the
   * same name, as a whole: what is within them is not merged. Each ticket gets the one answer; if the server refuses the
   * merged call for what it says, each is sent by itself.
   */
  readonly merge?: boolean | undefined
  /** From when on it is not to be sent any more; default never. */
  readonly expiresAt?: DateTime.Utc | undefined
  /** Higher goes first, in the outbox as in the limiter; default 0. */
  readonly priority?: number | undefined
  /** How often it is sent, refusals included, before it is a dead letter; default 20, which takes hours. */
  readonly maxAttempts?: number | undefined
  /**
   * What becomes of a call that may have arrived, cannot be told, and would be carried out twice: it is sent again
   * (`"send"`, default), or held among the dead letters until somebody has looked (`"hold"`).
   */
  readonly whenInDoubt?: "send" | "hold" | undefined
  /** The ticket's own name, by default a random one. A call under a name that is known already is not stored again. */
  readonly id?: string | undefined
}

const longestName = 256

/** A ticket that is ready to be stored. Throws nothing: whatever is wrong is a `CallError`. */
export const make = (
  provider: AnyProvider,
  request: HttpClientRequest.HttpClientRequest,
  options: Options
): Effect.Effect<New, CallError> =>
  Effect.gen(function* () {
    const { expiresAt: wantedUntil, id, maxAttempts = 20, merge = false, priority = 0, subject } = options
    const { supersede = false, whenInDoubt = "send" } = options
    const call = yield* Call.fromRequest(provider, request)
    yield* named("options.subject", subject, "Name what the call is about, or leave it out.")
    yield* named("options.id", id, "Give a name of your own, or leave it out for a random one.")
    if ((supersede || merge) && subject === undefined) {
      return yield* new CallError({
        field: "options.subject",
        rule: `a name where ${supersede ? "supersede" : "merge"} is true`,
        value: "undefined",
        remedy: "Say which calls are about the same thing: only among those is there an earlier one."
      })
    }
    yield* whole("options.priority", priority, -Infinity, "a whole number")
    yield* whole("options.maxAttempts", maxAttempts, 1, "a whole number, 1 or more")
    yield* ahead(wantedUntil)
    const expiresAt = wantedUntil === undefined ? null : DateTime.toEpochMillis(wantedUntil)
    const route = routeOf(provider, Call.toRequest(call), yield* Tenant)
    const mergeKey = Merging.keyOf({ call, route, expiresAt, maxAttempts, whenInDoubt })
    if (merge && mergeKey === undefined) {
      return yield* new CallError({
        field: "options.merge",
        rule: "a PATCH whose body is a JSON object, of numbers of fifteen digits at most",
        value: `true with a ${call.method}`,
        remedy: "Leave it out where the call is something else: it goes by itself."
      })
    }
    const name = id ?? SecureRandom.uuidV4Unsafe()
    return {
      id: name,
      provider: provider.id,
      route,
      subject: subject ?? null,
      supersedes: supersede,
      mergeKey: (merge ? mergeKey : undefined) ?? null,
      priority,
      call,
      // A name of the sender's own may be used by others of the same key; an idempotency key must not.
      idempotencyKey: id === undefined ? name : SecureRandom.uuidV4Unsafe(),
      expiresAt,
      maxAttempts,
      whenInDoubt
    }
  })

/**
 * What is put right of a dead letter of a route, which stays its tenant's: another call has another key, as servers remember
 * what came with the first.
 */
export const correction = (
  provider: AnyProvider,
  request: HttpClientRequest.HttpClientRequest,
  route: string
): Effect.Effect<{ readonly call: Call.Call; readonly route: string; readonly idempotencyKey: string }, CallError> =>
  Effect.map(Call.fromRequest(provider, request), (call) => ({
    call,
    route: routeOf(provider, Call.toRequest(call), tenantOf(route)),
    idempotencyKey: SecureRandom.uuidV4Unsafe()
  }))

/** An instant that is still to come. */
export const ahead = (expiresAt: DateTime.Utc | undefined): Effect.Effect<void, CallError> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) =>
    expiresAt === undefined || DateTime.toEpochMillis(expiresAt) > now
      ? Effect.void
      : Effect.fail(
          new CallError({
            field: "options.expiresAt",
            rule: "an instant that is still to come",
            value: DateTime.formatIso(expiresAt),
            remedy: `It is ${DateTime.formatIso(DateTime.makeUnsafe(now))} now: give a later one, or none.`
          })
        )
  )

const named = (field: string, value: string | undefined, remedy: string) =>
  value === undefined || (value.length > 0 && value.length <= longestName)
    ? Effect.void
    : Effect.fail(
        new CallError({
          field,
          rule: `a text of 1 to ${longestName} characters`,
          value: value === "" ? '""' : `one of ${value.length}`,
          remedy
        })
      )

const whole = (field: string, value: number, minimum: number, rule: string) =>
  Number.isSafeInteger(value) && value >= minimum
    ? Effect.void
    : Effect.fail(new CallError({ field, rule, value: String(value), remedy: "Give one, or leave it out." }))
