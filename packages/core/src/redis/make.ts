import { Clock, Duration, Effect, Fiber, type Scope } from "effect"
import { Redis } from "effect/persistence"
import type { Desk } from "./Desk.ts"
import * as Messages from "./Messages.ts"
import * as Presence from "./Presence.ts"
import { type Options, RedisStore } from "./RedisStore.ts"
import * as Survey from "./Survey.ts"

/** So long the scope's end waits for what has ended to be told. */
const farewell = "1 second"

/**
 * A store whose desks run in the background of a scope. `settled` is when there is nothing left to say to Redis; `at` is
 * for those who say themselves what time it is.
 */
export const make = (
  options: Omit<Options, "run" | "later" | "worker" | "now"> & { readonly now?: () => number }
): Effect.Effect<
  { readonly store: RedisStore; readonly survey: Survey.Survey; readonly settled: Effect.Effect<void> },
  never,
  Redis.Redis | Scope.Scope
> =>
  Effect.gen(function* () {
    const redis = yield* Redis.Redis
    const context = yield* Effect.context<Redis.Redis>()
    const clock = yield* Clock.Clock
    const now = options.now ?? (() => Number(clock.monotonicTimeNanosUnsafe()) / 1e6)
    const worker = crypto.randomUUID()
    const { prefix } = options.layout
    const turns = new Map<Desk, { readonly at: number; readonly fiber: Fiber.Fiber<void> }>()
    /** Lets a desk run when it is due: it has one fiber, which sleeps until then. */
    const run = (desk: Desk): void => {
      const turn = turns.get(desk)
      if (desk.dueAt === Infinity || (turn && turn.at <= desk.dueAt)) return
      turn?.fiber.interruptUnsafe()
      const millis = desk.dueAt - now()
      // What is asked and dropped in one step is never sent.
      const due = millis > 0 ? clock.sleep(Duration.millis(millis)) : Effect.yieldNow
      const began = Effect.sync(() => {
        turns.set(desk, { at: -Infinity, fiber })
      })
      const finished = Effect.sync(() => {
        turns.delete(desk)
        run(desk)
      })
      const fiber = Effect.runForkWith(context)(
        due.pipe(Effect.andThen(began), Effect.andThen(desk.run), Effect.andThen(finished))
      )
      turns.set(desk, { at: Math.max(desk.dueAt, now()), fiber })
    }
    const later = (millis: number, act: () => void): void => {
      Effect.runForkWith(context)(Effect.andThen(clock.sleep(Duration.millis(Math.max(0, millis))), Effect.sync(act)))
    }
    const store = new RedisStore({ ...options, run, later, now, worker })
    const settled: Effect.Effect<void> = Effect.suspend(() => {
      store.hurry()
      const fibers = [...turns.values()].filter(({ at }) => at <= now()).map(({ fiber }) => fiber)
      return fibers.length === 0 ? Effect.void : Effect.andThen(Fiber.awaitAll(fibers), settled)
    })
    yield* Messages.heard(redis, `${prefix}:turn:${worker}`, (message) => {
      const [pool = "", after, turn] = message.split(" ")
      store.called(pool, Number(after), Number(turn))
    })
    yield* Messages.heard(redis, `${prefix}:closed`, (message) => {
      const [after, ...key] = message.split(" ")
      store.closed(key.join(" "), Number(after))
    })
    const survey = yield* Survey.make({ prefix, worker, store, now })
    if (options.shares) {
      yield* Effect.addFinalizer(() => Effect.ignore(Effect.timeout(Presence.leave(prefix, worker), farewell)))
      // Who lives on its part is not there: the others would take it.
      const announced = Effect.suspend(() => {
        if (store.isApart) return Effect.void
        const calledAt = now()
        return Presence.announce(prefix, worker, store.dividesBy, options.at).pipe(
          Effect.timeout("2 seconds"),
          Effect.map((present) => store.meets(present, calledAt)),
          Effect.ignore
        )
      })
      yield* announced.pipe(
        Effect.andThen(Effect.sleep(Duration.millis(Presence.everyMillis))),
        Effect.forever,
        Effect.forkScoped
      )
    }
    yield* Effect.sync(() => store.renew(now())).pipe(
      Effect.delay(Duration.millis(options.leaseMillis / 2)),
      Effect.forever,
      Effect.forkScoped
    )
    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => {
        store.end()
        return Effect.timeoutOption(settled, farewell)
      }).pipe(Effect.andThen(Effect.suspend(() => Fiber.interruptAll([...turns.values()].map(({ fiber }) => fiber)))))
    )
    return { store, survey, settled }
  })
