import { assert, describe, it } from "@effect/vitest"
import * as LiveTable from "@sluice/cli/LiveTable"
import { outcomeOf } from "./Fixtures.ts"

const row = {
  id: "bakery",
  speed: 20,
  progress: { sluice: { calls: 4, done: 4, isOver: true }, sample: { calls: 4, done: 2, isOver: true } }
}

describe("LiveTable", () => {
  it.each([
    [0, "0 ms"],
    [999, "999 ms"],
    [4250, "4.25 s"],
    [400_000, "6 min 40 s"],
    [7_500_000, "2 h 5 min"],
    [7_199_000, "2 h 0 min"]
  ])("shows %i ms as %s", (millis, text) => {
    assert.strictEqual(LiveTable.span(millis), text)
  })

  it("shows what was done of what, and by how much the server said no", () => {
    const lines = LiveTable.table([outcomeOf()], false)
    assert.lengthOf(lines, 3)
    assert.match(lines[1] ?? "", /^Bakery +x20 +Sluice +4 +0 +0 +0\.2 s +4\.00 s +3\.00 s +75\.0 %$/)
    assert.match(lines[2] ?? "", /page's sample +2 of 4 +7 +7/)
  })

  it("draws bars that fit the terminal and says which were stopped", () => {
    const lines = LiveTable.bars([row], 60, false)
    assert.isTrue(lines.every((line) => line.length <= 60))
    assert.include(lines[0], "█".repeat(18))
    assert.include(lines[1], "█".repeat(9) + "░".repeat(9))
    assert.include(LiveTable.bars([row], 200, false)[1], "stopped")
  })

  it("says how long it takes yet where there is room for it", () => {
    const going = { ...row.progress, sluice: { calls: 4, done: 2, isOver: false, leftMillis: 12_340 } }
    const [line] = LiveTable.bars([{ ...row, progress: going }], 100, false)
    assert.include(line, "2/4  12.34 s left")
    assert.isAtMost(line?.length ?? 0, 100)
    assert.notInclude(LiveTable.bars([{ ...row, progress: going }], 99, false)[0], "left")
  })

  it("uses escapes only where colours are wanted", () => {
    const escape = String.fromCharCode(27)
    assert.notInclude(LiveTable.table([outcomeOf()], false).join(), escape)
    assert.notInclude(LiveTable.bars([row], 80, false).join(), escape)
    assert.include(LiveTable.table([outcomeOf()], true).join(), escape)
  })

  it.each([
    [{}, true, false, "redraw", true],
    [{ NO_COLOR: "1" }, true, false, "redraw", false],
    [{ CI: "true" }, true, false, "lines", true],
    [{ TERM: "dumb" }, true, false, "lines", true],
    [{}, false, false, "lines", false],
    [{}, true, true, "silent", true]
  ] as const)("with %o, terminal %s and json %s it is %s", (env, isTerminal, isJson, mode, color) => {
    assert.deepStrictEqual(LiveTable.styleOf(env, isTerminal, isJson), { mode, color })
  })
})
