/**
 * Schedules that retry as a provider's refusal says: not before its `retryAfter`, not what repeating cannot cure, and not
 * without bound.
 *
 * They are ordinary schedules over any input, and stop on whatever is not a refusal, so that they compose:
 *
 * - `Schedule.max([serverDirected(), yours])` waits the longer of both and stops when either stops: adds a bound;
 * - `Schedule.min([serverDirected(), yours.pipe(Schedule.while(({ input }) => !RateLimited.isRateLimited(input)))])` leaves
 *   refusals to this one and everything else to yours. Without the `while` the shorter delay would win, which may come
 *   earlier than the provider said;
 * - `Schedule.concat(serverDirected(), yours)` hands over to yours at the first input that is no refusal, or when a bound
 *   is reached, and for good: from then on yours sees the refusals too;
 * - `Schedule.jittered` and `Schedule.modifyDelay` can shorten the delay; use the option `jitter`, which only adds.
 *
 * @example
 * ```ts
 * import { RetrySchedule } from "@sluice/core"
 * import { SuiteOp } from "@sluice/providers/suiteop"
 * import { Effect } from "effect"
 *
 * const call = SuiteOp.Client.use((suiteop) => suiteop.get("/api/v1/tasks"))
 * const retried = call.pipe(Effect.retry(RetrySchedule.serverDirected({ jitter: "500 millis", maxAttempts: 3 })))
 * ```
 */
import { Cause, Clock, Context, DateTime, Duration, Effect, Option, Pull, Random, Schedule } from "effect"
import { millis, refuse } from "./limiter/OptionRules.ts"
import { isRateLimited, type RateLimited } from "./RateLimited.ts"

export interface Options {
  /** Uniformly from zero to this much on top of every delay, as far as `maxElapsed` leaves room; default none. */
  readonly jitter?: Duration.Input
  /**
   * The delays where the refusal tells none, or one that is over: by default 1 s, doubling up to a minute. Steps only when
   * it is needed; when it ends, so does the retrying.
   */
  readonly fallback?: Schedule.Schedule<unknown, unknown>
  /** How many retries of refusals there may be in one run; default 8. */
  readonly maxAttempts?: number
  /** Stops rather than sleep beyond this much since the run's first failure; default 10 minutes. */
  readonly maxElapsed?: Duration.Input
  /** Shared by everything that is to be held back together; default none. */
  readonly budget?: Budget
}

/** Which share of the traffic may be retries. Its state lives in it: share the value, not the options. */
export interface Budget {
  /** Books one call at its start, whatever becomes of it. */
  readonly deposit: (nowMillis: number) => void
  /** Books one retry, if it is still within the budget, and says whether it is. */
  readonly withdraw: (nowMillis: number) => boolean
}

/**
 * Retries a provider's refusals (`RateLimited`) as they say, and stops on any other input. The output is the delay.
 *
 * The state lives in the run: every `Effect.retry` starts anew, and only a budget is shared. Throws a `RangeError` that
 * names the option if one cannot be.
 */
export const serverDirected = (options: Options = {}): Schedule.Schedule<Duration.Duration, unknown> => {
  const { budget, fallback = backoff, maxAttempts = 8 } = options
  const jitterMillis = millis("RetrySchedule: jitter", options.jitter ?? 0)
  const maxElapsedMillis = millis("RetrySchedule: maxElapsed", options.maxElapsed ?? "10 minutes")
  if (!(maxAttempts === Infinity || (Number.isInteger(maxAttempts) && maxAttempts >= 0))) {
    refuse("RetrySchedule: maxAttempts", "a whole number from 0, or Infinity", maxAttempts)
  }
  const schedule = Schedule.fromStepWithMetadata(
    Effect.gen(function* () {
      const fallbackStep = yield* Schedule.toStep(fallback)
      // `Effect.retry` makes the step before the first attempt, so that calls which succeed are deposited too.
      if (budget !== undefined) budget.deposit(yield* Clock.currentTimeMillis)
      let retries = 0
      return ({ input, now, elapsed }: Schedule.InputMetadata<unknown>) =>
        Effect.gen(function* () {
          if (!isRateLimited(input) || !input.isRetryable || retries >= maxAttempts) return yield* stop
          const told = toldMillis(input, now)
          const delay = told > 0 ? told : yield* Effect.map(fallbackStep(now, input), ([, wait]) => wholeMillis(wait))
          const left = maxElapsedMillis - Math.max(0, elapsed)
          if (delay > left) return yield* stop
          if (budget !== undefined && !budget.withdraw(now)) return yield* stop
          retries++
          const jitter = jitterMillis === 0 ? 0 : Math.floor((yield* Random.next) * (jitterMillis + 1))
          const wait = Duration.millis(Math.min(delay + jitter, left))
          return [wait, wait] satisfies [Duration.Duration, Duration.Duration]
        }).pipe(Pull.catchDone(() => stop))
    })
  )
  if (budget === undefined && options.fallback === undefined) startsAtFailure.add(schedule)
  return schedule
}

