/**
 * Workers that share a real Redis in virtual time: their clocks, and what the script takes for the time, are the test's.
 *
 * Time goes on to the next sleep once every fiber rests, every call of Redis is answered, and everything that was published
 * has been heard.
 */
import { RateLimiter, RateLimiterStore } from "@sluice/core"
import * as Library from "@sluice/core/redis/Library"
import { make } from "@sluice/core/redis/make"
import type { Options } from "@sluice/core/redis/RedisStore"
import { Clock, Context, Duration, Effect, type Exit, Fiber, Layer, Scope } from "effect"
import { Redis } from "effect/persistence"
import { createClient } from "redis"

export interface Fleet {
  readonly clock: Clock.Clock
  /** Milliseconds since the run began. */
  readonly now: () => number
  /** A worker of its own: a limiter over a store of its own. */
  readonly worker: Effect.Effect<RateLimiter.RateLimiter["Service"], never, Scope.Scope>
  /** The same, with a switch: once it is dead, nothing that it says reaches Redis, and it hears nothing. */
  readonly mortal: Effect.Effect<Mortal, never, Scope.Scope>
  /** Whether what Redis publishes is lost from now on. */
  readonly losesMessages: (isLost: boolean) => void
  /** How many calls Redis had to answer. */
  readonly calls: () => number
  /** Runs an effect to its end. */
  readonly run: <A, E>(effect: Effect.Effect<A, E, Scope.Scope>) => Effect.Effect<Exit.Exit<A, E>>
}

export interface Mortal {
  readonly limiter: RateLimiter.RateLimiter["Service"]
  readonly die: () => void
  /** From now on its calls fail or are never answered, also those that are under way, and it hears nothing. */
  readonly loses: (how: Loss) => void
  readonly returns: () => void
}

export type Loss = "fails" | "hangs"

/** How a worker is connected. */
interface Life {
  isDead: boolean
  loss: Loss | undefined
}

export interface Way {
  /** How long a call of Redis takes, there and back, and what is published on its way. */
  readonly roundTripMillis: number
  readonly options?: Partial<Options>
}

const quietTurns = 3

