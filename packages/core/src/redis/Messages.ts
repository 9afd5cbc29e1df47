/** What is published on channels of Redis. */
import { Effect, type Fiber, Queue, type Scope } from "effect"
import type { Redis } from "effect/persistence"

/** Hears what is published on a channel, for as long as the scope lasts. */
export const heard = (
  redis: Redis.Redis["Service"],
  channel: string,
  hear: (message: string) => void
): Effect.Effect<Fiber.Fiber<never>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const messages = yield* redis.subscribe(channel)
    return yield* Effect.forever(
      Effect.map(Queue.take(messages), ({ message }) => {
        hear(message)
      })
    )
  }).pipe(Effect.scoped, Effect.ignore, Effect.andThen(Effect.sleep("1 second")), Effect.forever, Effect.forkScoped)
