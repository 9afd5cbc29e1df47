/** Tickets on a terminal: a line each, or one with all that is shown of it. */
import type { View } from "@sluice/outbox/OutboxView"
import * as TextTable from "./TextTable.ts"
import { printable } from "./TextTable.ts"

const header = ["state", "id", "provider", "call", "subject", "since", "why"]

/** A table, cut at the width of a terminal. */
export const table = (tickets: ReadonlyArray<View>, columns: number | undefined): string =>
  TextTable.table([header, ...tickets.map(rowOf)], columns)

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
