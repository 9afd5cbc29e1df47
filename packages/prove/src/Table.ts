/** The proof as one looks at it: a line for each server and fault, and what it comes to. */
import { latencies } from "./Servers.ts"
import { percent, type Row } from "./Case.ts"

const columns = Object.keys(latencies)

/** A line for each server and fault, with the share of the price under each latency, or refusals and notices where an assumption is broken. */
export const lines = (rows: ReadonlyArray<Row>): string => {
  const blocks = [...Map.groupBy(rows, (row) => row.server)].map(([server, ofServer]) => {
    const head = `${server.padEnd(40)}${"requests".padStart(10)}${"refused".padStart(9)}${columns.map((name) => name.padStart(11)).join("")}`
    const body = [...Map.groupBy(ofServer, (row) => row.trial)].map(([trial, cells]) => {
      const cellOf = (latency: string) => cellText(cells.find((row) => row.latency === latency))
      const mark = cells.some((row) => row.failure !== undefined) ? " FAILED" : cells[0]?.isBroken ? " noticed" : ""
      return (
        `  ${trial.padEnd(38)}${String(sum(cells, "requests")).padStart(10)}${String(sum(cells, "refusals")).padStart(9)}` +
        `${columns.map((name) => cellOf(name).padStart(11)).join("")}${mark}`
      )
    })
    return [head, ...body].join("\n")
  })
  return blocks.join("\n\n")
}

/** A line for each fault over all servers and latencies: where the promise holds, and where an assumption is broken. */
export const summary = (rows: ReadonlyArray<Row>): string => {
  const head = `${"fault".padEnd(26)}${"holds: requests".padStart(16)}${"refused".padStart(9)}${"least share".padStart(13)}${"broken: requests".padStart(18)}${"refused".padStart(9)}${"most notices".padStart(14)}`
  const body = [...Map.groupBy(rows, (row) => row.trial)].map(([trial, cells]) => {
    const held = cells.filter((row) => !row.isBroken)
    const broken = cells.filter((row) => row.isBroken)
    const shares = held.flatMap((row) => row.share ?? [])
    return (
      trial.padEnd(26) +
      (held.length === 0 ? " ".repeat(38) : holds(held, shares)) +
      (broken.length === 0
        ? ""
        : `${String(sum(broken, "requests")).padStart(18)}${String(sum(broken, "refusals")).padStart(9)}${String(Math.max(...broken.map((row) => row.notices))).padStart(14)}`)
    )
  })
  return [head, ...body].join("\n")
}

/** What did not come out as promised, each with the command that runs it again. */
export const failures = (rows: ReadonlyArray<Row>, seed: number, requests: number): Array<string> =>
  rows.flatMap(({ failure, server, latency, trial }) =>
    failure === undefined
      ? []
      : [
          `${server}, latency ${latency}, ${trial}: ${failure}\n` +
            `  npm run prove -- --seed ${seed} --each ${requests} --only ${JSON.stringify(`${server}/${latency}/${trial}`)}`
        ]
  )

const holds = (held: ReadonlyArray<Row>, shares: ReadonlyArray<number>) =>
  String(sum(held, "requests")).padStart(16) +
  String(sum(held, "refusals")).padStart(9) +
  (shares.length === 0 ? "" : percent(Math.min(...shares))).padStart(13)

const cellText = (row: Row | undefined): string => {
  if (row === undefined) return ""
  if (row.isBroken) return `${row.refusals} in ${row.notices}`
  return row.share === undefined ? "-" : percent(row.share)
}

const sum = (rows: ReadonlyArray<Row>, key: "requests" | "refusals"): number =>
  rows.reduce((total, row) => total + row[key], 0)
