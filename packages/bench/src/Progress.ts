/** The benchmarks as they go: bars that are redrawn on a terminal, a line for each round elsewhere. */
import * as LiveTable from "@sluice/cli/LiveTable"
import * as Redraw from "@sluice/cli/Redraw"
import { Console, Effect, type Scope, type Terminal } from "effect"
import type { Round } from "./Bench.ts"
import type { Measurement } from "./Measurement.ts"
import type { Loaded } from "./Policy.ts"

export interface Progress {
  /** Whether it wants to know of calls that are done. */
  readonly isWatched: boolean
  readonly begin: (round: Round) => Effect.Effect<void>
  readonly done: (policy: string, calls: number) => void
  readonly end: (results: ReadonlyArray<Result>) => Effect.Effect<void>
}

export interface Result {
  readonly id: string
  readonly measurement: Pick<Measurement, "refusedShare" | "share">
}

interface State {
  readonly rounds: number
  readonly startedAt: number
  begun: number
  title: string
  readonly policies: ReadonlyArray<{ readonly id: string; readonly calls: number; done: number }>
}

export const make = Effect.fnUntraced(function* (
  policies: ReadonlyArray<Loaded>,
  rounds: number,
  style: LiveTable.Style
): Effect.fn.Return<Progress, never, Scope.Scope | Terminal.Terminal> {
  const state: State = {
    rounds,
    startedAt: performance.now(),
    begun: 0,
    title: "",
    policies: policies.map(({ calls, id }) => ({ id, calls, done: 0 }))
  }
  if (style.mode === "redraw") {
    yield* Redraw.every((columns) => bars(state, performance.now() - state.startedAt, columns))
  }
  return {
    isWatched: style.mode === "redraw",
    begin: ({ network, peer }) =>
      Effect.sync(() => {
        state.title = state.begun === 0 ? "warm-up" : `${peer.title}, ${network}`
        state.begun++
        for (const policy of state.policies) policy.done = 0
      }),
    done: (id, calls) => {
      const policy = state.policies.find((policy) => policy.id === id)
      if (policy) policy.done = calls
    },
    end: (results) => (style.mode === "lines" ? Console.log(line(state, results)) : Effect.void)
  }
})

/** A round that is over, for logs. */
export const line = (
  { begun, rounds, title }: Pick<State, "begun" | "rounds" | "title">,
  results: ReadonlyArray<Result>
): string =>
  `${String(begun).padStart(String(rounds).length)}/${rounds} ${title.padEnd(44)} ${results
    .map(({ id, measurement: { refusedShare, share } }) => `${id} ${percent(refusedShare)}/${percent(share)}`)
    .join("  ")}`

/** The whole and the round, as wide as the terminal allows. */
export const bars = (state: State, elapsedMillis: number, columns: number): ReadonlyArray<string> => {
  const { begun, policies, rounds, title } = state
  const over = Math.max(0, begun - 1)
  const left = over === 0 ? "" : `, ${LiveTable.span((elapsedMillis / over) * (rounds - over))} left`
  const width = Math.max(8, Math.min(40, columns - 30))
  return [
    `${bar(over / rounds, width)} ${begun}/${rounds} ${title}${left}`,
    ...policies.map(({ calls, done, id }) => `${bar(done / calls, width)} ${id} ${done}/${calls}`)
  ].map((text) => text.slice(0, columns))
}

export const bar = (share: number, width: number) => {
  const full = Math.round(width * Math.min(1, share))
  return "█".repeat(full) + "░".repeat(width - full)
}

const percent = (share: number) => `${(share * 100).toFixed(0)}%`
