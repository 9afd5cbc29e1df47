/** The example of packages/planner/README.md. */
// #region example
import { Planner } from "@sluice/planner"
import { Attio } from "@sluice/providers/attio"
import { simulation } from "@sluice/providers/attio/simulation"
import { Console, Effect } from "effect"

export const planned = Effect.gen(function* () {
  const work = { reads: 50_000, writes: 2000 }
  const plan = yield* Planner.plan(Attio.provider, work, { workers: 4, latency: "80 millis", simulation })
  for (const { doneAfterMillis, name } of plan.classes) yield* Console.log(`${name}: ${doneAfterMillis / 1000} s`)
  return plan
})
// #endregion
