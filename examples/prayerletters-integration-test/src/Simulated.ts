/**
 * A PrayerLetters on 127.0.0.1, with its limits and its test headers, where an hour is over in five seconds. It takes any
 * token; with one of your own, delete this file.
 */
import { PrayerLetters } from "@sluice/providers/prayerletters"
import { simulation } from "@sluice/providers/prayerletters/simulation"
import { Scenario, Simulator } from "@sluice/simulator"
import { Console, Layer, Redacted } from "effect"

const speed = 720

export const layer = PrayerLetters.layer({
  apiKey: Redacted.make("simulated"),
  quotas: Scenario.quotas(PrayerLetters.quotas, speed),
  retry: "none"
}).pipe(Layer.provide(Simulator.layerServed(simulation, { speed }, { report: Console.log })), Layer.orDie)
