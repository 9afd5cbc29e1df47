/** What a run gives: text for the terminal, and data. */
import * as LiveTable from "@sluice/cli/LiveTable"
import type { Row } from "./Bench.ts"
import * as Machine from "./Machine.ts"
import * as Measurement from "./Measurement.ts"
import * as Network from "./Network.ts"
import * as Notes from "./Notes.ts"
import * as Table from "./Table.ts"

export interface Report {
  readonly machine: Machine.Machine
  readonly repeats: number
  readonly isQuick: boolean
  readonly rows: ReadonlyArray<Row>
  /** Default: those of the comparison of peers. */
  readonly columns?: ReadonlyArray<Table.ColumnName>
}

/** A network's rows, its overview first. */
export const networksOf = (rows: ReadonlyArray<Row>) =>
  Network.ids
    .map((id) => ({ id, title: Network.networks[id].title, rows: rows.filter(({ network }) => network === id) }))
    .filter(({ rows }) => rows.length > 0)

export const titleOf = ([first]: readonly [Row, ...ReadonlyArray<Row>]): string => {
  const { calls, speed, title } = first.policy
  const best = Measurement.spread(first.runs.map(({ bestMillis }) => bestMillis))
  return `${title}: ${calls} calls at x${speed}, at best ${Table.ranged(best, LiveTable.span)}`
}

export const text = (report: Report): ReadonlyArray<string> => [
  Machine.says(report.machine),
  `${repeatsOf(report)}; ${Table.legend(report.columns)}.`,
  ...networksOf(report.rows).flatMap(({ rows, title }) => [
    "",
    `== ${title}, ${runsOf(rows)}`,
    "",
    ...Table.text(Table.overview(rows)),
    ...Table.groups(rows).flatMap((group) => [
      "",
      titleOf(group),
      ...setupOf(group[0]),
      ...Table.text(Table.ofPolicy(group, report.columns))
    ])
  ]),
  ...section("Where Sluice is not first:", notesOf(report)),
  ...section("Calls that failed:", failuresOf(report))
]

/** Not wider than a terminal. */
const setupOf = ({ policy: { setup = "" } }: Row): ReadonlyArray<string> =>
  Array.from(setup.matchAll(/\S.{0,116}(?=\s|$)/g), ([line]) => `  ${line}`)

export const notesOf = ({ rows }: Report): ReadonlyArray<string> => Table.groups(rows).flatMap(Notes.ofRows)

const failuresOf = ({ rows }: Report) =>
  rows.flatMap(({ network, peer, policy, runs }) => {
    const failures = runs.flatMap(({ failures }) => failures)
    return failures.length === 0
      ? []
      : [`${peer.title}, ${policy.title}, ${network}: ${failures.length}, such as: ${failures[0]}`]
  })

const section = (title: string, lines: ReadonlyArray<string>) =>
  lines.length === 0 ? [] : ["", title, ...lines.map((line) => `  ${line}`)]

export const repeatsOf = ({ isQuick, repeats }: Report) =>
  `${repeats === 1 ? "One run of each" : "Medians, with the smallest and the largest where they differ"}${isQuick ? ", quick" : ""}`

export const runsOf = ([row]: ReadonlyArray<Row>): string =>
  row === undefined || row.runs.length === 1 ? "one run of each" : `${row.runs.length} runs of each`

/** Everybody who was measured, in the order of the tables. */
export const peersOf = (rows: ReadonlyArray<Row>) =>
  Array.from(new Map(rows.map(({ peer }) => [peer.id, peer])).values())

/** The same as data; instants of single calls are left out. */
export const json = ({ isQuick, machine, repeats, rows }: Report) => ({
  machine,
  repeats,
  isQuick,
  peers: peersOf(rows).map(({ id, setup, title }) => ({ id, title, setup })),
  rows: rows.map(({ network, peer, policy: { calls, id, setup, speed, title }, runs, summary }) => ({
    network,
    policy: { id, title, calls, speed, setup },
    peer: peer.id,
    summary,
    runs: runs.map(({ bestAfterMillis: _best, doneAfterMillis: _done, ...figures }) => figures)
  }))
})
