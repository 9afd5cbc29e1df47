/** Customers with accounts at an Attio on 127.0.0.1, with Attio's limits. With accounts of your own, delete this file. */
import { simulation } from "@sluice/providers/attio/simulation"
import { Simulator } from "@sluice/simulator"
import { Console, Effect, Layer, Redacted } from "effect"
import { Accounts, UnknownCustomer } from "./Customers.ts"

export const customers = ["acme", "globex", "hooli", "tyrell", "wonka"]

const accounts = Layer.succeed(Accounts, {
  get: (customer) =>
    customers.includes(customer)
      ? Effect.succeed({ apiKey: Redacted.make(`key-of-${customer}`) })
      : Effect.fail(new UnknownCustomer({ customer }))
})

const scenario = { latency: { before: "20 millis", after: "20 millis" } } as const

export const layer = Layer.merge(accounts, Simulator.layerServed(simulation, scenario, { report: Console.log }))
