/** `npm start`, or `npm start -- --live` for your own workspace, with its key in `PRODUCTLANE_API_KEY`: it posts feedback there. */
import { NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { RateLimiter } from "@sluice/core"
import { Config, Console, DateTime, Effect, Fiber } from "effect"
import { type Feedback, importAll, layer, submit } from "./Feedback.ts"
import * as Simulated from "./Simulated.ts"

const Live = layer({ apiKey: Config.Redacted("PRODUCTLANE_API_KEY") })

const ideas = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ text: "<p>An idea</p>", contact_email: `person-${i + 1}@example.com` }))

/** Comes back when told to, and again where the import was there before. */
const person = (idea: Feedback) =>
  submit(idea).pipe(
    Effect.tapErrorTag("TryAgain", ({ at, message }) =>
      Effect.gen(function* () {
        yield* Console.log(`${idea.contact_email}: ${message}`)
        yield* Effect.sleep(DateTime.distance(yield* DateTime.now, at))
      })
    ),
    Effect.retry({ while: (error) => error._tag === "TryAgain" }),
    Effect.flatMap(({ id }) => Console.log(`${idea.contact_email}: thank you, it is ${id}`))
  )

Effect.gen(function* () {
  const batch = yield* Effect.forkChild(importAll(ideas(20)))
  yield* Effect.sleep("1 second")
  yield* Effect.forEach(ideas(11), person, { concurrency: "unbounded" })
  const imported = yield* Fiber.join(batch)
  yield* Console.log(`${imported.length} imported`)
}).pipe(
  Effect.provide(process.argv.includes("--live") ? Live : Simulated.layer),
  Effect.provide([NodeHttpClient.layerUndici, RateLimiter.layer]),
  NodeRuntime.runMain
)
