/** The demo as it goes: bars that are redrawn on a terminal, a line every few seconds elsewhere; then the table. */
import { Console, Effect, type Scope, type Terminal } from "effect"
import type { Progress, Result, Side } from "./Lane.ts"
import { sides } from "./Lane.ts"
import * as Redraw from "./Redraw.ts"

/** One row of the live view. */
export interface Row {
  readonly id: string
  readonly speed: number
  readonly progress: Readonly<Record<Side, Progress>>
}

/** One provider's part of the final table. */
export interface Outcome {
  readonly title: string
  readonly speed: number
  readonly results: Readonly<Record<Side, Result>>
}

/** How to show it: `redraw` needs a terminal. */
export interface Style {
  readonly mode: "redraw" | "lines" | "silent"
  readonly color: boolean
}

export const titles: Readonly<Record<Side, string>> = { sluice: "Sluice", sample: "page's sample" }

/** The style for this process: no redrawing in CI or a pipe, and no colours if NO_COLOR is set. */
export const styleOf = (
  env: Readonly<Record<string, string | undefined>>,
  isTerminal: boolean,
  isSilent: boolean
): Style => ({
  mode: isSilent ? "silent" : isTerminal && !env["CI"] && env["TERM"] !== "dumb" ? "redraw" : "lines",
  color: isTerminal && !env["NO_COLOR"]
})

/** Shows the rows until the scope closes. */
export const watch = (
  rows: ReadonlyArray<Row>,
  style: Style
): Effect.Effect<void, never, Scope.Scope | Terminal.Terminal> => {
  if (style.mode === "silent") return Effect.void
  if (style.mode === "lines") {
    return Effect.forkScoped(
      Effect.forever(
        Effect.andThen(
          Effect.sleep("5 seconds"),
          Effect.suspend(() => Console.log(line(rows)))
        )
      )
    )
  }
  return Redraw.every((columns) => bars(rows, columns, style.color))
}

/** Progress in one line, for logs. */
export const line = (rows: ReadonlyArray<Row>): string =>
  rows
    .map(({ id, progress }) => `${id} ${progress.sluice.done} | ${progress.sample.done} of ${progress.sluice.calls}`)
    .join("   ")

/** Two bars for each row, as wide as the terminal allows. */
export const bars = (rows: ReadonlyArray<Row>, columns: number, color: boolean): ReadonlyArray<string> => {
  const idWidth = Math.max(...rows.map(({ id }) => id.length))
  // Times that are left are for terminals that have room for them.
  const isWide = columns >= 100
  const barWidth = Math.max(8, Math.min(50, columns - idWidth - (isWide ? 52 : 36)))
  return rows.flatMap(({ id, progress, speed }) =>
    sides.map((side, index) => {
      const { calls, done, isOver, leftMillis } = progress[side]
      const full = Math.round((barWidth * done) / Math.max(1, calls))
      const bar = paint(color, side, "█".repeat(full)) + paint(color, "dim", "░".repeat(barWidth - full))
      const head = index === 0 ? `${id.padEnd(idWidth)} ${`x${speed}`.padStart(4)}` : " ".repeat(idWidth + 5)
      const end =
        isOver && done < calls
          ? " stopped"
          : isOver || !isWide || leftMillis === undefined
            ? ""
            : `  ${span(leftMillis)} left`
      return `${head} ${titles[side].padEnd(13)} ${bar} ${String(done).padStart(4)}/${calls}${end}`.slice(
        0,
        color ? undefined : columns
      )
    })
  )
}

/** The final table. */
export const table = (outcomes: ReadonlyArray<Outcome>, color: boolean): ReadonlyArray<string> => {
  const header = ["provider", "speed", "", "calls", "refused", "wasted", "took", "in its time", "best", "share"]
  const body = outcomes.flatMap(({ results, speed, title }) =>
    sides.map((side, index) => {
      const result = results[side]
      return [
        index === 0 ? title : "",
        index === 0 ? `x${speed}` : "",
        titles[side],
        result.done === result.calls ? String(result.calls) : `${result.done} of ${result.calls}`,
        String(result.refusals),
        String(result.wasted),
        `${(result.machineMillis / 1000).toFixed(1)} s`,
        span(result.elapsedMillis),
        span(result.best.doneAfterMillis[result.done - 1] ?? 0),
        `${(result.share * 100).toFixed(1)} %`
      ]
    })
  )
  const widths = header.map((title, column) =>
    Math.max(title.length, ...body.map((cells) => cells[column]?.length ?? 0))
  )
  const write = (cells: ReadonlyArray<string>) =>
    cells
      .map((cell, column) => (column < 3 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd()
  return [
    paint(color, "bold", write(header)),
    ...body.map((cells, index) => paint(color, sides[index % sides.length] ?? "dim", write(cells)))
  ]
}

/** A span in two units at most: `850 ms`, `4.25 s`, `6 min 40 s`, `2 h 5 min`. */
export const span = (millis: number): string => {
  const seconds = Math.round(millis / 1000)
  if (millis < 999.5) return `${Math.round(millis)} ms`
  if (millis < 59_995) return `${(millis / 1000).toFixed(2)} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  const minutes = Math.round(millis / 60_000)
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

const codes = { bold: "1", dim: "2", sluice: "36", sample: "33" }
const paint = (color: boolean, code: keyof typeof codes, text: string) =>
  color && text !== "" ? `\u001b[${codes[code]}m${text}\u001b[0m` : text
