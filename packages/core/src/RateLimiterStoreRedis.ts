/**
 * Books in Redis (or Valkey), so that all processes that share a key keep one promise together.
 *
 * The script that is in Redis does what `Admission` does, in one atomic step and by Redis's clock. The driver is the
 * program's: `NodeRedis.layer` of `@effect/platform-node`, for one.
 *
 * @example
 * ```ts
 * import { NodeRedis } from "@effect/platform-node"
 * import { RateLimiter } from "@sluice/core"
 * import * as RateLimiterStoreRedis from "@sluice/core/RateLimiterStoreRedis"
 * import { Layer } from "effect"
 *
 * export const limiter = RateLimiter.layerStore().pipe(
 *   Layer.provide(RateLimiterStoreRedis.layer()),
 *   Layer.provide(NodeRedis.layer({ url: "redis://127.0.0.1:6379" }))
 * )
 * ```
 */
import { Duration, Effect, Layer, Option } from "effect"
import type { Redis } from "effect/persistence"
import type { Stance } from "./admission/bookOf.ts"
import { RateLimiterStore } from "./RateLimiterStore.ts"
import { make } from "./redis/make.ts"

export interface Options {
  /** What every key in Redis begins with; default `"sluice"`. */
  readonly prefix?: string
  /**
   * What Redis Cluster places keys by: `partition` (default) spreads partitions over the nodes; `origin` keeps those of one
   * origin together, which claims with counters of several partitions need on a cluster.
   */
  readonly tagBy?: "partition" | "origin"
  /** How long a request may live at a server after it was lost from sight; default a minute. */
  readonly abandonment?: Duration.Input
  /** The longest closure that is waited for; default twice the longest window of the claim, a minute at least. */
  readonly maxPause?: Duration.Input
  /** For so long after it was asked for, what Redis grants may be sent; default a minute. */
  readonly lease?: Duration.Input
  /**
   * What calls do while Redis does not answer: `wait` for it until `awayDeadline` is over, counted from when it was lost
   * (default), or `fail` after a second. Then they fail by `AdmissionError` with the reason `Store`, until it answers again.
   * Waiting is the default, as nothing is lost by it and a restart of Redis is over before the deadline.
   *
   * With `share`, each worker goes on by itself with its limit divided by the number of workers that were there last: from
   * five seconds, a window and the abandonment bound after Redis was lost, and for ten minutes at most. Then the workers tell
   * Redis each second that they are there, and those who still have it leave the parts of the missing to them, for as
   * long. Quotas smaller than the number of workers, token buckets, and those that only silence frees, cannot be divided:
   * their calls wait.
   */
  readonly whenAway?: "wait" | "fail" | "share"
  /** How long calls wait for a Redis that is away; default 30 seconds, or a second where they fail. */
  readonly awayDeadline?: Duration.Input
  /** Whether rolling and fixed windows are believed to be that; default `"published"`. */
  readonly stance?: Stance
}

/** A store in Redis. Throws `RangeError` for options that cannot be. */
export const layer = (options: Options = {}): Layer.Layer<RateLimiterStore, never, Redis.Redis> => {
  const {
    abandonment = "1 minute",
    lease = "1 minute",
    maxPause,
    prefix = "sluice",
    stance,
    tagBy = "partition",
    whenAway = "wait"
  } = options
  const made = {
    layout: { prefix, tagBy },
    awayMillis: millis("awayDeadline", options.awayDeadline ?? (whenAway === "fail" ? "1 second" : "30 seconds")),
    abandonMillis: millis("abandonment", abandonment),
    leaseMillis: millis("lease", lease),
    maxPauseMillis: maxPause === undefined ? undefined : millis("maxPause", maxPause),
    stance,
    shares: whenAway === "share",
    showMillis: 250
  }
  return Layer.effect(
    RateLimiterStore,
    Effect.map(make(made), ({ store, survey }) => Object.assign(store, { survey }))
  )
}

function millis(field: string, input: Duration.Input): number {
  const duration = Option.filter(
    Duration.fromInput(input),
    (value) => !Duration.isNegative(value) && Duration.isFinite(value)
  )
  return Math.ceil(
    Duration.toMillis(
      Option.getOrThrowWith(
        duration,
        () => new RangeError(`${field} takes a duration such as "2 seconds", but was given ${String(input)}.`)
      )
    )
  )
}
