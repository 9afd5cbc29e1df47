/** What a check found, and how people and programs see it. */

export interface Table {
  readonly title: string
  readonly columns: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<string>>
}

export interface Report {
  readonly tables: ReadonlyArray<Table>
  /** Empty if everything holds. */
  readonly failures: ReadonlyArray<string>
  /** What could not be checked here, and why. */
  readonly leftOut: ReadonlyArray<string>
}

export const merge = (reports: ReadonlyArray<Report>): Report => ({
  tables: reports.flatMap(({ tables }) => tables),
  failures: reports.flatMap(({ failures }) => failures),
  leftOut: reports.flatMap(({ leftOut }) => leftOut)
})

/** All of it, the failures last. */
export const textOf = ({ failures, leftOut, tables }: Report): string =>
  [
    ...tables.map(tableOf),
    ...leftOut.map((what) => `left out: ${what}`),
    ...failures.map((what) => `FAILED: ${what}`),
    failures.length === 0 ? "Everything checked holds." : `${failures.length} failed.`
  ].join("\n")

/** The first column to the left, numbers and marks to the right. */
const tableOf = ({ columns, rows, title }: Table): string => {
  const all = [columns, ...rows]
  const widths = columns.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)))
  const line = (row: ReadonlyArray<string>) =>
    widths
      .map((width, i) => (i === 0 ? (row[i] ?? "").padEnd(width) : (row[i] ?? "").padStart(width)))
      .join("  ")
      .trimEnd()
  return [title, "", ...all.map((row) => `  ${line(row)}`), ""].join("\n")
}
