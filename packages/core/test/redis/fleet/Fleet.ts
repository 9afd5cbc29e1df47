/** Workers that share a key of one provider through one Redis, each by a way of its own. All of it ends with its scope. */
import { NodeRedis } from "@effect/platform-node"
import { RateLimiter } from "@sluice/core"
import * as RateLimiterStoreRedis from "@sluice/core/RateLimiterStoreRedis"
import { type Duration, Effect, Layer, Option, Schedule, type Scope } from "effect"
import type { ServerError } from "../RedisServer.ts"
import { call, claimOf } from "./Call.ts"
import * as Provider from "./Provider.ts"
import * as Proxy from "./Proxy.ts"
import * as RedisProcess from "./RedisProcess.ts"
import * as Worker from "./Worker.ts"

export interface Setting {
  readonly limit: number
  readonly windowMillis: number
  /** The longest way to the provider's count, and from it back. */
  readonly latencyMillis: number
  /** Whether the provider tells what is left, and until when. */
  readonly tells: boolean
  readonly workers: number
  /** Calls that each worker keeps going. */
  readonly concurrency: number
  /** After `lease` and `abandonment` a slot is taken for used, whatever became of its worker. */
  readonly store: RateLimiterStoreRedis.Options & { readonly lease: number; readonly abandonment: number }
  /** How far each worker's wall clock is off, in milliseconds. */
  readonly skews: ReadonlyArray<number>
}

export const setting: Setting = {
  limit: 20,
  windowMillis: 500,
  latencyMillis: 20,
  tells: false,
  workers: 3,
  concurrency: 10,
  store: { lease: 1000, abandonment: 1000 },
  skews: []
}

/** A worker and its way to Redis. */
export interface Member {
  readonly worker: Worker.Worker
  readonly way: Proxy.Proxy
}

export interface Fleet {
  readonly setting: Setting
  readonly redis: RedisProcess.RedisProcess
  readonly provider: Provider.Provider
  readonly members: readonly [Member, ...ReadonlyArray<Member>]
}

/** Starts everything; workers begin when they are told to. */
export const make = (setting: Setting): Effect.Effect<Fleet, ServerError | Worker.WorkerError, Scope.Scope> =>
  Effect.gen(function* () {
    const redis = yield* RedisProcess.make
    yield* redis.start
    const provider = yield* Provider.make(setting)
    const member = Effect.fnUntraced(function* (index: number) {
      const way = yield* Proxy.make(redis.port)
      const work: Worker.Work = {
        name: `worker-${index}`,
        redis: `redis://127.0.0.1:${way.port}`,
        provider: provider.url,
        quota: setting,
        concurrency: setting.concurrency,
        store: setting.store
      }
      return { way, worker: yield* Worker.start(work, setting.skews[index]) }
    })
    const [first, ...rest] = yield* Effect.forEach(
      Array.from({ length: setting.workers }, (_, i) => i),
      member,
      {
        concurrency: "unbounded"
      }
    )
    if (first === undefined) return yield* Effect.die("A fleet has a worker at least.")
    return { setting, redis, provider, members: [first, ...rest] }
  })

/** All of them together. */
export const each = <E>({ members }: Fleet, what: (member: Member) => Effect.Effect<unknown, E>) =>
  Effect.forEach(members, what, { concurrency: "unbounded", discard: true })

/**
 * How many slots there are not for somebody who comes new, when nobody else is there any more. Who wants all of them at once
 * gets them as soon as the last of them is free, at the latest when everything has passed its bound, or some are lost for good.
 */
export const lost = ({ members: [{ way }], provider, setting }: Fleet) =>
  Effect.gen(function* () {
    const { abandonment, lease } = setting.store
    const everything = call(claimOf(setting, setting.limit), provider.url, "everything")
    const all = yield* Effect.timeoutOption(everything, lease + abandonment + setting.windowMillis + 10_000)
    if (Option.isSome(all)) return 0
    const [status] = yield* RateLimiter.status()
    return setting.limit - (status?.free ?? 0)
  }).pipe(
    Effect.provide(
      Layer.fresh(
        RateLimiter.layerStore().pipe(
          Layer.provide(RateLimiterStoreRedis.layer(setting.store)),
          Layer.provide(NodeRedis.layer({ url: `redis://127.0.0.1:${way.port}` }))
        )
      )
    )
  )

/** Waits, but not for ever, and goes on in any case. */
export const until = (isSo: () => boolean, atMost: Duration.Input): Effect.Effect<void> =>
  Effect.sync(isSo).pipe(
    Effect.repeat({ until: (is) => is, schedule: Schedule.spaced("10 millis") }),
    Effect.timeoutOption(atMost),
    Effect.asVoid
  )
