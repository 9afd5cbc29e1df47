/** The figures of all runs: tables by measure, and data. */
import * as Machine from "../Machine.ts"
import type { Spread } from "../Measurement.ts"
import * as Table from "../Table.ts"
import type { Peer } from "./Peer.ts"
import type { Measure } from "./Plan.ts"

/** All repeats of one peer by one measure. */
export interface Row {
  readonly measure: Measure
  readonly peer: Pick<Peer, "id" | "title" | "setup">
  readonly figures: Readonly<Record<string, Spread>>
  readonly failures: ReadonlyArray<string>
}

export interface Report {
  readonly machine: Machine.Machine
  readonly repeats: number
  readonly isQuick: boolean
  readonly rows: ReadonlyArray<Row>
}

type Column = readonly [title: string, name: string, write: (value: number) => string]

const rate = (value: number) => `${Math.round(value)}`
const whole = (value: number) => `${Math.round(value)}`
const tenths = (value: number) => value.toFixed(value < 0.95 ? 2 : 1)
const millis = (micros: number) => `${(micros / 1000).toFixed(2)} ms`
const micros = (value: number) => `${Math.round(value)} us`

const columns: Readonly<Record<Measure["kind"], ReadonlyArray<Column>>> = {
  acquisition: [
    ["1 at a time: a second", "aloneRate", rate],
    ["p50", "aloneMedian", millis],
    ["p99", "alone99", millis],
    ["16 at a time: a second", "rate", rate],
    ["p50", "median", millis],
    ["p99", "p99", millis],
    ["Redis each", "micros", micros]
  ],
  saturation: [
    ["accepted", "accepted", whole],
    ["refusals", "refusals", whole],
    ["refused", "refusedShare", Table.percent],
    ["share of best", "share", Table.percent],
    ["commands each", "commands", tenths],
    ["Redis each", "micros", micros],
    ["least / most", "fairness", (value) => value.toFixed(2)]
  ],
  memory: [
    ["bytes in all", "bytes", whole],
    ["bytes a request", "each", tenths]
  ]
}

/** One table for each measure. */
export const tables = (rows: ReadonlyArray<Row>): ReadonlyArray<Table.Table> =>
  Table.unique(rows.map(({ measure }) => measure.title)).flatMap((title) => {
    const group = rows.filter(({ measure }) => measure.title === title)
    const [first] = group
    if (first === undefined) return []
    const shown = columns[first.measure.kind]
    return [
      {
        header: [title, ...shown.map(([title]) => title)],
        body: group.map(({ figures, peer }) => [
          peer.title,
          ...shown.map(([, name, write]) => {
            const figure = figures[name]
            return figure === undefined ? "-" : Table.ranged(figure, write)
          })
        ])
      }
    ]
  })

export const text = (report: Report): ReadonlyArray<string> => [
  Machine.says(report.machine),
  `${repeatsOf(report)}.`,
  ...tables(report.rows).flatMap((table) => ["", ...Table.text(table)]),
  ...failuresOf(report).flatMap((line, index) => (index === 0 ? ["", line] : [line]))
]

export const repeatsOf = ({ isQuick, repeats }: Report): string =>
  `${repeats === 1 ? "One run of each" : `Medians of ${repeats} runs of each, with the smallest and the largest`}${
    isQuick ? ", quick, so that the figures say little" : ""
  }`

export const failuresOf = ({ rows }: Report): ReadonlyArray<string> =>
  rows.flatMap(({ failures, measure, peer }) =>
    failures.length === 0 ? [] : [`Calls failed: ${peer.title}, ${measure.title}, such as: ${failures[0]}`]
  )

export const peersOf = ({ rows }: Report) =>
  Array.from(new Map(rows.map(({ peer }) => [peer.id, peer])).values()).map(({ id, setup, title }) => ({
    id,
    title,
    setup
  }))

export const json = (report: Report) => ({
  machine: report.machine,
  repeats: report.repeats,
  isQuick: report.isQuick,
  peers: peersOf(report),
  rows: report.rows.map(({ failures, figures, measure: { id, millis, quota, title, workers }, peer }) => ({
    measure: { id, title, quota, workers, millis },
    peer: peer.id,
    figures,
    failures
  }))
})