/** Connects to a Redis for the scope; workers' keys begin with `prefix`. */
export const connect = (url: string, prefix: string, way: Way): Effect.Effect<Fleet, never, Scope.Scope> =>
  Effect.gen(function* () {
    const connected = () =>
      Effect.acquireRelease(
        Effect.promise(() => createClient({ url }).connect()),
        (client) => Effect.promise(() => client.close())
      )
    // It is made once in a process and takes a while, in which no time is to pass here.
    yield* Library.scriptHash
    const [client, subscriber] = yield* Effect.all([connected(), connected()])
    let now = 0
    let calls = 0
    let pending = 0
    let isMute = false
    /** The next to wake is the last. */
    const sleeps: Array<{ readonly at: number; readonly wake: () => void }> = []
    const sleep = (at: number, wake: () => void) => {
      let [low, high] = [0, sleeps.length]
      while (low < high) {
        const middle = (low + high) >>> 1
        if ((sleeps[middle]?.at ?? 0) > at) low = middle + 1
        else high = middle
      }
      sleeps.splice(low, 0, { at, wake })
    }
    const nanos = () => BigInt(Math.round(now * 1e6))
    const clock: Clock.Clock = {
      currentTimeMillisUnsafe: () => now,
      currentTimeMillis: Effect.sync(() => now),
      currentTimeNanosUnsafe: nanos,
      currentTimeNanos: Effect.sync(nanos),
      monotonicTimeNanosUnsafe: nanos,
      monotonicTimeNanos: Effect.sync(nanos),
      sleep: (duration) =>
        Effect.callback<void>((resume) => {
          let isOver = false
          sleep(now + Math.max(0, Duration.toMillis(duration)), () => {
            if (!isOver) resume(Effect.void)
          })
          return Effect.sync(() => {
            isOver = true
          })
        })
    }

    // What was published before this is heard has been heard.
    const fences = new Map<string, () => void>()
    const fence = `fence:${prefix}`
    let fenced = 0
    yield* Effect.promise(() =>
      subscriber.subscribe(fence, (id) => {
        fences.get(id)?.()
        fences.delete(id)
      })
    )
    const heard = () =>
      new Promise<void>((resolve) => {
        const id = String(fenced++)
        fences.set(id, resolve)
        void client.publish(fence, id)
      })
    const { roundTripMillis } = way
    const underWay = clock.sleep(Duration.millis(roundTripMillis))
    /** Whether anything gets through, and what becomes of it otherwise. */
    const passes = (life: Life) =>
      Effect.suspend((): Effect.Effect<void, Redis.RedisError> => {
        if (life.isDead || life.loss === "hangs") return Effect.never
        if (life.loss === undefined) return Effect.void
        return Effect.andThen(underWay, new Redis.RedisError({ cause: new Error("the connection is closed") }))
      })
    const linkOf = (life: Life) =>
      Redis.make({
        send: <A>(command: string, ...args: ReadonlyArray<string>): Effect.Effect<A, Redis.RedisError> =>
          Effect.suspend(() => {
            // Only the script takes time: whether it has to be loaded is no part of what is tried.
            const isCall = command === "EVALSHA" || command === "FCALL"
            const answered = Effect.tryPromise({
              try: async () => {
                pending++
                try {
                  const answer = (await client.sendCommand([command, ...args])) as A
                  if (isCall) {
                    calls++
                    await heard()
                  }
                  return answer
                } finally {
                  pending--
                }
              },
              catch: (cause) => new Redis.RedisError({ cause })
            })
            const takesTime = isCall || command === "EVAL"
            return passes(life).pipe(
              Effect.andThen(answered),
              Effect.tap(takesTime ? underWay : Effect.void),
              Effect.tap(takesTime ? passes(life) : Effect.void)
            )
          }),
        subscribe: (channel, onMessage) =>
          Effect.as(
            Effect.acquireRelease(
              Effect.promise(async () => {
                pending++
                const hear = (message: string) => {
                  if (isMute) return
                  sleep(now + roundTripMillis, () => {
                    if (!life.isDead && life.loss === undefined) onMessage({ channel, message })
                  })
                }
                await subscriber.subscribe(channel, hear)
                pending--
                return hear
              }),
              (hear) => Effect.promise(() => subscriber.unsubscribe(channel, hear))
            ),
            Effect.never
          ),
        connect: Effect.die("nothing is reserved")
      })

    const mortal = Effect.gen(function* () {
      const life: Life = { isDead: false, loss: undefined }
      const { store } = yield* make({
        layout: { prefix, tagBy: "partition" },
        abandonMillis: 60_000,
        maxPauseMillis: undefined,
        stance: undefined,
        leaseMillis: 60_000,
        showMillis: 250,
        awayMillis: 30_000,
        shares: false,
        at: () => Math.floor(now),
        ...way.options
      }).pipe(Effect.provideService(Redis.Redis, yield* linkOf(life)))
      const limiter = RateLimiter.layerStore().pipe(
        Layer.provide(Layer.succeed(RateLimiterStore.RateLimiterStore, store))
      )
      return {
        limiter: Context.get(yield* Layer.build(Layer.fresh(limiter)), RateLimiter.RateLimiter),
        die: () => {
          life.isDead = true
        },
        loses: (how: Loss) => {
          life.loss = how
        },
        returns: () => {
          life.loss = undefined
        }
      }
    }).pipe(Effect.provideService(Clock.Clock, clock))
    const worker = Effect.map(mortal, ({ limiter }) => limiter)
    const losesMessages = (isLost: boolean) => {
      isMute = isLost
    }

    const rest = async () => {
      for (let quiet = 0; quiet < quietTurns; quiet++) {
        await new Promise((resolve) => setImmediate(resolve))
        if (pending > 0) quiet = -1
      }
    }
    const run = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.forkDetach(Effect.scoped(effect).pipe(Effect.provideService(Clock.Clock, clock)), {
          startImmediately: true
        })
        yield* Effect.promise(async () => {
          while (fiber.pollUnsafe() === undefined) {
            await rest()
            if (fiber.pollUnsafe() !== undefined) break
            now = Math.max(now, sleeps.at(-1)?.at ?? now)
            while ((sleeps.at(-1)?.at ?? Infinity) <= now) sleeps.pop()?.wake()
          }
        })
        return yield* Fiber.await(fiber)
      })
    return { clock, now: () => now, worker, mortal, losesMessages, calls: () => calls, run }
  })
