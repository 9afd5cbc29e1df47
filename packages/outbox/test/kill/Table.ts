/** Deaths as a table: by store, who died and at which step, how many there were, and what was lost and done twice. */
import type { Death } from "./Death.ts"

export interface Row {
  readonly store: string
  readonly killed: string
  readonly step: string
  readonly kills: number
  readonly acknowledged: number
  readonly lost: number
  readonly duplicated: number
  readonly needlessly: number
}

export const rowsOf = (deaths: ReadonlyArray<Death>): ReadonlyArray<Row> =>
  [...Map.groupBy(deaths, ({ step, store, victim }) => JSON.stringify([store, victim, step])).values()].flatMap(
    (all) => {
      const [first] = all
      if (first === undefined) return []
      const sum = (count: (death: Death) => number) => all.reduce((total, death) => total + count(death), 0)
      return [
        {
          store: first.store,
          killed: first.victim,
          step: first.step,
          kills: all.length,
          acknowledged: sum(({ acknowledged }) => acknowledged),
          lost: sum(({ lost }) => lost.length),
          duplicated: sum(({ duplicated }) => duplicated.length),
          needlessly: sum(({ needless }) => needless.length)
        }
      ]
    }
  )

const columns = ["store", "killed", "step", "kills", "acknowledged", "lost", "duplicated", "needlessly"] as const

export const text = (rows: ReadonlyArray<Row>): string => {
  const all = [columns, ...rows.map((row) => columns.map((column) => String(row[column])))]
  const widths = columns.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)))
  return all
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd()
    )
    .join("\n")
}
