/** Tokens and an Attio on 127.0.0.1, with Attio's limits. With an app of your own, delete this file. */
import { Simulator } from "@sluice/simulator"
import { Console, Layer, Redacted } from "effect"
import * as AttioApp from "./AttioApp.ts"
import { attio, oauth } from "./simulation.ts"
import { Tokens } from "./Tokens.ts"

const tokens = Tokens.layer({
  url: "https://app.attio.com/oauth/token",
  clientId: "simulated",
  clientSecret: Redacted.make("simulated"),
  refreshToken: Redacted.make("refresh-0")
})

const scenario = { latency: { before: "20 millis", after: "20 millis" } } as const

/** The first token is revoked when it has been used 150 times. */
export const layer = AttioApp.layer("acme").pipe(
  Layer.provide(tokens),
  Layer.provide(Simulator.layerServed([oauth, attio(150)], scenario, { report: Console.log })),
  Layer.orDie
)
