import { assert, describe, it } from "@effect/vitest"
import * as Progress from "@sluice/bench/Progress"

const state = {
  rounds: 4,
  startedAt: 0,
  begun: 3,
  title: "p-queue strict, uniform",
  policies: [{ id: "attio", calls: 100, done: 50 }]
}

describe("Progress", () => {
  it("has a bar for the whole and one for each policy, and says how long it will take", () => {
    const [whole = "", attio = "", ...others] = Progress.bars(state, 20_000, 100)
    assert.lengthOf(others, 0)
    assert.include(whole, "3/4 p-queue strict, uniform, 20.00 s left")
    assert.include(attio, `${"█".repeat(20)}${"░".repeat(20)} attio 50/100`)
    assert.isTrue(Progress.bars(state, 20_000, 40).every(({ length }) => length <= 40))
  })

  it("is a line for each round in a log", () => {
    const results = [{ id: "attio", measurement: { refusedShare: 0.1, share: 0.9 } }]
    assert.match(Progress.line(state, results), /^3\/4 p-queue strict, uniform +attio 10%\/90%$/)
  })
})
