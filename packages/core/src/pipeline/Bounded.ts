/** One deadline for all attempts of a call: its instant is fixed when the call starts. */
import { Clock, Duration, Effect, Schedule } from "effect"
import { Deadline } from "../RateLimiter.ts"

/**
 * Tries again as the schedule says, but not where the wait would end after the deadline: then the last error stands.
 */
export const retry = <A, E, R>(
  attempt: Effect.Effect<A, E, R>,
  options: { readonly schedule: Schedule.Schedule<unknown, unknown>; readonly while: (error: E) => boolean }
): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber) => {
    const deadline = fiber.getRef(Deadline)
    if (deadline === undefined) return Effect.retry(attempt, options)
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
  })
