import { Effect, Fiber, type Scope } from "effect"
import type { Redis } from "effect/persistence"
import type { Desk } from "./Desk.ts"
import { type Options, RedisStore } from "./RedisStore.ts"

/** Whoever waits asks again after so long. */
const pollMillis = 250
/** So long the scope's end waits for what has ended to be told. */
const farewell = "1 second"

/**
 * A store whose desks run in the background of a scope. `settled` is when there is nothing left to say to Redis; `at` is
 * for those who say themselves what time it is.
 */
export const make = (
  options: Omit<Options, "run" | "worker" | "pollMillis">
): Effect.Effect<
  { readonly store: RedisStore; readonly settled: Effect.Effect<void> },
  never,
  Redis.Redis | Scope.Scope
> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<Redis.Redis>()
    const running = new Map<Desk, Fiber.Fiber<void>>()
    const run = (desk: Desk) => {
      if (running.has(desk)) return
      const finished = Effect.sync(() => {
        running.delete(desk)
        if (!desk.isEmpty) run(desk)
      })
      // What is asked and dropped in one step is never sent.
      const turns = Effect.andThen(Effect.yieldNow, desk.run).pipe(Effect.tap(finished))
      running.set(desk, Effect.runForkWith(context)(turns))
    }
    const store = new RedisStore({ ...options, run, pollMillis, worker: crypto.randomUUID() })
    const settled: Effect.Effect<void> = Effect.suspend(() =>
      running.size === 0 ? Effect.void : Effect.andThen(Fiber.awaitAll([...running.values()]), settled)
    )
    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => {
        for (const desk of store.end()) if (!desk.isEmpty) run(desk)
        return Effect.timeoutOption(settled, farewell)
      }).pipe(Effect.andThen(Effect.suspend(() => Fiber.interruptAll([...running.values()]))))
    )
    return { store, settled }
  })
