/**
 * Finds the queries that Attio refuses for what they are, not for how many came before.
 *
 * Both refusals look the same. A query that is refused twice, ten seconds or more apart, each time with no other query in
 * flight, exceeds the ceiling of a single query: the sliding window of scores was as empty as we could make it.
 * https://docs.attio.com/rest-api/guides/rate-limiting, read on 2026-11-22.
 */
import { Clock, DateTime, Duration, Effect, Exit, Option } from "effect"
import type { HttpClientRequest } from "effect/http"
import type { Attempt } from "@sluice/core/Provider"
import { AttioRateLimited } from "./RateLimited.ts"

/** The span over which Attio sums up scores. */
const windowMillis = 10_000
/** How many refused queries are remembered, the latest ones, and how large they may be. */
const maxQueries = 100
const maxLength = 65_536

/** Wraps the attempts of one client; `isQuery` tells which of them Attio scores. */
export const make = (isQuery: (request: HttpClientRequest.HttpClientRequest) => boolean) =>
  Effect.sync(() => {
    const refusedAt = new Map<string, number>()
    let inFlight = 0
    let started = 0

    const judge = (key: string, error: AttioRateLimited, nowMillis: number): AttioRateLimited => {
      const first = refusedAt.get(key)
      if (first === undefined) {
        const oldest = refusedAt.size < maxQueries ? undefined : refusedAt.keys().next().value
        if (oldest !== undefined) refusedAt.delete(oldest)
        refusedAt.set(key, nowMillis)
        return error
      }
      const left = first + windowMillis - nowMillis
      return left > 0 ? waitingAtLeast(error, left) : new AttioRateLimited({ ...error, isRetryable: false })
    }

    return (attempt: Attempt<AttioRateLimited>, request: HttpClientRequest.HttpClientRequest) =>
      isQuery(request)
        ? Effect.uninterruptibleMask((restore) => {
            const key = keyOf(request)
            const isFirst = inFlight++ === 0
            const number = ++started
            const judged = (error: AttioRateLimited, nowMillis: number) =>
              key !== undefined && isFirst && started === number ? judge(key, error, nowMillis) : error
            return restore(attempt).pipe(
              Effect.catchTag("AttioRateLimited", (error) =>
                Effect.flatMap(monotonicMillis, (nowMillis) => Effect.fail(judged(error, nowMillis)))
              ),
              Effect.onExit((exit) =>
                Effect.sync(() => {
                  inFlight--
                  if (Exit.isSuccess(exit) && key !== undefined) refusedAt.delete(key)
                })
              )
            )
          })
        : attempt
  })

const monotonicMillis = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos / 1_000_000n))

/** The same refusal, to be repeated only when the repetition will tell. */
const waitingAtLeast = (error: AttioRateLimited, millis: number): AttioRateLimited =>
  Option.match(error.retryAfter, {
    onNone: () => error,
    onSome: (told) => {
      const more = Math.max(0, millis - Duration.toMillis(told))
      return new AttioRateLimited({
        ...error,
        retryAfter: Option.some(Duration.sum(told, Duration.millis(more))),
        retryAt: Option.map(error.retryAt, DateTime.add({ milliseconds: more }))
      })
    }
  })

/** What makes two queries the same; undefined if the body cannot be seen or is too large to be remembered. */
const keyOf = ({ body, method, url }: HttpClientRequest.HttpClientRequest): string | undefined => {
  const text = body._tag === "Empty" ? "" : body._tag === "Uint8Array" ? body.text : undefined
  return text === undefined || text.length > maxLength ? undefined : `${method} ${url} ${text}`
}
