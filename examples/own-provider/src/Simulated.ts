/** A bakery on 127.0.0.1, with its limits. It takes any key; with one of your own, delete this file. */
import { Simulator } from "@sluice/simulator"
import { Console, Layer, Redacted } from "effect"
import * as Bakery from "./Bakery.ts"
import { simulation } from "./simulation.ts"

const scenario = { latency: { before: "20 millis", after: "20 millis" } } as const

export const layer = Bakery.layer({ apiKey: Redacted.make("simulated") }).pipe(
  Layer.provide(Simulator.layerServed(simulation, scenario, { report: Console.log })),
  Layer.orDie
)
