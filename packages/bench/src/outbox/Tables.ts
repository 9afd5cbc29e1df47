/** What was measured, as tables. */
import type { Machine } from "../Machine.ts"
import * as Table from "../Table.ts"
import type { Throughput, Times } from "./Measures.ts"

export interface Row {
  readonly store: string
  readonly throughput: Throughput
  readonly times: ReadonlyArray<Times>
}

export interface Report {
  readonly machine: Machine
  readonly calls: number
  readonly rows: ReadonlyArray<Row>
  /** Stores that were not given. */
  readonly leftOut: ReadonlyArray<string>
}

const number = (value: number) => String(value).replaceAll(/\B(?=(\d{3})+$)/g, " ")
const ms = (value: number) => value.toFixed(value < 10 ? 2 : 1)

export const tables = ({ rows }: Report): ReadonlyArray<Table.Table> => [
  {
    header: ["calls a second", "stored", "sent and answered", "both at once"],
    body: rows.map(({ store, throughput: { both, drained, stored } }) => [
      store,
      ...[stored, drained, both].map(number)
    ])
  },
  {
    header: ["ms", "waiting", "store", "send", "look", "place", "page", "summary", "search", "memory"],
    body: rows.flatMap(({ store, times }) =>
      times.map((one) => [
        store,
        number(one.waiting),
        ...[one.store, one.send, one.look, one.place, one.page, one.summary, one.search].map(ms),
        number(one.megabytes)
      ])
    )
  }
]
