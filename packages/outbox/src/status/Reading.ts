/** What is told of a ticket, out of what is kept of it. */
import type * as RateLimiter from "@sluice/core/RateLimiter"
import { DateTime, Effect, Option, Schema } from "effect"
import { toRequest } from "../Call.ts"
import { AnswerUnreadable, type OutboxStoreError } from "../OutboxError.ts"
import type { OutboxStore, Standing, Stored, StoredAnswer } from "../OutboxStore.ts"
import type { Answer, Status, Ticket } from "../Ticket.ts"
import { type Channel, refusalOf } from "../worker/Channel.ts"
import { earliest } from "../worker/Estimate.ts"

export interface Reader {
  readonly store: OutboxStore["Service"]
  readonly limiter: RateLimiter.Service
  readonly channels: ReadonlyMap<string, Channel>
  /** When the calls in the limiter's queue were expected to be admitted, as they came there. */
  readonly queued: ReadonlyMap<string, number>
}

/** How a ticket stands now; where it is in its queue is looked up unless that is known. */
export const statusOf = <A>(
  reader: Reader,
  ticket: Ticket<A>,
  stored: Stored,
  standing?: Standing | undefined
): Effect.Effect<Status<A>, AnswerUnreadable | OutboxStoreError> => {
  const { attempts } = stored
  const at = DateTime.makeUnsafe(stored.updatedAt)
  const mergedInto = Option.fromNullOr(stored.mergedInto)
  switch (stored.state) {
    case "waiting":
    case "taken":
      return waitingOf(reader, stored, standing)
    case "sending":
      return Effect.succeed({
        _tag: "Sending",
        since: DateTime.makeUnsafe(stored.sentAt ?? stored.updatedAt),
        attempts,
        mergedInto
      })
    case "done":
      return Effect.map(answerOf(ticket, stored), (answer) => ({ _tag: "Done", at, attempts, answer, mergedInto }))
    case "failed":
      return stored.failure === null
        ? Effect.die(new Error(`ticket ${stored.id} failed, and nothing is written down of why`))
        : Effect.succeed({ _tag: "Failed", at, attempts, why: stored.failure, mergedInto })
    case "cancelled":
      return Effect.succeed({ _tag: "Cancelled", at })
    case "superseded":
      return Effect.succeed({ _tag: "Superseded", at, by: stored.supersededBy ?? "" })
  }
}

/** The answer of a ticket that is done, read by the ticket's schema. */
export const answerOf = <A>(ticket: Ticket<A>, stored: Stored): Effect.Effect<Answer<A>, AnswerUnreadable> => {
  const { answer } = stored
  if (answer === null) return Effect.die(new Error(`ticket ${stored.id} is done, and its answer is not written down`))
  const { headers, status } = answer
  return Schema.decodeUnknownEffect(ticket.answer)(bodyOf(answer)).pipe(
    Effect.map((body) => ({ status, headers, body })),
    Effect.mapError((cause) => new AnswerUnreadable({ id: stored.id, status, body: answer.body, cause }))
  )
}

/** Nothing, JSON, or text. */
const bodyOf = ({ body }: StoredAnswer): unknown => {
  if (body === "") return undefined
  try {
    return JSON.parse(body)
  } catch {
    return body
  }
}

const waitingOf = (
  reader: Reader,
  stored: Stored,
  known: Standing | undefined
): Effect.Effect<Status<never>, OutboxStoreError> =>
  Effect.gen(function* () {
    const { attempts, trouble } = stored
    const { ahead = 0, blocker } = known ?? (yield* reader.store.standings([stored]))[0] ?? {}
    const mergedInto = Option.fromNullOr(stored.mergedInto)
    const behind = stored.isBehind && stored.mergedInto === null ? blocker : undefined
    const expectedAt = behind === undefined ? yield* expectedAtOf(reader, stored, ahead) : Option.none()
    const channel = reader.channels.get(stored.provider)
    const error = trouble?._tag === "Refused" && channel ? refusalOf(channel, trouble) : Option.none()
    return Option.isSome(error)
      ? { _tag: "Refused", error: error.value, expectedAt, attempts, mergedInto }
      : {
          _tag: "Waiting",
          expectedAt,
          behind: Option.fromUndefinedOr(behind),
          attempts,
          after: Option.fromNullOr(trouble),
          mergedInto
        }
  })

/** Not before its own instant, and not before the limiter has room for those ahead of it and for it. */
export const expectedAtOf = (
  reader: Reader,
  stored: Stored,
  ahead: number
): Effect.Effect<Option.Option<DateTime.Utc>> =>
  Effect.gen(function* () {
    const channel = reader.channels.get(stored.provider)
    if (channel === undefined) return Option.none()
    const known = reader.queued.get(stored.mergedInto ?? stored.id)
    const at =
      known !== undefined
        ? Option.some(known)
        : yield* earliest(reader.limiter, channel, toRequest(stored.call), stored.route, ahead)
    return Option.map(at, (at) => Math.max(at, stored.dueAt)).pipe(
      Option.filter((at) => at > 0 && at < maxDateMillis),
      Option.map((at) => DateTime.makeUnsafe(at))
    )
  })

const maxDateMillis = 8_640_000_000_000_000
