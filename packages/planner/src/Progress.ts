/**
 * How far long work has come and when it will be done, for those who wait for it at a terminal.
 *
 * It hears from the limiter what is admitted and answered, so that nothing else has to count, and reckons the rest as a plan
 * would. On a terminal it is one line at the bottom that is drawn over; elsewhere a line every few seconds.
 *
 * @example
 * ```ts
 * import { Progress } from "@sluice/planner"
 * import { Productlane } from "@sluice/providers/productlane"
 * import { Effect } from "effect"
 *
 * const threads = Array.from({ length: 300 }, (_, i) => `/threads/${i}`)
 * const program = Effect.gen(function* () {
 *   const productlane = yield* Productlane.Client
 *   const progress = yield* Progress.make(Productlane.provider, { reads: threads.length }, { label: "threads" })
 *   yield* Effect.forEach(threads, (path) => productlane.get(path), { concurrency: 20 })
 *   yield* progress.say("all are read")
 * }).pipe(Effect.scoped)
 * ```
 */
import type { RateLimiter } from "@sluice/core/RateLimiter"
import { Console, DateTime, Duration, Effect, Option, type Scope, Stdio, Terminal } from "effect"
import type { Subject, Work } from "./Options.ts"
import { type Options as TrackOptions, type State, track, type Tracker } from "./Tracker.ts"

export { type State, track, type Tracker, type TrackOptions }

/** What is counted, and how it is shown. */
export interface Options extends TrackOptions {
  /** What the line begins with. */
  readonly label?: string
  /** How often a line is printed where there is no terminal; default 5 seconds. */
  readonly every?: Duration.Input
}

export interface Progress extends Tracker {
  /** Prints a line above the one at the bottom. */
  readonly say: (line: string) => Effect.Effect<void>
}

/** Shows work of a provider, or on quotas by name, until the scope closes. Throws `PlanError` for work that cannot be. */
export const make = (
  subject: Subject,
  work: Work,
  options: Options = {}
): Effect.Effect<Progress, never, RateLimiter | Terminal.Terminal | Stdio.Stdio | Scope.Scope> =>
  Effect.gen(function* () {
    const terminal = yield* Terminal.Terminal
    const isTerminal = yield* Effect.flatMap(Stdio.Stdio, (stdio) => stdio.stdoutIsTerminal)
    const tracker = yield* track(subject, work, options)
    const { every = "5 seconds", label = "" } = options
    if (!isTerminal) {
      let last = ""
      const print = Effect.flatMap(tracker.state, (state) => {
        const text = line(state, label)
        if (text === last) return Effect.void
        last = text
        return Console.log(text)
      })
      yield* Effect.addFinalizer(() => print)
      yield* Effect.forkScoped(Effect.forever(Effect.delay(print, every)))
      return { ...tracker, say: (text) => Console.log(text) }
    }
    const display = (text: string) => Effect.ignore(terminal.display(text))
    const draw = Effect.gen(function* () {
      // Some terminals do not tell their width.
      const columns = (yield* terminal.columns) || 80
      yield* display(`\r\u001b[2K${bar(yield* tracker.state, label, columns)}`)
    })
    yield* Effect.addFinalizer(() => Effect.andThen(draw, display("\n\u001b[?25h")))
    yield* display("\u001b[?25l")
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(draw, Effect.sleep("100 millis"))))
    return { ...tracker, say: (text) => Effect.andThen(display(`\r\u001b[2K${text}\n`), draw) }
  })

/** A state in a line of text. */
export const line = (state: State, label = ""): string =>
  [label, `${state.done} of ${state.calls}`, ...told(state)].filter((part) => part !== "").join(", ")

/** A state as a bar with a line of text, no longer than so many columns. */
export const bar = (state: State, label: string, columns: number): string => {
  const share = state.calls === 0 ? 1 : state.done / state.calls
  const words = [`${Math.floor(share * 100)} %`, `${state.done} of ${state.calls}`, ...told(state)].join("  ")
  const head = label === "" ? "" : `${label} `
  const width = Math.min(40, columns - 1 - head.length - words.length - 1)
  const full = Math.floor(share * width)
  const drawn = width >= 8 ? `${"█".repeat(full)}${"░".repeat(width - full)} ` : ""
  return `${head}${drawn}${words}`.slice(0, columns - 1)
}

const told = ({ calls, closed, done, left, perMinute, waitsFor }: State): ReadonlyArray<string> =>
  done === calls
    ? []
    : [
        ...(perMinute > 0 ? [`${perMinute} a minute`] : []),
        ...Option.toArray(Option.map(left, (left) => `${spanOf(left)} left`)),
        ...(Option.isSome(closed)
          ? [`closed until ${timeOf(closed.value.until)}${closed.value.by === "" ? "" : ` (${closed.value.by})`}`]
          : Option.toArray(Option.map(waitsFor, (quota) => `waits for ${quota}`)))
      ]

/** In whole seconds, and whole minutes from an hour on. */
const spanOf = (span: Duration.Duration): string => {
  const seconds = Math.ceil(Duration.toSeconds(span))
  return Duration.format(Duration.seconds(seconds < 3600 ? seconds : Math.ceil(seconds / 60) * 60))
}

const timeOf = (at: DateTime.Utc): string => DateTime.formatIso(at).slice(11, 19)
