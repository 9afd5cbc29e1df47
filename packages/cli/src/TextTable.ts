/** Rows of text in columns, as a terminal shows them. */

/** A terminal's lines are cut at its width, and nothing is cut for a file. */
export const table = (rows: ReadonlyArray<ReadonlyArray<string>>, columns: number | undefined): string => {
  const count = Math.max(...rows.map((row) => row.length))
  const widths = Array.from({ length: count }, (_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd()
    )
    .map((line) => (columns !== undefined && line.length > columns ? `${line.slice(0, columns - 1)}…` : line))
    .join("\n")
}

/** What others wrote may hold what a terminal would obey. */
export const printable = (value: unknown): string =>
  String(value).replace(
    /[\p{Cc}\p{Bidi_Control}]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  )
