/**
 * Runs an effect to its end under the `TestClock`, by moving the clock from one sleep to the next.
 *
 * Between two sleeps it lets real turns of the event loop pass, so that an effect that awaits a promise (the body of a
 * response) registers its next sleep at the right instant. Sockets and processes are not waited for: they live in real
 * time, and the clock would run ahead of them.
 */
import { Clock, Data, Duration, Effect, type Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"

export interface Options {
  /** How far the clock may be moved before the run is given up; default 30 days. */
  readonly atMost?: Duration.Input
}

/** The effect would not have ended within `atMost`, or there is no `TestClock` to move. */
export class FastForwardError extends Data.TaggedError("FastForwardError")<{
  readonly reason: "AtMost" | "NoTestClock"
  readonly atMost: Duration.Duration
  /** How far the clock had been moved when the run was given up. */
  readonly elapsed: Duration.Duration
}> {
  override get message() {
    return this.reason === "NoTestClock"
      ? "Simulator.fastForward: the clock in the context is not a TestClock; run it with it.effect or TestClock.layer()."
      : `Simulator.fastForward: the effect does not end within ${Duration.format(this.atMost)} of virtual time ` +
          `(${Duration.format(this.elapsed)} had passed).`
  }
}

/** What became of the effect, and how much virtual time it took. */
export interface Run<A, E> {
  readonly exit: Exit.Exit<A, E>
  readonly elapsed: Duration.Duration
}

export const run = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  options: Options = {}
): Effect.Effect<Run<A, E>, FastForwardError, R> =>
  Clock.clockWith((clock) => {
    const atMost = Duration.fromInputUnsafe(options.atMost ?? Duration.days(30))
    if (!isTestClock(clock)) {
      return Effect.fail(new FastForwardError({ reason: "NoTestClock", atMost, elapsed: Duration.zero }))
    }
    return Effect.acquireUseRelease(
      Effect.sync(() => watch(clock)),
      (sleeps) => drive(effect, clock, sleeps, atMost),
      (sleeps) => Effect.sync(sleeps.unwatch)
    )
  })

const drive = Effect.fnUntraced(function* <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  clock: TestClock.TestClock,
  sleeps: Sleeps,
  atMost: Duration.Duration
) {
  const start = clock.currentTimeMillisUnsafe()
  const elapsedMillis = () => clock.currentTimeMillisUnsafe() - start
  const fiber = yield* Effect.forkChild(effect, { startImmediately: true })
  const hasEnded = () => fiber.pollUnsafe() !== undefined
  // Sleeps that began before the watch are not known: they are looked for in growing steps.
  let searchMillis = 1
  while (!hasEnded()) {
    yield* settle(sleeps, hasEnded)
    if (hasEnded()) break
    let next = sleeps.next()
    for (let wait = 1; next === undefined && wait <= patienceMillis && !hasEnded(); wait *= 2) {
      yield* realMillis(wait)
      next = sleeps.next()
    }
    if (hasEnded()) break
    const left = Duration.toMillis(atMost) - elapsedMillis()
    const step = next === undefined ? searchMillis : next - clock.currentTimeMillisUnsafe()
    searchMillis = next === undefined ? searchMillis * 2 : 1
    if (left <= 0 || (next !== undefined && step > left)) {
      yield* Fiber.interrupt(fiber)
      return yield* new FastForwardError({ reason: "AtMost", atMost, elapsed: Duration.millis(elapsedMillis()) })
    }
    yield* clock.adjust(Math.max(0, Math.min(step, left)))
  }
  return { exit: yield* Fiber.await(fiber), elapsed: Duration.millis(elapsedMillis()) }
})

/** Real turns until a few of them in a row have neither begun nor ended a sleep. */
const settle = (sleeps: Sleeps, hasEnded: () => boolean): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    let quiet = 0
    let seen = sleeps.changes()
    const turn = () => {
      quiet = sleeps.changes() === seen ? quiet + 1 : 0
      seen = sleeps.changes()
      if (quiet >= quietTurns || hasEnded()) resume(Effect.void)
      else realTurn(turn)
    }
    realTurn(turn)
  })

const quietTurns = 12
const patienceMillis = 4

const realTurn = (f: () => void) => {
  if (typeof setImmediate === "function") setImmediate(f)
  else setTimeout(f, 0)
}

const realMillis = (millis: number) =>
  Effect.callback<void>((resume) => void setTimeout(() => resume(Effect.void), millis))

interface Sleeps {
  /** When the next known sleep is over. */
  readonly next: () => number | undefined
  /** Grows whenever a sleep begins or ends. */
  readonly changes: () => number
  readonly unwatch: () => void
}

/**
 * `TestClock` does not tell what sleeps, so its `sleep` is replaced while somebody watches: fibers of layers that were
 * built outside of the effect hold this very clock, and a clock provided to the effect alone would not see them.
 */
const watch = (clock: TestClock.TestClock): Sleeps => {
  const watched = watches.get(clock) ?? observe(clock)
  watched.watchers++
  watches.set(clock, watched)
  return {
    next: () => watched.instants.findLast(Number.isFinite),
    changes: () => watched.changes,
    unwatch() {
      if (--watched.watchers > 0) return
      watches.delete(clock)
      watched.restore()
    }
  }
}

interface Watch {
  watchers: number
  changes: number
  /** Latest first. */
  readonly instants: Array<number>
  readonly restore: () => void
}

const watches = new WeakMap<Clock.Clock, Watch>()

const observe = (clock: TestClock.TestClock): Watch => {
  const sleep = clock.sleep
  const instants: Array<number> = []
  const watched: Watch = {
    watchers: 0,
    changes: 0,
    instants,
    restore() {
      clock.sleep = sleep
    }
  }
  // The first index whose instant is not after `at`.
  const indexOf = (at: number) => {
    let low = 0
    let high = instants.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((instants[middle] ?? 0) > at) low = middle + 1
      else high = middle
    }
    return low
  }
  clock.sleep = (duration) =>
    Effect.acquireUseRelease(
      Effect.sync(() => {
        const at = clock.currentTimeMillisUnsafe() + Duration.toMillis(duration)
        instants.splice(indexOf(at), 0, at)
        watched.changes++
        return at
      }),
      () => sleep(duration),
      (at) =>
        Effect.sync(() => {
          instants.splice(indexOf(at), 1)
          watched.changes++
        })
    )
  return watched
}

const isTestClock = (clock: Clock.Clock): clock is TestClock.TestClock => "adjust" in clock && "setTime" in clock
