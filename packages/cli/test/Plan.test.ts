import * as PlanCommand from "@sluice/cli/PlanCommand"
import * as PlanPage from "@sluice/cli/PlanPage"
import * as PlanText from "@sluice/cli/PlanText"
import * as Quota from "@sluice/core/Quota"
import { Planner } from "@sluice/planner"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

const quotas = {
  second: Quota.rolling(10, "1 second", { name: "second" }),
  "<b>": Quota.rolling(100, "1 minute", { name: "<b>" })
}
const planned = Planner.plan(
  quotas,
  { calls: 250, second: 20 },
  { workers: 5, latency: "50 millis", deadline: "1 minute" }
)

describe("PlanCommand", () => {
  it.each([
    [
      ["plan", "attio", "--reads", "5"],
      ["plan", "attio", "--work", "reads=5"]
    ],
    [
      ["plan", "--reads=5", "attio", "--json"],
      ["plan", "--work", "reads=5", "attio", "--json"]
    ],
    [
      ["plan", "attio", "--workers", "4", "--seed", "2"],
      ["plan", "attio", "--workers", "4", "--seed", "2"]
    ],
    [
      ["plan", "attio", "--reads", "many"],
      ["plan", "attio", "--reads", "many"]
    ],
    [
      ["plan", "attio", "--quick", "--writes", "-3"],
      ["plan", "attio", "--quick", "--work", "writes=-3"]
    ],
    [
      ["plan", "--open", "--json"],
      ["plan", "--open", "--json"]
    ],
    [
      ["demo", "--calls", "5"],
      ["demo", "--calls", "5"]
    ]
  ])("reads %j as %j", (args, rewritten) => {
    assert.deepStrictEqual(PlanCommand.withWork(args), rewritten)
  })
})

describe("PlanText", () => {
  it.effect("draws each class as wide as it is told, and what holds it back", () =>
    Effect.gen(function* () {
      const plan = yield* planned
      const lines = PlanText.lines(plan, 40)
      const curve = lines.findIndex((line) => /^calls +[▁-█]{40}$/.test(line))
      assert.isAbove(curve, 0)
      assert.match(lines[curve + 1] ?? "", /^ +[ab.]{40}$/)
      assert.include(lines.join("\n"), "Held back by a ")
      assert.match(lines.join("\n"), /a limit of 200 for <b> instead of 100: calls done after .* instead of/)
      assert.isTrue(lines.every((line) => line === line.trimEnd()))
    })
  )
})

describe("PlanPage", () => {
  it.effect("holds everything, and no name becomes markup", () =>
    Effect.gen(function* () {
      const plan = yield* planned
      const page = PlanPage.html(plan, { library: "uPlot", css: "css" })
      assert.notInclude(page, "<b>")
      assert.notMatch(page, /src=|href=/)
      const { done, held } = PlanPage.dataOf(plan)
      assert.deepStrictEqual(done.labels, ["calls", "second"])
      assert.lengthOf(done.columns, 3)
      assert.strictEqual(done.columns[1]?.at(-1), 1)
      assert.strictEqual(new Set(done.columns.map(({ length }) => length)).size, 1)
      assert.includeMembers(held.labels, ["calls by <b>", "calls by second"])
    })
  )
})
