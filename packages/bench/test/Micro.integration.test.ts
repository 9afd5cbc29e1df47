import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import * as Tables from "@sluice/bench/micro/Tables"
import { assert, describe, it } from "@effect/vitest"

describe("bench:micro", () => {
  it("measures each subject in a process of its own, and prints what it found as data", async () => {
    const main = fileURLToPath(new URL("../src/micro/main.ts", import.meta.url))
    const args = ["--conditions=@sluice/source", main, "--quick", "--json", "--only", "sluice,p-throttle,attio"]
    const { stdout } = await promisify(execFile)(process.execPath, args)
    const report = JSON.parse(stdout) as Tables.Report
    const figuresOf = (rows: ReadonlyArray<Tables.Row> = []) =>
      rows.map(({ figures, id }) => [id, Object.keys(figures).filter((name) => (figures[name]?.median ?? -1) >= 0)])
    const waited = ["enqueueNanos", "bytes", "timers", "drainNanos", "cancelNanos"]
    assert.deepStrictEqual([report.uncontended, report.waiting[0]?.rows, report.http].map(figuresOf), [
      [
        ["sluice", ["nanos", "bytes"]],
        ["p-throttle", ["nanos", "bytes"]]
      ],
      [
        ["sluice", waited],
        ["p-throttle", waited]
      ],
      [["attio", ["nanos", "bytes", "crowdNanos", "smearMillis"]]]
    ])
  }, 60_000)
})

describe("Tables", () => {
  it("pools the rounds of all processes, and leaves out what one of them could not measure", () => {
    const figures = Tables.pooled([{ nanos: [1, 2, 3], drain: 5 }, { nanos: [4, 100] }])
    assert.deepStrictEqual(figures, { nanos: { median: 3, min: 2, max: 4 } })
  })
})
