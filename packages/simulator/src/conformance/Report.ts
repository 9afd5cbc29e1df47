/** What all checks came to, and the same as a table. */
import { Effect } from "effect"
import type { Check } from "./Check.ts"
import type { Violation } from "./Violation.ts"

export interface Report {
  readonly provider: string
  readonly rows: ReadonlyArray<Row>
  readonly isConformant: boolean
}

export interface Row {
  readonly id: string
  readonly name: string
  /** How much was examined; empty if something was wrong. */
  readonly evidence: string
  readonly violation?: Violation
  /** Real time. */
  readonly millis: number
}

export const make = (provider: string, checks: ReadonlyArray<Check>): Effect.Effect<Report> =>
  Effect.map(Effect.forEach(checks, rowOf), (rows) => ({
    provider,
    rows,
    isConformant: rows.every(({ violation }) => violation === undefined)
  }))

const rowOf = ({ evidence, id, name }: Check): Effect.Effect<Row> =>
  Effect.suspend(() => {
    const startedAt = performance.now()
    return Effect.match(evidence, {
      onSuccess: (evidence) => ({ id, name, evidence, millis: performance.now() - startedAt }),
      onFailure: (violation) => ({ id, name, evidence: "", violation, millis: performance.now() - startedAt })
    })
  })

/** A table, and below it what is wrong. */
export const format = ({ isConformant, provider, rows }: Report): string => {
  const width = Math.max(...rows.map(({ name }) => name.length))
  const lines = rows.map(
    ({ evidence, millis, name, violation }) =>
      `  ${violation ? "fails " : "passes"}  ${name.padEnd(width)}  ${seconds(millis)}  ${violation?.rule ?? evidence}`
  )
  const violations = rows.flatMap(({ violation }) => (violation ? ["", violation.message] : []))
  return [`${provider} ${isConformant ? "conforms" : "does not conform"}`, ...lines, ...violations].join("\n")
}

const seconds = (millis: number) => `${(millis / 1000).toFixed(1)} s`.padStart(7)
