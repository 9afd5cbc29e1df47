/** One attempt to send a ticket: marks it as sent when its turn has come, sends it, and says what follows. */
import * as Pipeline from "@sluice/core/Pipeline"
import * as RateLimiter from "@sluice/core/RateLimiter"
import * as RetrySchedule from "@sluice/core/RetrySchedule"
import { Cause, Clock, DateTime, Deferred, Duration, Effect, Exit, Option, Predicate, Schedule } from "effect"
import { Headers, type HttpClientRequest, type HttpClientResponse } from "effect/http"
import { AttemptsExhausted, Expired, InDoubt, Unanswered } from "../Failure.ts"
import type { OutboxStore, Stored, StoredAnswer, Taken } from "../OutboxStore.ts"
import type { Bell } from "./Bell.ts"
import { type Channel, isRepeatable, requestOf } from "./Channel.ts"
import { earliest } from "./Estimate.ts"
import { tenantOf } from "./Route.ts"
import { judge, type Verdict } from "./Verdict.ts"

export interface Sender {
  readonly limiter: RateLimiter.Service
  /** When the calls in the limiter's queue were expected to be admitted, as they came there. */
  readonly queued: Map<string, number>
  readonly store: OutboxStore["Service"]
  readonly worker: string
  /** How long a mark of ownership holds. */
  readonly ownedMillis: number
  /** Rung when a ticket was marked as sent. */
  readonly bell: Bell
  /** How long an answer is waited for, from the mark on. */
  readonly answerWithin: Duration.Duration
}

/** What the ticket was marked as sent, or why it must not be sent. */
export interface Marked {
  hasBegun: boolean
}

/**
 * How the attempt ended, and what follows; none if the ticket is no longer this worker's, so that nothing is to be said of
 * it. Only what `restore` surrounds may be interrupted: what has been marked as sent is judged in any case.
 */
export const send = (
  sender: Sender,
  channel: Channel,
  ticket: Taken,
  marked: Marked,
  restore: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
): Effect.Effect<Option.Option<Verdict>> =>
  Effect.gen(function* () {
    const startedAt = yield* Clock.currentTimeMillis
    const unwanted = expiry(ticket, startedAt) ?? refuse(channel, ticket, startedAt)
    if (unwanted !== undefined) return Option.some(unwanted)
    const found = yield* ask(channel, ticket, startedAt, restore)
    if (found !== undefined) return Option.some(found)
    const begun = yield* Deferred.make<void>()
    let attempts = ticket.attempts
    const mark = Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const isOurs = yield* sender.store
        .begin(ticket.id, {
          worker: sender.worker,
          until: now + sender.ownedMillis,
          now,
          merged: ticket.merged.length
        })
        .pipe(
          Effect.catchDefect(Effect.fail),
          Effect.catch((error) => Effect.die(new NotMarked({ error })))
        )
      if (!isOurs) return yield* Effect.die(new NotMarked(undefined))
      attempts++
      marked.hasBegun = true
      sender.bell.ring()
      yield* Deferred.succeed(begun, undefined)
    }).pipe(Effect.uninterruptible)
    let request: HttpClientRequest.HttpClientRequest | undefined
    const answered = Effect.suspend(() => {
      request = requestOf(channel, ticket)
      const noted = Effect.map(earliest(sender.limiter, channel, request, ticket.route, 0), (at) => {
        if (Option.isSome(at)) sender.queued.set(ticket.id, at.value)
      })
      return Effect.andThen(noted, channel.client.execute(request))
    }).pipe(
      Effect.provideService(Pipeline.BeforeSend, mark),
      // Refusals are this outbox's to repeat, unless the client was told otherwise.
      Effect.provideService(RetrySchedule.Default, Schedule.recurs(0)),
      RateLimiter.priority(ticket.priority),
      Effect.provideService(RateLimiter.Tenant, tenantOf(ticket.route))
    )
    const inTime = ticket.expiresAt === null ? answered : RateLimiter.within(answered, ticket.expiresAt - startedAt)
    const tooLong = Deferred.await(begun).pipe(
      Effect.andThen(Effect.sleep(sender.answerWithin)),
      Effect.andThen(Effect.fail(new Cause.TimeoutError(`none within ${Duration.format(sender.answerWithin)}`)))
    )
    const exit = yield* Effect.raceFirst(inTime, tooLong).pipe(
      Effect.flatMap((response) => read(response, sender.answerWithin)),
      restore,
      Effect.ensuring(Effect.sync(() => sender.queued.delete(ticket.id))),
      Effect.exit
    )
    const now = yield* Clock.currentTimeMillis
    const notMarked = Exit.isFailure(exit) ? notMarkedOf(exit.cause) : undefined
    if (notMarked !== undefined) return afterNoMark(notMarked, ticket, now)
    const verdict = judge(exit, {
      ticket,
      attempts,
      hasBegun: marked.hasBegun,
      isRepeatable: isRepeatable(channel, { ...ticket, firstSentAt: ticket.firstSentAt ?? now }, now),
      repeatsRefused: request === undefined || Exit.isSuccess(exit) || channel.provider.repeatsRefused(request),
      canAsk: channel.arrived !== undefined,
      now
    })
    return Option.some(ticket.merged.length === 0 ? verdict : apart(verdict))
  })

