/** The faults as one looks at them: a line for each. */
import type { Row } from "./Fault.ts"
import { faults } from "./Faults.ts"

const width = Math.max(...faults.map(({ name }) => name.length))

export const head =
  "fault".padEnd(width) +
  "requests".padStart(10) +
  "refused".padStart(9) +
  "slots lost".padStart(12) +
  "meanwhile".padStart(11) +
  "recovery".padStart(10)

export const line = ({ fault, lost, meanwhile, problems, recoveryMillis, refusals, requests }: Row): string =>
  fault.padEnd(width) +
  String(requests).padStart(10) +
  String(refusals).padStart(9) +
  String(lost).padStart(12) +
  (meanwhile === undefined ? "" : `${Math.round(100 * meanwhile)} %`).padStart(11) +
  (recoveryMillis === undefined ? "-" : `${(recoveryMillis / 1000).toFixed(1)} s`).padStart(10) +
  (problems.length === 0 ? "" : "  FAILED")

/** What does not hold. */
export const failures = (rows: ReadonlyArray<Row>): ReadonlyArray<string> =>
  rows.flatMap(({ fault, problems }) => problems.map((problem) => `${fault}: ${problem}`))
