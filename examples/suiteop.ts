/** Creates a task for each unit. `SUITEOP_API_KEY=... npx node --conditions=@sluice/source examples/suiteop.ts` */
import { NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { RateLimiter } from "@sluice/core"
import { SuiteOp } from "@sluice/providers/suiteop"
import { Config, Console, Effect, Layer } from "effect"
import { HttpBody, HttpClientResponse } from "effect/http"

const units = Array.from({ length: 1200 }, (_, i) => `Clean unit ${i + 1}`)

/** Fifty a second until the minute's thousand are used; each POST has an idempotency key of its own. */
export const program = Effect.gen(function* () {
  const suiteop = yield* SuiteOp.Client
  const create = (title: string) =>
    suiteop
      .post("/api/v1/tasks", { body: HttpBody.jsonUnsafe({ title, propertyId: "prop_01" }) })
      .pipe(Effect.flatMap(HttpClientResponse.filterStatusOk))
  yield* Effect.forEach(units, create, { concurrency: "unbounded", discard: true })
  yield* Console.log(`${units.length} tasks created`)
}).pipe(Effect.catchTag("SuiteOpRateLimited", (error) => Console.log(error.message)))

export const layer = SuiteOp.layerConfig({ apiKey: Config.Redacted("SUITEOP_API_KEY"), region: "us" }).pipe(
  Layer.provide(RateLimiter.layer)
)

if (import.meta.main) {
  program.pipe(Effect.provide(layer), Effect.provide(NodeHttpClient.layerUndici), NodeRuntime.runMain)
}
