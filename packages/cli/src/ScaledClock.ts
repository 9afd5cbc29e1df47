/**
 * A clock that runs a fixed number of times faster than the machine's.
 *
 * Given to both ends of an exchange, so that windows, latencies, `Date` and `Retry-After` agree in its time, and an hour
 * is over in seconds.
 *
 * @example
 * ```ts
 * import * as ScaledClock from "@sluice/cli/ScaledClock"
 * import { Clock, Effect } from "effect"
 *
 * Effect.sleep("1 hour").pipe(Effect.provideService(Clock.Clock, ScaledClock.make(360)))
 * ```
 */
import { type Clock, Duration, Effect } from "effect"

/** The machine's own time as a clock reads it: both in milliseconds, the second one monotonic. */
export interface Machine {
  readonly wallMillis: () => number
  readonly monotonicMillis: () => number
}

const machine: Machine = { wallMillis: () => Date.now(), monotonicMillis: () => performance.now() }

/** Starts at the machine's wall time and leaves it behind. Its sleeps never end early, and never jump with the wall clock. */
export const make = (speed: number, { wallMillis, monotonicMillis }: Machine = machine): Clock.Clock => {
  if (!(speed > 0 && Number.isFinite(speed))) {
    throw new RangeError(`ScaledClock: speed takes a number above 0, but was given ${speed}.`)
  }
  const originMillis = wallMillis()
  const startedAt = monotonicMillis()
  const elapsedMillis = () => (monotonicMillis() - startedAt) * speed
  const elapsedNanos = () => BigInt(Math.floor(elapsedMillis() * 1e6))
  const currentTimeMillis = () => Math.floor(originMillis + elapsedMillis())
  const currentTimeNanos = () => BigInt(Math.floor(originMillis)) * 1_000_000n + elapsedNanos()

  const sleepUntil = (elapsed: number): Effect.Effect<void> =>
    Effect.callback((resume) => {
      let timer: ReturnType<typeof setTimeout> | undefined
      const wait = () => {
        const leftMillis = (elapsed - elapsedMillis()) / speed
        if (leftMillis <= 0) return resume(Effect.void)
        // Timers count whole milliseconds and may fire a little early: then what is left is waited for.
        timer = setTimeout(wait, Math.min(Math.ceil(leftMillis), longestTimer))
      }
      wait()
      return Effect.sync(() => clearTimeout(timer))
    })

  return {
    currentTimeMillisUnsafe: currentTimeMillis,
    currentTimeMillis: Effect.sync(currentTimeMillis),
    currentTimeNanosUnsafe: currentTimeNanos,
    currentTimeNanos: Effect.sync(currentTimeNanos),
    monotonicTimeNanosUnsafe: elapsedNanos,
    monotonicTimeNanos: Effect.sync(elapsedNanos),
    sleep: (duration) => {
      const millis = Duration.toMillis(duration)
      if (millis <= 0) return Effect.yieldNow
      if (!Number.isFinite(millis)) return Effect.never
      return Effect.suspend(() => sleepUntil(elapsedMillis() + millis))
    }
  }
}

const longestTimer = 2 ** 31 - 1
