/** Retries of one call: under one deadline, whose instant is fixed when the call starts, and for nothing while it succeeds. */
import { Clock, Duration, Effect, type Fiber, Schedule } from "effect"
import { Deadline } from "../RateLimiter.ts"
import { startsAtFailure } from "../RetrySchedule.ts"

/**
 * Tries again as the schedule says, but not where the wait would end after the deadline: then the last error stands.
 */
export const retry = <A, E, R>(
  attempt: Effect.Effect<A, E, R>,
  fiber: Fiber.Fiber<unknown, unknown>,
  options: { readonly schedule: Schedule.Schedule<unknown, unknown>; readonly while: (error: E) => boolean }
): Effect.Effect<A, E, R> => {
  const deadline = fiber.getRef(Deadline)
  if (deadline === undefined) {
    return startsAtFailure.has(options.schedule) ? retryFailed(attempt, options) : Effect.retry(attempt, options)
  }
  const clock = fiber.getRef(Clock.Clock)
  const now = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
  const until = now() + Duration.toMillis(deadline)
  const left = () => Duration.millis(Math.max(0, until - now()))
  return Effect.retry(
    Effect.suspend(() => Effect.provideService(attempt, Deadline, left())),
    {
      ...options,
      schedule: Schedule.while(options.schedule, ({ duration }) => Duration.isLessThanOrEqualTo(duration, left()))
    }
  )
}

/** The schedule's run begins with the first failure, which it is then given: most calls have none. */
const retryFailed = <A, E, R>(attempt: Effect.Effect<A, E, R>, options: Parameters<typeof retry<A, E, R>>[2]) =>
  Effect.catchIf(attempt, options.while, (error) => {
    let next: Effect.Effect<A, E, R> = Effect.fail(error)
    const again = Effect.suspend(() => {
      const now = next
      next = attempt
      return now
    })
    return Effect.retry(again, options)
  })
