/** The figures as cells, and cells as lines of text or of a document. */
import * as LiveTable from "@sluice/cli/LiveTable"
import type { Row } from "./Bench.ts"
import type { Spread, Summary } from "./Measurement.ts"

export interface Table {
  readonly header: ReadonlyArray<string>
  readonly body: ReadonlyArray<ReadonlyArray<string>>
}

interface Column {
  readonly title: string
  readonly cell: (summary: Summary) => string
  /** What the numbers are, where the title does not say it. */
  readonly says?: string
}

/** What can be told of a peer at a policy. */
export const columns = {
  refused: {
    title: "refused",
    cell: ({ refusedShare }) => ranged(refusedShare, percent),
    says: "of all requests, by the server's count"
  },
  refusals: { title: "refusals", cell: ({ refusals }) => ranged(refusals, whole), says: "by the server's answers" },
  wasted: { title: "wasted", cell: ({ wasted }) => ranged(wasted, whole), says: "requests that got no work done" },
  time: { title: "time", cell: ({ millis }) => ranged(millis, span) },
  share: { title: "share of best", cell: ({ share }) => ranged(share, percent) },
  waitMedian: { title: "wait p50", cell: ({ waitMedianMillis }) => span(waitMedianMillis.median) },
  wait95: { title: "wait p95", cell: ({ wait95Millis }) => span(wait95Millis.median) },
  processor: { title: "processor", cell: ({ processorMillis }) => ranged(processorMillis, span) }
} satisfies Readonly<Record<string, Column>>
export type ColumnName = keyof typeof columns

const usual: ReadonlyArray<ColumnName> = ["refused", "wasted", "time", "share", "waitMedian", "wait95", "processor"]
const columnsOf = (names = usual): ReadonlyArray<Column> => names.map((name) => columns[name])

/** The peers at one policy in one network. */
export const ofPolicy = (rows: ReadonlyArray<Row>, names?: ReadonlyArray<ColumnName>): Table => ({
  header: ["", ...columnsOf(names).map(({ title }) => title)],
  body: rows.map(({ peer, policy: { calls }, summary }) => [
    summary.done.min < calls ? `${peer.title} (stopped at ${ranged(summary.done, whole)} of ${calls})` : peer.title,
    ...columnsOf(names).map(({ cell }) => cell(summary))
  ])
})

/** What stands in the columns, as far as it needs to be said. */
export const legend = (names?: ReadonlyArray<ColumnName>): string =>
  columnsOf(names)
    .flatMap(({ says, title }) => (says === undefined ? [] : [`${title}: ${says}`]))
    .join("; ")

/** Refused and share of every peer at every policy, of one network. */
export const overview = (rows: ReadonlyArray<Row>): Table => {
  const policies = unique(rows.map(({ policy }) => policy.title))
  const peers = unique(rows.map(({ peer }) => peer.title))
  const cell = (peer: string, policy: string) => {
    const row = rows.find((row) => row.peer.title === peer && row.policy.title === policy)
    return row ? `${percent(row.summary.refusedShare.median)} / ${row.summary.share.median.toFixed(3)}` : ""
  }
  return {
    header: ["refused / share of best", ...policies],
    body: peers.map((peer) => [peer, ...policies.map((policy) => cell(peer, policy))])
  }
}

/** Rows that belong together, in order: by network, then by policy. */
export const groups = (rows: ReadonlyArray<Row>): ReadonlyArray<readonly [Row, ...ReadonlyArray<Row>]> => {
  const found = new Map<string, [Row, ...Array<Row>]>()
  for (const row of rows) {
    const key = `${row.network} ${row.policy.id}`
    const group = found.get(key)
    if (group) group.push(row)
    else found.set(key, [row])
  }
  return Array.from(found.values())
}

/** Columns as wide as their cells; all but the first flush right. */
export const text = ({ body, header }: Table): ReadonlyArray<string> => {
  const widths = widthsOf([header, ...body], 0)
  const write = (cells: ReadonlyArray<string>) => padded(cells, widths).join("  ").trimEnd()
  return [write(header), ...body.map(write)]
}

/** The same in Markdown. */
export const markdown = ({ body, header }: Table, align: "left" | "right" = "right"): ReadonlyArray<string> => {
  const widths = widthsOf([header, ...body], 4)
  const write = (cells: ReadonlyArray<string>) => `| ${padded(cells, widths, align).join(" | ")} |`
  const isLeft = (column: number) => column === 0 || align === "left"
  const rule = widths.map((width, column) => (isLeft(column) ? "-".repeat(width) : `${"-".repeat(width - 1)}:`))
  return [write(header), write(rule), ...body.map(write)]
}

const widthsOf = (lines: ReadonlyArray<ReadonlyArray<string>>, least: number) =>
  (lines[0] ?? []).map((_, column) => Math.max(least, ...lines.map((cells) => cells[column]?.length ?? 0)))

const padded = (cells: ReadonlyArray<string>, widths: ReadonlyArray<number>, align = "right") =>
  cells.map((cell, column) => {
    const width = widths[column] ?? 0
    return column === 0 || align === "left" ? cell.padEnd(width) : cell.padStart(width)
  })

/** The median, and from where to where if there was more than one. */
export const ranged = ({ max, median, min }: Spread, write: (value: number) => string): string => {
  const [most, middle, least] = [write(max), write(median), write(min)]
  return least === most ? middle : `${middle} (${least} to ${most})`
}

export const percent = (share: number): string => (share === 0 ? "0" : `${(share * 100).toFixed(1)} %`)
/** Of nothing that was done there is no time. */
const span = (millis: number): string => (Number.isNaN(millis) ? "-" : LiveTable.span(millis))
const whole = (count: number) => String(Math.round(count))
export const unique = (all: ReadonlyArray<string>): ReadonlyArray<string> => Array.from(new Set(all))
