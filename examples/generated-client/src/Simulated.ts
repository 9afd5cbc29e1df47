/** An Attio on 127.0.0.1, with Attio's limits. It takes any key; with one of your own, delete this file. */
import { Attio } from "@sluice/providers/attio"
import { simulation } from "@sluice/providers/attio/simulation"
import { Simulator } from "@sluice/simulator"
import { Console, Layer, Redacted } from "effect"

const scenario = { latency: { before: "20 millis", after: "20 millis" } } as const

export const layer = Attio.layer({ apiKey: Redacted.make("simulated") }).pipe(
  Layer.provide(Simulator.layerServed(simulation, scenario, { report: Console.log })),
  Layer.orDie
)