/** What is wrong with one change must not fail the others: each gets an answer of its own. */
const apart = (verdict: Verdict): Verdict => {
  const { end } = verdict
  return end._tag === "Failed" && end.failure._tag === "Answered" && !end.isInDoubt
    ? { ...verdict, end: { _tag: "Apart", trouble: end.failure } }
    : verdict
}

/** What is not wanted any more. */
const expiry = ({ expiresAt, isInDoubt }: Stored, now: number): Verdict | undefined => {
  if (expiresAt === null || expiresAt > now) return undefined
  const failure = new Expired({ expiresAt: DateTime.makeUnsafe(expiresAt), earliest: Option.none() })
  return { end: { _tag: "Failed", failure, isInDoubt }, health: "unknown" }
}

/** What must not be sent again: after a worker that died, nobody has judged it yet. */
const refuse = (channel: Channel, ticket: Stored, now: number): Verdict | undefined => {
  const last = ticket.trouble ?? new Unanswered({ said: "nothing is known of it", isUnsent: false })
  const isHeld = ticket.whenInDoubt === "hold" && channel.arrived === undefined
  if (isHeld && ticket.isInDoubt && !isRepeatable(channel, ticket, now)) {
    return {
      end: { _tag: "Failed", failure: new InDoubt({ said: last.message }), isInDoubt: true },
      health: "unknown"
    }
  }
  if (ticket.attempts < ticket.maxAttempts) return undefined
  return {
    end: {
      _tag: "Failed",
      failure: new AttemptsExhausted({ attempts: ticket.attempts, last }),
      isInDoubt: ticket.isInDoubt
    },
    health: "unknown"
  }
}

/** Whether a call in doubt has arrived, where that can be found out; nothing is found of what has to be sent. */
const ask = (
  channel: Channel,
  ticket: Stored,
  now: number,
  restore: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
): Effect.Effect<Verdict | undefined> =>
  Effect.gen(function* () {
    const { arrived, client } = channel
    if (!ticket.isInDoubt || arrived === undefined || isRepeatable(channel, ticket, now)) return undefined
    const doubt = {
      id: ticket.id,
      request: requestOf(channel, ticket),
      sentAt: DateTime.makeUnsafe(ticket.sentAt ?? ticket.createdAt)
    }
    const exit = yield* Effect.exit(restore(Effect.suspend(() => arrived(doubt, client))))
    if (Exit.isFailure(exit)) {
      return { end: { _tag: "Unsent", dueAt: now + askAgainAfterMillis, trouble: null }, health: "unknown" }
    }
    return Option.match(exit.value, {
      onNone: () => undefined,
      onSome: ({ body = "", status }): Verdict => ({
        end: { _tag: "Done", answer: { status, headers: {}, body } },
        health: "unknown"
      })
    })
  })

const askAgainAfterMillis = 60_000

/** The ticket could not be marked as sent: the store did not answer, or it is no longer ours to send. */
class NotMarked {
  readonly failure: { readonly error: unknown } | undefined
  constructor(failure: { readonly error: unknown } | undefined) {
    this.failure = failure
  }
}

const notMarkedOf = (cause: Cause.Cause<unknown>): NotMarked | undefined => {
  for (const reason of cause.reasons) {
    if (Cause.isDieReason(reason) && reason.defect instanceof NotMarked) return reason.defect
  }
  return undefined
}

/**
 * What was cancelled, superseded or taken over is left alone; where the store was away, it waits for it. Where something
 * that was to go with it has gone, it is taken anew without that.
 */
const afterNoMark = (
  { failure }: NotMarked,
  { expiresAt, isInDoubt, merged }: Taken,
  now: number
): Option.Option<Verdict> => {
  if (expiresAt !== null && expiresAt <= now) {
    const failure = new Expired({ expiresAt: DateTime.makeUnsafe(expiresAt), earliest: Option.none() })
    return Option.some({ end: { _tag: "Failed", failure, isInDoubt }, health: "unknown" })
  }
  if (failure === undefined) {
    return merged.length === 0
      ? Option.none()
      : Option.some({ end: { _tag: "Unsent", dueAt: 0, trouble: null }, health: "unknown" })
  }
  return Option.some({ end: { _tag: "Unsent", dueAt: now + 1000, trouble: null }, health: "unknown" })
}

const maxAnswerLength = 1_048_576

/** A body that breaks off or does not end is kept as empty: the status alone tells what became of the call. */
const read = (
  response: HttpClientResponse.HttpClientResponse,
  within: Duration.Duration
): Effect.Effect<StoredAnswer> =>
  Effect.gen(function* () {
    const body = yield* response.text.pipe(
      Effect.timeout(within),
      Effect.orElseSucceed(() => "")
    )
    const secret = yield* Headers.CurrentRedactedNames
    const headers = Object.entries(response.headers).filter(([name]) => !Headers.isRedactedName(name, secret))
    return {
      status: response.status,
      headers: Object.fromEntries(headers.filter((entry): entry is [string, string] => Predicate.isString(entry[1]))),
      body: body.slice(0, maxAnswerLength)
    }
  })
