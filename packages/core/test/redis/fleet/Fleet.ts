/** Workers that share a key of one provider through one Redis, each by a way of its own. All of it ends with its scope. */
import { NodeRedis } from "@effect/platform-node"
import { RateLimiter } from "@sluice/core"
import * as RateLimiterStoreRedis from "@sluice/core/RateLimiterStoreRedis"
import { type Duration, Effect, Layer, Schedule, type Scope } from "effect"
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
  readonly store: RateLimiterStoreRedis.Options & WhenAway & { readonly lease: number; readonly abandonment: number }
  /** How far each worker's wall clock is off, in milliseconds. */
  readonly skews: ReadonlyArray<number>
}

/** What workers do while Redis is away; no store knows it as yet. */
export interface WhenAway {
  readonly whenAway?: "wait" | "fail" | "share"
  readonly awayDeadline?: number
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
 * How many slots there are for somebody who comes new, when nothing is in flight and nothing cools any more: as many as the
 * quota has, or some are lost for good. They are never answered, so that none of them comes back meanwhile.
 */
export const probe = ({ members: [{ way }], provider, setting }: Fleet) =>
  Effect.gen(function* () {
    const claim = claimOf(setting)
    const times = (count: number, who: string) =>
      Effect.all(
        Array.from({ length: count }, () => call(claim, provider.url, who)),
        { concurrency: "unbounded", discard: true }
      )
    // After a refusal few are sent at first, and more with each answer, which is no loss.
    if (provider.arrivals.some(({ isRefused }) => isRefused)) {
      yield* Effect.timeoutOption(times(2 * setting.limit, "again"), "5 seconds")
      yield* Effect.sleep(setting.windowMillis + 200)
    }
    yield* provider.stall("probe")
    const before = provider.arrivals.length
    yield* Effect.forkScoped(times(setting.limit + 5, "probe"))
    const slots = () => provider.arrivals.slice(before).filter(({ isRefused }) => !isRefused).length
    yield* until(() => slots() >= setting.limit, setting.store.lease + setting.store.abandonment)
    return slots()
  }).pipe(
    Effect.scoped,
    Effect.provide(
      Layer.fresh(
        RateLimiter.layerStore().pipe(
          Layer.provide(RateLimiterStoreRedis.layer(setting.store)),
          Layer.provide(NodeRedis.layer({ url: `redis://127.0.0.1:${way.port}` }))
        )
      )
    ),
    Effect.orDie
  )

/** Waits, but not for ever, and goes on in any case. */
export const until = (isSo: () => boolean, atMost: Duration.Input): Effect.Effect<void> =>
  Effect.sync(isSo).pipe(
    Effect.repeat({ until: (is) => is, schedule: Schedule.spaced("10 millis") }),
    Effect.timeoutOption(atMost),
    Effect.asVoid
  )
