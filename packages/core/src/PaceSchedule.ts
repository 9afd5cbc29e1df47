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
import { Admission, type Permit } from "./Admission.ts"
import * as Claim from "./Claim.ts"
import * as Quota from "./Quota.ts"
import * as Signal from "./Signal.ts"

/**
 * Repeats for ever, never beyond the quota; the output counts the repetitions from 0. One run is one unit.
 *
 * Every kind is read with `rateMargin` and `slack` as the worst that they allow. A known phase, `latencyFloor` and what the
 * server says are not used: they could only save time. With `pacing: "even"` no run starts sooner than an interval
 * after the planned start of the one before. Windows, buckets and idle resets start full: give a quota its
 * `share` if something else uses it too. A run that fails ends the repetition, and with it what is known of the runs.
 */
export const fromQuota = (quota: Quota.Quota): Schedule.Schedule<number, unknown> =>
  Schedule.fromStep(
    Effect.sync(() => {
      const pace = new Pace(quota)
      let count = 0
      return () =>
        Effect.map(Clock.monotonicTimeNanos, (nanos): [number, Duration.Duration] => {
          // The end is rounded up and the present down, so that no age is overrated.
          const now = Math.floor(Number(nanos) / 1e6)
          const endedAt = Math.ceil(Number(nanos) / 1e6)
          const startsAt = pace.next(endedAt)
          return [count++, Duration.millis(startsAt <= endedAt ? 0 : startsAt - now)]
        })
    })
  )

/** The books of a single fiber: a run is under way from the instant that it was given, and answered when it ends. */
class Pace {
  private readonly admission = new Admission()
  private readonly claim: Claim.Claim
  private readonly interval: number
  private running: Permit | undefined
  private startsAt: number | undefined

  constructor(quota: Quota.Quota) {
    const { kind, limit, pacing, rateMargin, refill, windowMillis } = quota
    this.claim = Claim.of(Quota.withOptions(quota, { pacing: "burst" }))
    const units = kind === "tokenBucket" ? refill : limit
    this.interval = pacing === "burst" ? 0 : Math.ceil(windowMillis * (1 + rateMargin)) / units
  }

  /** Takes the end of a run, in whole milliseconds, and gives from when on the next may start. */
  next(endedAt: number): number {
    // When the first run began is not known, only when it ended.
    if (!this.running) this.admit(endedAt)
    if (this.running) {
      this.admission.settle(this.running, "answered", endedAt, Signal.none)
      this.admission.release(this.running, endedAt, "read")
    }
    const evenlyAt = Math.max(endedAt, (this.startsAt ?? endedAt) + this.interval)
    const admittedAt = this.admit(Math.ceil(evenlyAt))
    this.startsAt = admittedAt - 1 < evenlyAt ? evenlyAt : admittedAt
    return admittedAt
  }

  private admit(from: number): number {
    const permit = this.admission.permit(this.claim)
    this.running = permit
    let at = from
    for (;;) {
      const decision = this.admission.admit(permit, at)
      if (decision._tag !== "Wait") return at
      at = Math.ceil(decision.at)
    }
  }
}
