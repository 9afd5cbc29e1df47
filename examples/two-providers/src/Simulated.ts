/** Both providers on 127.0.0.1, with their limits. They take any key; with keys of your own, delete this file. */
import { Attio } from "@sluice/providers/attio"
import { Productlane } from "@sluice/providers/productlane"
import { simulation as productlane } from "@sluice/providers/productlane/simulation"
import { Simulator } from "@sluice/simulator"
import { Console, Layer, Redacted } from "effect"
import { attioOptions, productlaneOptions } from "./Inbox.ts"
import { attio } from "./simulation.ts"

const apiKey = Redacted.make("simulated")
const scenario = { latency: { before: "20 millis", after: "20 millis" } } as const
const isDown = (millis: number) => millis > 1500 && millis < 3500

export const layer = Layer.merge(
  Productlane.layer({ ...productlaneOptions, apiKey }),
  Attio.layer({ ...attioOptions, apiKey })
).pipe(
  Layer.provide(Simulator.layerServed([productlane, attio(isDown)], scenario, { report: Console.log })),
  Layer.orDie
)
