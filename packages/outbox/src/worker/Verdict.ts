/** What follows from how an attempt ended: pure, and total over whatever a client may fail with. */
import { AdmissionError } from "@sluice/core/AdmissionError"
import * as Outcome from "@sluice/core/Outcome"
import { isRateLimited, type RateLimited } from "@sluice/core/RateLimited"
import { Cause, DateTime, Duration, Exit, Option, Predicate, Result, Schema } from "effect"
import { Headers, HttpClientError } from "effect/http"
import {
  Answered,
  AttemptsExhausted,
  Expired,
  Impossible,
  InDoubt,
  Refused,
  type Trouble,
  Unanswered
} from "../Failure.ts"
import type { End, Stored, StoredAnswer } from "../OutboxStore.ts"
import { backoffMillis } from "./Outage.ts"

/** What has to be known of an attempt beside its exit. */
export interface Attempted {
  readonly ticket: Pick<Stored, "attempts" | "maxAttempts" | "whenInDoubt" | "isInDoubt" | "expiresAt">
  /** How often it has been sent, this time included. */
  readonly attempts: number
  /** Whether it was marked as sent: before, nothing of it left this process. */
  readonly hasBegun: boolean
  /** Whether sending it twice is as good as once: by its method, or by a key that the server still remembers. */
  readonly isRepeatable: boolean
  /** Whether a refused request may be repeated, by the provider's word. */
  readonly repeatsRefused: boolean
  /** Whether it can be found out if it arrived. */
  readonly canAsk: boolean
  readonly now: number
}

/** What the end says of the provider as a whole. */
export type Health = "well" | "troubled" | "unreachable" | "unknown"

export interface Verdict {
  readonly end: End
  readonly health: Health
}

const firstBackoffMillis = 1000
const longestBackoffMillis = 15 * 60_000

export const judge = (exit: Exit.Exit<StoredAnswer, unknown>, attempted: Attempted): Verdict => {
  if (Exit.isSuccess(exit)) return judgeAnswer(exit.value, attempted)
  const error = Option.getOrUndefined(Cause.findErrorOption(exit.cause))
  if (isRateLimited(error)) return judgeRefusal(error, attempted)
  if (error instanceof AdmissionError) return { end: judgeAdmission(error, attempted), health: "unknown" }
  const said = sayingOf(exit.cause)
  const { hasBegun, now, ticket } = attempted
  if (HttpClientError.isHttpClientError(error) && isUnmakeable(error)) {
    return { end: failed(new Impossible({ said }), ticket.isInDoubt), health: "unknown" }
  }
  if (!hasBegun) {
    if (error === undefined && !Cause.hasInterrupts(exit.cause)) {
      return { end: failed(new Impossible({ said }), ticket.isInDoubt), health: "unknown" }
    }
    const trouble = error === undefined ? null : new Unanswered({ said, isUnsent: true })
    return { end: { _tag: "Unsent", dueAt: 0, trouble }, health: error === undefined ? "unknown" : "unreachable" }
  }
  if (Outcome.fromExit(exit) === "unsent") {
    return {
      end: { _tag: "Unsent", dueAt: 0, trouble: new Unanswered({ said, isUnsent: true }) },
      health: "unreachable"
    }
  }
  const isOurs = Cause.hasInterrupts(exit.cause)
  return {
    end: again(new Unanswered({ said, isUnsent: false }), { ...attempted, mayHaveArrived: true, at: isOurs ? now : 0 }),
    health: isOurs ? "unknown" : "troubled"
  }
}

const judgeAnswer = (answer: StoredAnswer, attempted: Attempted): Verdict => {
  const { status } = answer
  if (status >= 200 && status < 300) return { end: { _tag: "Done", answer }, health: "well" }
  const trouble = new Answered({ status, body: answer.body.slice(0, 65_536) })
  const transient = transientStatuses.get(status)
  if (transient === undefined) return { end: failed(trouble, attempted.ticket.isInDoubt), health: "well" }
  const { mayHaveArrived } = transient
  const at = retryAfter(answer.headers, attempted.now)
  return { end: again(trouble, { ...attempted, mayHaveArrived, at }), health: "troubled" }
}

/** Statuses after which another attempt may go well, and whether the call may have been carried out all the same. */
const transientStatuses: ReadonlyMap<number, { readonly mayHaveArrived: boolean }> = new Map([
  [408, { mayHaveArrived: true }],
  [425, { mayHaveArrived: false }],
  [429, { mayHaveArrived: false }],
  [500, { mayHaveArrived: true }],
  [502, { mayHaveArrived: true }],
  [503, { mayHaveArrived: false }],
  [504, { mayHaveArrived: true }]
])

