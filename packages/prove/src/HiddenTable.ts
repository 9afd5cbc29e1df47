/** What hidden servers cost as one looks at it: a line for each server, a column for each latency, once a stance. */
import { percent } from "./Case.ts"
import { failureOf, latencies, limit, type Row, stances, windowMillis } from "./Hidden.ts"

const columns = Object.keys(latencies)

/** Refusals and their episodes, and the least share of the limit; the most and the least over all seeds. */
export const lines = (rows: ReadonlyArray<Row>): string =>
  stances
    .map((stance) => {
      const ofStance = rows.filter((row) => row.stance === stance)
      const head = `${`${limit} in ${windowMillis / 1000} s, taken for ${stance}`.padEnd(34)}${columns.map((name) => name.padStart(18)).join("")}`
      const body = [...Map.groupBy(ofStance, (row) => row.server)].map(
        ([server, cells]) =>
          `  ${server.padEnd(32)}${columns.map((name) => cellText(cells.find((row) => row.latency === name)).padStart(18)).join("")}`
      )
      return [head, ...body].join("\n")
    })
    .join("\n\n")

export const failures = (rows: ReadonlyArray<Row>): Array<string> =>
  rows.flatMap((row) => {
    const failure = failureOf(row)
    return failure === undefined ? [] : [`${row.server}, latency ${row.latency}, taken for ${row.stance}: ${failure}`]
  })

const cellText = (row: Row | undefined): string =>
  row === undefined ? "" : `${row.refusals === 0 ? "" : `${row.refusals} in ${row.episodes}  `}${percent(row.share)}`
