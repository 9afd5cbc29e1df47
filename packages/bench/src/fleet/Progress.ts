/** The runs as they go: a bar that is redrawn on a terminal, a line for each run elsewhere. */
import * as LiveTable from "@sluice/cli/LiveTable"
import * as Redraw from "@sluice/cli/Redraw"
import { Console, Effect, type Scope, type Terminal } from "effect"
import { bar } from "../Progress.ts"
import { expectedMillis, type Task } from "./Plan.ts"
import type { Ran } from "./Run.ts"

export interface Progress {
  readonly begin: (task: Task) => Effect.Effect<void>
  readonly end: (task: Task, ran: Ran) => Effect.Effect<void>
}

export interface State {
  readonly tasks: number
  readonly expectedMillis: number
  begun: number
  title: string
  /** Of the runs that are over, and when the present one began. */
  overMillis: number
  beganAt: number
  presentMillis: number
}

export const make = Effect.fnUntraced(function* (
  tasks: ReadonlyArray<Task>,
  style: LiveTable.Style
): Effect.fn.Return<Progress, never, Scope.Scope | Terminal.Terminal> {
  const state: State = {
    tasks: tasks.length,
    expectedMillis: tasks.reduce((sum, task) => sum + expectedMillis(task), 0),
    begun: 0,
    title: "",
    overMillis: 0,
    beganAt: performance.now(),
    presentMillis: 0
  }
  if (style.mode === "redraw") yield* Redraw.every((columns) => bars(state, performance.now(), columns))
  return {
    begin: (task) =>
      Effect.sync(() => {
        state.begun++
        state.title = `${task.peer.title}: ${task.measure.title}`
        state.beganAt = performance.now()
        state.presentMillis = expectedMillis(task)
      }),
    end: (task, ran) => {
      state.overMillis += expectedMillis(task)
      state.presentMillis = 0
      return style.mode === "lines" ? Console.log(line(state, ran)) : Effect.void
    }
  }
})

/** A run that is over, for logs. */
export const line = ({ begun, tasks, title }: Pick<State, "begun" | "tasks" | "title">, { figures }: Ran): string =>
  `${String(begun).padStart(String(tasks).length)}/${tasks} ${title.padEnd(75)} ${Object.entries(figures)
    .map(([name, figure]) => `${name} ${Number(figure.toPrecision(4))}`)
    .join("  ")}`

/** The whole and the present run, as wide as the terminal allows. */
export const bars = (state: State, now: number, columns: number): ReadonlyArray<string> => {
  const { beganAt, begun, expectedMillis, overMillis, presentMillis, tasks, title } = state
  const share = presentMillis === 0 ? 0 : Math.min(1, (now - beganAt) / presentMillis)
  const overAll = overMillis + share * presentMillis
  const width = Math.max(8, Math.min(40, columns - 40))
  return [
    `${bar(overAll / expectedMillis, width)} ${begun}/${tasks}, ${LiveTable.span(expectedMillis - overAll)} left`,
    `${bar(share, width)} ${title}`
  ].map((text) => text.slice(0, columns))
}