const retryAfter = (headers: Readonly<Record<string, string>>, now: number): number =>
  Result.match(Headers.parseRetryAfter(headers["retry-after"] ?? ""), {
    onFailure: () => 0,
    onSuccess: (told) => now + Math.ceil(Duration.toMillis(Headers.retryAfterDelay(told, now)))
  })

/** The limiter holds the quota closed as long as the refusal says: coming back earlier would only wait there. */
const judgeRefusal = (error: RateLimited, attempted: Attempted): Verdict => {
  const { hasBegun, now, repeatsRefused, ticket } = attempted
  const trouble = refusedOf(error)
  const at = Option.match(error.retryAt, { onNone: () => 0, onSome: DateTime.toEpochMillis })
  if (!error.isRetryable) return { end: failed(trouble, ticket.isInDoubt), health: "well" }
  if (!hasBegun)
    return { end: { _tag: "Unsent", dueAt: at > now ? at : now + firstBackoffMillis, trouble }, health: "well" }
  return { end: again(trouble, { ...attempted, mayHaveArrived: !repeatsRefused, at }), health: "well" }
}

const refusedOf = (error: RateLimited): Refused => {
  const tag = error._tag
  const said = error.message
  // A provider's error is a class that is its own schema; of anything else, what it says is kept.
  const encoded = Schema.isSchema(error.constructor)
    ? Option.getOrNull(Result.getSuccess(encodeError(error.constructor as Schema.Codec<unknown>, error)))
    : null
  return new Refused({ tag, said, error: encoded })
}

const encodeError = (schema: Schema.Codec<unknown>, error: unknown) =>
  Result.try(() => Schema.encodeSync(Schema.toCodecJson(schema))(error) as Schema.Json)

const judgeAdmission = ({ message, reason }: AdmissionError, { now, ticket }: Attempted): End => {
  switch (reason._tag) {
    case "Never":
      return failed(new Impossible({ said: message }), ticket.isInDoubt)
    case "Closed":
      return { _tag: "Unsent", dueAt: Math.max(now + 1, DateTime.toEpochMillis(reason.retryAt)), trouble: null }
    case "DeadlineExceeded": {
      const earliest = DateTime.toEpochMillis(reason.earliest)
      const { expiresAt } = ticket
      return expiresAt !== null && earliest >= expiresAt
        ? failed(
            new Expired({ expiresAt: DateTime.makeUnsafe(expiresAt), earliest: Option.some(reason.earliest) }),
            ticket.isInDoubt
          )
        : { _tag: "Unsent", dueAt: Math.max(now + 1, earliest), trouble: null }
    }
    default:
      return { _tag: "Unsent", dueAt: now + firstBackoffMillis, trouble: null }
  }
}

const failed = (failure: Extract<End, { _tag: "Failed" }>["failure"], isInDoubt: boolean): End => ({
  _tag: "Failed",
  failure,
  isInDoubt
})

/** Another attempt, unless there were enough, or it may have arrived and must not arrive twice. */
const again = (
  trouble: Trouble,
  {
    at,
    attempts,
    canAsk,
    isRepeatable,
    mayHaveArrived,
    now,
    ticket
  }: Attempted & {
    readonly mayHaveArrived: boolean
    readonly at: number
  }
): End => {
  const isInDoubt = mayHaveArrived || ticket.isInDoubt
  if (mayHaveArrived && !isRepeatable && !canAsk && ticket.whenInDoubt === "hold") {
    return failed(new InDoubt({ said: trouble.message }), true)
  }
  if (attempts >= ticket.maxAttempts) return failed(new AttemptsExhausted({ attempts, last: trouble }), isInDoubt)
  const dueAt = at > 0 ? at : now + backoffMillis(attempts, firstBackoffMillis, longestBackoffMillis)
  return { _tag: "Again", dueAt, trouble, isInDoubt: mayHaveArrived }
}

/** It is no request, whenever it is tried. */
const isUnmakeable = ({ reason }: HttpClientError.HttpClientError): boolean =>
  reason._tag === "EncodeError" || reason._tag === "InvalidUrlError"

const sayingOf = (cause: Cause.Cause<unknown>): string => {
  if (Cause.hasInterrupts(cause)) return "the outbox was closed while it was under way"
  const error = Cause.squash(cause)
  return Predicate.hasProperty(error, "message") && typeof error.message === "string" ? error.message : String(error)
}
