/**
 * One quota as its server counts it: exact, synchronous, whole milliseconds, no clock of its own.
 *
 * Written from the definitions of the algorithms and from nothing else, so that it can judge a client. Instants must not
 * go back; one that does is taken as the latest seen.
 *
 * @example
 * ```ts
 * import { Quota } from "@sluice/core"
 * import { Counter } from "@sluice/simulator"
 *
 * const counter = Counter.make(Quota.rolling(2, "1 second"))
 * counter.count(0)
 * counter.count(400)
 * counter.read(999) // { fits: false, remaining: 0, resetAtMillis: 1000, retryAtMillis: 1000 }
 * counter.read(1000).fits // true
 * ```
 */
import type { Quota } from "@sluice/core/Quota"
import * as Concurrency from "./Concurrency.ts"
import * as FixedWindow from "./FixedWindow.ts"
import * as IdleReset from "./IdleReset.ts"
import * as RollingLog from "./RollingLog.ts"
import * as Seeded from "./Seeded.ts"
import * as SlidingCounter from "./SlidingCounter.ts"
import * as TokenBucket from "./TokenBucket.ts"

/** What a counter says of a request of some cost at some instant, before anything is counted. */
export interface Reading {
  readonly fits: boolean
  /** Whole units that would still fit now. */
  readonly remaining: number
  /** When the window ends, the oldest unit leaves, the bucket is full; now, if nothing is counted. */
  readonly resetAtMillis: number
  /** The earliest instant at which the request fits if nothing else comes; `Infinity` if it is larger than the limit. */
  readonly retryAtMillis: number
}

export interface Counter {
  /** The limit that holds unless a reading names another: `Infinity` for a limit that is not told. */
  readonly limit: number
  readonly countsRefused: boolean
  readonly read: (nowMillis: number, cost?: number, limit?: number) => Reading
  /** Counts whether it fits or not. `endsAtMillis` matters to concurrency alone: its place is free from then on. */
  readonly count: (nowMillis: number, cost?: number, endsAtMillis?: number) => void
  /** Tells the counter that it refused: starts the penalty, and counts if refused requests are counted. */
  readonly refuse: (nowMillis: number, cost?: number) => void
  /** Gives back a place of a concurrency quota that was counted without an end. */
  readonly release: (nowMillis: number, cost?: number) => void
  /** Tells its state as numbers, instants as seen from now: of equal numbers, it goes on alike. */
  readonly put: (nowMillis: number, put: (value: number) => void) => void
}

/** How a particular server does it, where the quota leaves that open. */
export interface Options {
  /** A rolling log that still counts what is exactly one window old; default false. */
  readonly closed?: boolean
  /** The server's clock is truncated to so many milliseconds; default 1. */
  readonly tickMillis?: number
  /**
   * Where windows begin: at multiples of the window since the epoch, at a phase of their own, or at the first request.
   * Default `"phase"`; a fixed window whose quota says `phase: "clock"` is always aligned.
   */
  readonly start?: "clock" | "phase" | "firstRequest"
  /** The phase itself; by default it depends on the seed and the quota's name. */
  readonly phaseMillis?: number
  readonly seed?: number
  /** What a quota of kind `unknown` or `unpublished` really does; default `"slidingCounter"`. */
  readonly algorithm?: "rolling" | "fixed" | "slidingCounter" | "idleReset"
  /** The number behind a quota of kind `unpublished`; by default it never refuses. */
  readonly limit?: number
  /** Refused requests are counted as well; default false. */
  readonly countsRefused?: boolean
  /** How long a place of a concurrency quota is kept after the request ended; default 0. */
  readonly releaseLagMillis?: number
}

/** The arithmetic alone: instants never go back, cost and limit are given. */
export interface Algorithm {
  readonly read: (now: number, cost: number, limit: number) => Reading
  readonly count: (now: number, cost: number, endsAtMillis?: number) => void
  readonly release?: (now: number, cost: number) => void
  readonly put: (now: number, put: (value: number) => void) => void
}

export const make = (quota: Quota, options: Options = {}): Counter => {
  const tick = options.tickMillis ?? 1
  const limit = quota.kind === "unpublished" ? (options.limit ?? Infinity) : quota.limit
  const countsRefused = quota.kind !== "concurrency" && (options.countsRefused ?? false)
  const algorithm = algorithmOf(quota, options)
  let latest = -Infinity
  let closedUntil = -Infinity

  const at = (nowMillis: number) => (latest = Math.max(latest, Math.floor(nowMillis / tick) * tick))
  const seenAt = (instant: number) => Math.ceil(instant / tick) * tick

  return {
    limit,
    countsRefused,
    read(nowMillis, cost = 1, allowed = limit) {
      const now = at(nowMillis)
      const reading = algorithm.read(now, cost, allowed)
      const fits = reading.fits && now >= closedUntil
      return {
        fits,
        remaining: now >= closedUntil ? reading.remaining : 0,
        resetAtMillis: Math.max(nowMillis, seenAt(Math.max(reading.resetAtMillis, closedUntil))),
        retryAtMillis: fits ? nowMillis : seenAt(Math.max(reading.retryAtMillis, closedUntil))
      }
    },
    count(nowMillis, cost = 1, endsAtMillis) {
      algorithm.count(at(nowMillis), cost, endsAtMillis)
    },
    refuse(nowMillis, cost = 1) {
      const now = at(nowMillis)
      if (countsRefused) algorithm.count(now, cost)
      if (quota.penaltyMillis > 0) closedUntil = now + quota.penaltyMillis
    },
    release(nowMillis, cost = 1) {
      algorithm.release?.(at(nowMillis), cost)
    },
    put(nowMillis, put) {
      put(nowMillis % tick)
      put(Math.max(0, latest - nowMillis))
      put(Math.max(0, closedUntil - nowMillis))
      algorithm.put(nowMillis, put)
    }
  }
}

const algorithmOf = (quota: Quota, options: Options): Algorithm => {
  const { windowMillis } = quota
  const kind =
    quota.kind === "unknown" || quota.kind === "unpublished" ? (options.algorithm ?? "slidingCounter") : quota.kind
  switch (kind) {
    case "rolling":
      return RollingLog.make(windowMillis, options.closed ?? false)
    case "fixed":
      return FixedWindow.make(windowMillis, quota.phase === "clock" ? 0 : startOf(quota, options))
    case "slidingCounter":
      return SlidingCounter.make(windowMillis, startOf(quota, options))
    case "tokenBucket":
      return quota.step === 1
        ? TokenBucket.continuous(windowMillis, quota.refill)
        : TokenBucket.stepped(windowMillis, quota.refill, quota.step, phaseOf(quota, options))
    case "idleReset":
      return IdleReset.make(windowMillis)
    case "concurrency":
      return Concurrency.make(options.releaseLagMillis ?? 0)
  }
}

const startOf = (quota: Quota, options: Options): FixedWindow.Start =>
  options.start === "clock" ? 0 : options.start === "firstRequest" ? "firstRequest" : phaseOf(quota, options)

const phaseOf = (quota: Quota, options: Options) =>
  options.phaseMillis ?? Seeded.hash(String(options.seed ?? 1), quota.name) % quota.windowMillis
