/** Tickets on a terminal: a line each, or one with all that is shown of it. */
import type { View } from "@sluice/outbox/OutboxView"

const header = ["state", "id", "provider", "call", "subject", "since", "why"]

/** A table; a terminal's lines are cut at its width, and nothing is cut for a file. */
export const table = (tickets: ReadonlyArray<View>, columns: number | undefined): string => {
  const rows = [header, ...tickets.map(rowOf)]
  const widths = header.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)))
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

const rowOf = (ticket: View) =>
  [
    ticket.state,
    ticket.id,
    ticket.provider,
    `${ticket.method} ${ticket.path}`,
    ticket.subject ?? "",
    (ticket.at ?? ticket.createdAt).replace(/\.\d+Z$/, "Z"),
    reasonOf(ticket)
  ].map(printable)

const reasonOf = ({ behind, by, why }: View) =>
  why ?? (behind !== null ? `behind ${behind}` : by !== null ? `superseded by ${by}` : "")

/** One ticket, a line for each thing that is known of it. */
export const details = (ticket: View): string => {
  const known = Object.entries(ticket).filter(([, value]) => value !== null)
  const width = Math.max(...known.map(([name]) => name.length))
  return known
    .map(
      ([name, value]) =>
        `${name.padEnd(width)}  ${printable(typeof value === "object" ? JSON.stringify(value) : value)}`
    )
    .join("\n")
}

/** What a sender wrote may hold what a terminal would obey. */
const printable = (value: unknown): string =>
  String(value).replace(
    /[\p{Cc}\p{Bidi_Control}]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  )
