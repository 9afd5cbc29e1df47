/** A Clarifai on 127.0.0.1, with Clarifai's limits. It takes any key; with one of your own, delete this file. */
import { Clarifai } from "@sluice/providers/clarifai"
import { simulation } from "@sluice/providers/clarifai/simulation"
import { Simulator } from "@sluice/simulator"
import { Console, Layer, Redacted } from "effect"

const scenario = { latency: { before: "10 millis", after: "10 millis" } } as const

export const layer = Clarifai.layer({ apiKey: Redacted.make("simulated") }).pipe(
  Layer.provide(Simulator.layerServed(simulation, scenario, { report: Console.log })),
  Layer.orDie
)
