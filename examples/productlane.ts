/** Hands feedback over to Productlane. `PRODUCTLANE_API_KEY=... npx node --conditions=@sluice/source examples/productlane.ts` */
import { NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { RateLimiter } from "@sluice/core"
import { Productlane } from "@sluice/providers/productlane"
import { Config, Console, Effect, Layer } from "effect"
import { HttpBody, HttpClientResponse } from "effect/http"

const feedback = Array.from({ length: 100 }, (_, i) => ({ text: `<p>Idea ${i}</p>`, contact_email: "ada@example.com" }))

/** Sixty a minute, as Productlane allows. A person who waits would rather be told: so would the last one here. */
export const program = Effect.gen(function* () {
  const productlane = yield* Productlane.Client
  const create = (body: unknown) =>
    Effect.flatMap(productlane.post("/threads", { body: HttpBody.jsonUnsafe(body) }), HttpClientResponse.filterStatusOk)
  yield* Effect.forEach(feedback, create, { concurrency: "unbounded", discard: true })
  yield* create({ text: "<p>One more</p>", contact_email: "ada@example.com" }).pipe(RateLimiter.within("1 second"))
}).pipe(
  Effect.catchTag("AdmissionError", (error) => Console.log(error.message)),
  Effect.catchTag("ProductlaneRateLimited", (error) => Console.log(error.message))
)

export const layer = Productlane.layerConfig({ apiKey: Config.Redacted("PRODUCTLANE_API_KEY") }).pipe(
  Layer.provide(RateLimiter.layer)
)

if (import.meta.main) {
  program.pipe(Effect.provide(layer), Effect.provide(NodeHttpClient.layerUndici), NodeRuntime.runMain)
}