/** Schedules to which it is the same whether their run begins with the call or with its first failure. @internal */
export const startsAtFailure = new WeakSet<Schedule.Schedule<unknown, unknown>>()

/**
 * A budget for `serverDirected`: among the last `window` (default 10 s) at most `minimum` (default 10) retries, and `ratio`
 * (default 0.2) more for every call.
 *
 * Each run of a schedule is a call and deposits `ratio`, whether it succeeds or fails; each retry takes one. Both are
 * forgotten after `window`, so that neither a quiet night nor a busy one counts in the morning. Throws a `RangeError` that
 * names the option if one cannot be.
 */
export const budget = (
  options: {
    readonly ratio?: number
    readonly minimum?: number
    readonly window?: Duration.Input
  } = {}
): Budget => {
  const { minimum = 10, ratio = 0.2 } = options
  const windowMillis = millis("RetrySchedule: window", options.window ?? "10 seconds")
  if (!(ratio >= 0 && ratio <= 1)) refuse("RetrySchedule: ratio", "a fraction from 0 to 1", ratio)
  if (!(minimum >= 0 && minimum < Infinity)) refuse("RetrySchedule: minimum", "a number of retries, 0 or more", minimum)
  if (!(windowMillis >= 1 && windowMillis < Infinity))
    refuse("RetrySchedule: window", "a finite duration from 1 ms", options.window)
  // Counters for slices of the window, dropped whole: the memory does not grow with the traffic.
  const sliceMillis = Math.max(1, Math.ceil(windowMillis / slices))
  const kept = Math.ceil(windowMillis / sliceMillis)
  const log: Array<Slice> = []
  const sliceAt = (nowMillis: number): Slice => {
    const index = Math.floor(nowMillis / sliceMillis)
    const last = log.at(-1)
    // A clock that was set back a little goes on in the newest slice; after a larger step the count starts anew.
    if (last !== undefined && last.index > index + kept) log.length = 0
    else if (last !== undefined && last.index >= index) return last
    const slice = { index, calls: 0, retries: 0 }
    log.push(slice)
    while (log[0] !== undefined && log[0].index <= index - kept) log.shift()
    return slice
  }
  return {
    deposit: (nowMillis) => {
      sliceAt(nowMillis).calls++
    },
    withdraw: (nowMillis) => {
      const slice = sliceAt(nowMillis)
      const calls = log.reduce((sum, { calls }) => sum + calls, 0)
      const retries = log.reduce((sum, { retries }) => sum + retries, 0)
      const isWithin = retries + 1 <= minimum + ratio * calls
      if (isWithin) slice.retries++
      return isWithin
    }
  }
}
const slices = 20
interface Slice {
  readonly index: number
  calls: number
  retries: number
}

/**
 * The schedule for refusals where a client names none: `Layer.succeed(RetrySchedule.Default, yours)` sets it for every
 * provider. Unset, each provider's own holds.
 */
export const Default = Context.Reference<Schedule.Schedule<unknown, unknown> | undefined>(
  "@sluice/core/RetrySchedule/Default",
  { defaultValue: () => undefined }
)

/** Whatever `Default` is where the run starts; unset, the given one, or else `serverDirected()`. */
export const current = (own?: Schedule.Schedule<unknown, unknown>): Schedule.Schedule<unknown, unknown> =>
  Schedule.fromStep(Effect.flatMap(Default, (schedule) => Schedule.toStep(schedule ?? own ?? serverDirected())))

const stop = Cause.done(Duration.zero)

const backoff = Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("1 minute")])

/** What the refusal tells, rounded up, because timers cut fractions of a millisecond; zero or less if it tells nothing. */
const toldMillis = ({ retryAfter, retryAt }: RateLimited, now: number): number => {
  if (Option.isSome(retryAfter) && Duration.isDuration(retryAfter.value)) return wholeMillis(retryAfter.value)
  // A refusal of somebody else's making may lack the field.
  const at = Option.isOption(retryAt) ? Option.getOrUndefined(retryAt) : undefined
  return DateTime.isDateTime(at) ? Math.ceil(DateTime.toEpochMillis(at)) - now : 0
}

const wholeMillis = (duration: Duration.Duration): number => Math.ceil(Duration.toMillis(duration))
