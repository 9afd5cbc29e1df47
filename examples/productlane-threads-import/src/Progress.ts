/** How far the import is and when it ends: on a terminal a bar that is drawn over, otherwise a line for every fifth thread. */
import type { Quota } from "@sluice/core"
import { Console, Duration, Effect, Stdio, Terminal } from "effect"

/** How long so many take at this pace. */
export const timeFor = (count: number, { limit, windowMillis }: Quota.Quota) =>
  Duration.seconds(Math.ceil((count * windowMillis) / limit / 1000))

export const make = Effect.fnUntraced(function* (total: number, pace: Quota.Quota) {
  const terminal = yield* Terminal.Terminal
  const isTerminal = yield* Effect.flatMap(Stdio.Stdio, (stdio) => stdio.stdoutIsTerminal)
  let done = 0
  const show = Effect.suspend(() => {
    const state = `${done} of ${total}, ${Duration.format(timeFor(total - done, pace))} left`
    const bar = "#".repeat((done / total) * 20).padEnd(20, ".")
    if (isTerminal) return terminal.display(`\r\u001B[K${bar} ${state}`)
    return done % 5 === 0 ? Console.log(state) : Effect.void
  })
  return {
    /** One more is done. */
    next: Effect.suspend(() => {
      done++
      return show
    }),
    /** A line above the bar. */
    say: (line: string) => (isTerminal ? terminal.display(`\r\u001B[K${line}\n`) : Console.log(line))
  }
})
