/** The figures of all processes as tables. */
import * as Machine from "../Machine.ts"
import { percentile, type Spread } from "../Measurement.ts"
import * as Table from "../Table.ts"

/** What one process measured, by name: a figure, or one of each round. */
export type Figures = Readonly<Record<string, number | ReadonlyArray<number>>>

export interface Row {
  readonly id: string
  readonly title: string
  /** Over all processes and rounds; what nobody could measure is absent. */
  readonly figures: Readonly<Record<string, Spread>>
}

export interface Report {
  readonly machine: Machine.Machine
  readonly repeats: number
  readonly isQuick: boolean
  readonly uncontended: ReadonlyArray<Row>
  readonly waiting: ReadonlyArray<{ readonly callers: number; readonly rows: ReadonlyArray<Row> }>
  readonly http: ReadonlyArray<Row>
}

/** A figure that not every process has is no figure. */
export const pooled = (runs: ReadonlyArray<Figures>): Row["figures"] => {
  const names = Table.unique(runs.flatMap((run) => Object.keys(run)))
  const whole = names.filter((name) => runs.every((run) => run[name] !== undefined))
  return Object.fromEntries(whole.map((name) => [name, middleHalf(runs.flatMap((run) => run[name] ?? []))]))
}

/** The extremes are the machine's, and no subject's. */
const middleHalf = (numbers: ReadonlyArray<number>): Spread => ({
  median: percentile(numbers, 0.5),
  min: percentile(numbers, 0.25),
  max: percentile(numbers, 0.75)
})

export const text = (report: Report): ReadonlyArray<string> => [
  Machine.says(report.machine),
  howMeasured(report),
  ...sections(report).flatMap((table) => ["", ...Table.text(table)])
]

export const markdown = (report: Report): ReadonlyArray<string> => [
  "# Benchmarks: what a call costs",
  "",
  "Sluice's parts beside those of its peers on the same work: `npm run bench:micro` prints this again, `npm run bench:micro -- --docs`",
  "writes this page.",
  "",
  `Measured: ${Machine.says(report.machine)}.`,
  "",
  howMeasured(report),
  "",
  ...whatIsCheaper,
  ...sections(report).flatMap((table) => ["", ...Table.markdown(table)]),
  ""
]

const whatIsCheaper = [
  "Where another one is cheaper, it does less:",
  "",
  "- **p-throttle and limiter** count when a call is made. They settle nothing when it ends, so that there is nothing to hold until then and",
  "  nothing to give back to whoever is interrupted; their callers are promises. The rows _from a fiber_ are what an Effect program pays.",
  "- **Effect's `consume`** counts and wraps nothing; `makeWithRateLimiter` is the same around an effect. Its callers that wait have a timer",
  "  each, which lets them go without asking anybody again.",
  "- **Draining** through Sluice is an admission, a fiber that goes on, and a settlement each; most of that time is the runtime's own.",
  "- **From first to last** of a crowd at Attio includes the eight slots that look for the turn of the server's second until it is known:",
  "  [decision 0007](decisions/0007-closer-to-the-limit.md)."
]

const howMeasured = ({ isQuick, repeats }: Report): string =>
  `Processor time: medians over all rounds of ${repeats} processes each, and between what the middle half of them lies${
    isQuick ? "; quick, so that the figures say nothing" : ""
  }.`

const sections = ({ http, uncontended, waiting }: Report): ReadonlyArray<Table.Table> => [
  ...section("An acquisition while the limit does not bind", uncontended, [
    ["each", "nanos", nanos],
    ["bytes", "bytes", bytes]
  ]),
  ...waiting.flatMap(({ callers, rows }) =>
    section(`${callers} callers that wait, each`, rows, [
      ["to enqueue", "enqueueNanos", micros],
      ["to drain", "drainNanos", micros],
      ["to cancel", "cancelNanos", micros],
      ["bytes", "bytes", bytes],
      ["timers in all", "timers", count]
    ])
  ),
  ...section("A request over a client that answers at once", http, [
    ["each", "nanos", micros],
    ["bytes", "bytes", bytes],
    ["of a crowd of 300, each", "crowdNanos", micros],
    ["first to last", "smearMillis", millis]
  ])
]

type Column = readonly [title: string, name: string, write: (value: number) => string]

/** No table of nothing. */
const section = (title: string, rows: ReadonlyArray<Row>, columns: ReadonlyArray<Column>): ReadonlyArray<Table.Table> =>
  rows.length === 0
    ? []
    : [
        {
          header: [title, ...columns.map(([title]) => title)],
          body: rows.map((row) => [
            row.title,
            ...columns.map(([, name, write]) => {
              const figure = row.figures[name]
              return figure === undefined ? "-" : Table.ranged(figure, write)
            })
          ])
        }
      ]

const nanos = (value: number) => `${Math.round(value)} ns`
const micros = (value: number) => `${(value / 1000).toFixed(value < 9995 ? 2 : 1)} us`
const millis = (value: number) => `${value.toFixed(2)} ms`
const bytes = (value: number) => `${Math.round(value)} B`
const count = (value: number) => String(Math.round(value))
