/** A PrayerLetters and a Productlane on 127.0.0.1, with their limits. With keys of your own, delete this file. */
import { PrayerLetters } from "@sluice/providers/prayerletters"
import { simulation as prayerLetters } from "@sluice/providers/prayerletters/simulation"
import { Productlane } from "@sluice/providers/productlane"
import { simulation as productlane } from "@sluice/providers/productlane/simulation"
import { Simulator } from "@sluice/simulator"
import { Console, Layer, Redacted } from "effect"

const apiKey = Redacted.make("simulated")
const scenario = { latency: { before: "20 millis", after: "20 millis" } } as const

/** The servers live as long as the clients, over all starts of the program. */
export const clients = Layer.merge(PrayerLetters.layer({ apiKey }), Productlane.layer({ apiKey })).pipe(
  Layer.provide(Simulator.layerServed([prayerLetters, productlane], scenario, { report: Console.log })),
  Layer.orDie
)
