/** A Productlane on 127.0.0.1, with Productlane's limits. It takes any key; with one of your own, delete this file. */
import { simulation } from "@sluice/providers/productlane/simulation"
import { Simulator } from "@sluice/simulator"
import { Console, Layer, Redacted } from "effect"
import * as Feedback from "./Feedback.ts"

const scenario = { latency: { before: "20 millis", after: "20 millis" } } as const

export const layer = Feedback.layer({ apiKey: Redacted.make("simulated") }).pipe(
  Layer.provide(Simulator.layerServed(simulation, scenario, { report: Console.log })),
  Layer.orDie
)
