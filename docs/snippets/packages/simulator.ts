/** The example of packages/simulator/README.md. */
// #region example
import { simulation } from "@sluice/providers/attio/simulation"
import { Simulator } from "@sluice/simulator"
import { Console, Effect } from "effect"

export const served = Effect.gen(function* () {
  const { url } = yield* Simulator.serve(simulation, { latency: { before: "20 millis" } })
  yield* Console.log(`Attio, simulated, at ${url}`)
  yield* Effect.never
}).pipe(Effect.scoped)
// #endregion
