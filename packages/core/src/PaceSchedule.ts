/**
 * A schedule that repeats as often as a quota allows and no more: for a single fiber that polls, without a limiter.
 *
 * It needs no clock in common with the server: the step runs when a run has ended, that is after the response, and what
 * was answered by then was counted by then. It knows only its own runs: two fibers that repeat by the same schedule pace
 * themselves apart, and together use twice the quota. What shares a quota belongs behind a `RateLimiter`.
 *
 * @example
 * ```ts
 * import { PaceSchedule, Quota } from "@sluice/core"
 * import { Effect } from "effect"
 *
 * const poll = Effect.log("polled")
 * const polled = poll.pipe(Effect.repeat(PaceSchedule.fromQuota(Quota.rolling(15, "1 second"))))
 * ```
 */
import { Clock, Duration, Effect, Schedule } from "effect"
import type { Quota } from "./Quota.ts"

/**
 * Repeats for ever, never beyond the quota; the output counts the repetitions from 0. One run is one unit.
 *
 * Every kind is read with `rateMargin` and `slack` as the worst that they allow. A known phase, `latencyFloor` and what the
 * server says are not used: they could only save time. Windows, buckets and idle resets start full: give a quota its
 * `share` if something else uses it too. A run that fails ends the repetition, and with it what is known of the runs.
 */
export const fromQuota = (quota: Quota): Schedule.Schedule<number, unknown> =>
  Schedule.fromStep(
    Effect.sync(() => {
      const releaseAt = paceOf(quota)
      let count = 0
      return () =>
        Effect.map(Clock.monotonicTimeNanos, (nanos): [number, Duration.Duration] => {
          // The end is rounded up and the present down, so that no age is overrated.
          const now = Number(nanos / nanosPerMilli)
          const endedAt = nanos % nanosPerMilli === 0n ? now : now + 1
          const startsAt = releaseAt(endedAt)
          return [count++, Duration.millis(startsAt <= endedAt ? 0 : startsAt - now)]
        })
    })
  )

/** Takes the end of a run, in whole milliseconds, and says from when on the next may start. */
type Pace = (endedAt: number) => number

const paceOf = (quota: Quota): Pace => {
  const windowMillis = Math.ceil(quota.windowMillis * (1 + quota.rateMargin))
  const { kind, limit, slackMillis } = quota
  switch (kind) {
    case "unpublished":
      return (endedAt) => endedAt
    case "concurrency":
      return quota.releaseLagMillis === 0 ? (endedAt) => endedAt : ring(limit, quota.releaseLagMillis)
    case "idleReset":
      return batch(limit, windowMillis + slackMillis)
    // A window of any phase never holds more than a rolling one does.
    case "rolling":
    case "fixed":
      return spread(quota, windowMillis / limit, ring(limit, windowMillis + slackMillis))
    case "tokenBucket":
      return spread(quota, windowMillis / quota.refill, bucket(quota, windowMillis))
    // The sliding counter is the strictest of what an unknown quota is taken for.
    case "slidingCounter":
    case "unknown":
      return spread(quota, windowMillis / limit, slidingCounter(limit, windowMillis, slackMillis))
  }
}

/** The receipt rule: the next may start when the `limit`-th newest answer is `cooling` old. */
const ring = (limit: number, cooling: number): Pace => {
  const ends: Array<number> = []
  let next = 0
  return (endedAt) => {
    ends[next] = endedAt
    next = (next + 1) % limit
    const oldest = ends[next]
    return oldest === undefined ? endedAt : oldest + cooling
  }
}

/** Only silence frees it: `limit` in a batch, then quiet. A pause that another schedule adds within a batch is not credited. */
const batch = (limit: number, quiet: number): Pace => {
  let spent = 0
  return (endedAt) => {
    spent = (spent + 1) % limit
    return spent === 0 ? endedAt + quiet : endedAt
  }
}

/**
 * The debt of a bucket, in units times milliseconds: grows when a run has ended, leaks always. A refill of `step` units at
 * once may come up to a step late, which is a bucket smaller by `step - 1`. `slack` delays the leaking of what is owed.
 */
const bucket = (quota: Quota, windowMillis: number): Pace => {
  const { refill, slackMillis } = quota
  const capacity = (quota.limit - quota.step + 1) * windowMillis
  let debt = 0
  let lastEndedAt = 0
  return (endedAt) => {
    debt = Math.max(0, debt - refill * (endedAt - lastEndedAt)) + windowMillis
    lastEndedAt = endedAt
    return endedAt + Math.max(0, Math.ceil((debt + windowMillis + refill * slackMillis - capacity) / refill))
  }
}

/**
 * The server counts its current window, and of the previous one the share that still overlaps the last `window`; when its
 * windows begin is not known, so this looks at every phase that can matter. The estimate only falls with time, whence the
 * search for the first instant that is free.
 */
const slidingCounter = (limit: number, window: number, slack: number): Pace => {
  let ends: Array<number> = []
  return (endedAt) => {
    const horizon = 2 * window + slack
    ends.push(endedAt)
    if (ends.length < limit) return endedAt
    ends = ends.filter((end) => endedAt - end <= horizon)
    if (isFree(ends, endedAt - slack, limit, window)) return endedAt
    let [busy, free] = [endedAt, endedAt + horizon + 1]
    while (free - busy > 1) {
      const middle = Math.floor((busy + free) / 2)
      if (isFree(ends, middle - slack, limit, window)) free = middle
      else busy = middle
    }
    return free
  }
}

/**
 * Whether one more fits at `now` whatever the phase. With `e` ms of the current window elapsed, what is at most `e` old
 * weighs 1 and what is up to a window older weighs `1 - e / window`; the sum has its peaks where `e` is the age of a run,
 * or that age less a window. `ends` rise, so two pointers walk over both sets of peaks.
 */
const isFree = (ends: ReadonlyArray<number>, now: number, limit: number, window: number): boolean => {
  const ages = ends.map((end) => Math.max(0, now - end)).toReversed()
  const fits = (elapsed: number, current: number, previous: number) =>
    window * current + (window - elapsed) * (previous - current) + window <= limit * window
  const peaks = [0, ...ages.filter((age) => age < window)]
  const laterPeaks = ages.filter((age) => age >= window && age < 2 * window).map((age) => age - window)
  return [peaks, laterPeaks].every((elapsed) => {
    let current = 0
    let previous = 0
    return elapsed.every((e) => {
      while (current < ages.length && (ages[current] ?? Infinity) <= e) current++
      while (previous < ages.length && (ages[previous] ?? Infinity) <= e + window) previous++
      return fits(e, current, previous)
    })
  })
}

/** With pacing `even`, also no start sooner than `interval` after the planned start before it. */
const spread = (quota: Quota, interval: number, pace: Pace): Pace => {
  if (quota.pacing === "burst") return pace
  let lastStartAt: number | undefined
  return (endedAt) => {
    // When the first run began is not known, only when it ended.
    lastStartAt = Math.max(endedAt, (lastStartAt ?? endedAt) + interval, pace(endedAt))
    return Math.ceil(lastStartAt)
  }
}

const nanosPerMilli = 1_000_000n
