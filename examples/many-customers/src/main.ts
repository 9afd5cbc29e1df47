/** `npm start`, or `npm start -- --live acme globex` with the keys in `ACME_ATTIO_API_KEY` and `GLOBEX_ATTIO_API_KEY`; only reads. */
import { NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { RateLimiter } from "@sluice/core"
import { Config, Console, Duration, Effect, Layer } from "effect"
import { Accounts, Customers, UnknownCustomer } from "./Customers.ts"
import * as Simulated from "./Simulated.ts"
import { sync } from "./Sync.ts"

const Live = Layer.succeed(Accounts, {
  get: (customer) =>
    Config.Redacted(`${customer.toUpperCase()}_ATTIO_API_KEY`).pipe(
      Effect.mapBoth({ onFailure: () => new UnknownCustomer({ customer }), onSuccess: (apiKey) => ({ apiKey }) })
    )
})

const [mode, ...named] = process.argv.slice(2)
const isLive = mode === "--live"

const report = Effect.fnUntraced(function* (customer: string) {
  const [took, people] = yield* Effect.timed(sync(customer, 150))
  yield* Console.log(`${customer}: ${people} people in ${Duration.toSeconds(took).toFixed(1)} s`)
})

Effect.forEach(
  isLive ? named : [...Simulated.customers, "initech"],
  // One customer's trouble is not another's.
  (customer) => Effect.catch(report(customer), (error) => Console.log(`${customer}: ${error.message}`)),
  { concurrency: "unbounded" }
).pipe(
  Effect.provide(Customers.layer),
  Effect.provide(isLive ? Live : Simulated.layer),
  Effect.provide([NodeHttpClient.layerUndici, RateLimiter.layer]),
  NodeRuntime.runMain
)
