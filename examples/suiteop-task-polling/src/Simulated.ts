/** A SuiteOp on 127.0.0.1, with SuiteOp's limits. It takes any key; with one of your own, delete this file. */
import { SuiteOp } from "@sluice/providers/suiteop"
import { simulation } from "@sluice/providers/suiteop/simulation"
import { Simulator } from "@sluice/simulator"
import { Console, Layer, Redacted } from "effect"

const scenario = { latency: { before: "20 millis", after: "20 millis" } } as const

export const layer = SuiteOp.layer({ apiKey: Redacted.make("simulated") }).pipe(
  Layer.provide(Simulator.layerServed(simulation, scenario, { report: Console.log })),
  Layer.orDie
)
