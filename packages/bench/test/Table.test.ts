import { assert, describe, it } from "@effect/vitest"
import * as Table from "@sluice/bench/Table"
import { hasty, sluice } from "./Fixtures.ts"

const table = {
  header: ["", "refused"],
  body: [
    ["Sluice", "0"],
    ["p-queue", "12.5 %"]
  ]
}

describe("Table", () => {
  it("writes columns flush right, all but the first", () => {
    assert.deepStrictEqual(Table.text(table), ["         refused", "Sluice         0", "p-queue   12.5 %"])
  })

  it("writes Markdown as the formatter would", () => {
    assert.deepStrictEqual(Table.markdown(table), [
      "|         | refused |",
      "| ------- | ------: |",
      "| Sluice  |       0 |",
      "| p-queue |  12.5 % |"
    ])
  })

  it("has medians, with the smallest and the largest where they differ", () => {
    const [own = [], other = []] = Table.ofPolicy([sluice, hasty]).body
    assert.deepStrictEqual(own.slice(0, 5), [
      "Sluice",
      "0",
      "0",
      "1.09 s (1.06 s to 1.11 s)",
      "92.0 % (90.0 % to 94.0 %)"
    ])
    assert.deepStrictEqual(other.slice(1, 3), ["20.0 % (0 to 20.0 %)", "25 (0 to 25)"])
  })

  it("says who was stopped", () => {
    const stopped = { ...hasty, summary: { ...hasty.summary, done: { median: 60, min: 50, max: 70 } } }
    assert.strictEqual(Table.ofPolicy([stopped]).body[0]?.[0], "<hasty> (stopped at 60 (50 to 70) of 100)")
  })

  it("gives an overview: peers by policies", () => {
    const other = { ...sluice, policy: { ...sluice.policy, id: "attio", title: "Attio" } }
    assert.deepStrictEqual(Table.overview([sluice, hasty, other]), {
      header: ["refused / share of best", "Clarifai", "Attio"],
      body: [
        ["Sluice", "0 / 0.920", "0 / 0.920"],
        ["<hasty>", "20.0 % / 0.970", ""]
      ]
    })
  })
})
