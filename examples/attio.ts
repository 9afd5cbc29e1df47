/** Leaves a note on every person. `ATTIO_API_KEY=... npx node --conditions=@sluice/source examples/attio.ts` */
import { NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { RateLimiter } from "@sluice/core"
import { Attio } from "@sluice/providers/attio"
import { Config, Console, Effect, Layer, Schema, Stream } from "effect"
import { HttpBody, HttpClientResponse } from "effect/http"

const Person = Schema.Struct({ id: Schema.Struct({ record_id: Schema.String }) })

const leaveNote = Effect.fnUntraced(function* (parent_record_id: string) {
  const attio = yield* Attio.Client
  const data = { parent_object: "people", parent_record_id, title: "Welcome", format: "plaintext", content: "Hello" }
  yield* Effect.flatMap(
    attio.post("/v2/notes", { body: HttpBody.jsonUnsafe({ data }) }),
    HttpClientResponse.filterStatusOk
  )
})

/** Twenty-five a second, as Attio allows, and none of them refused. */
export const program = Attio.pages("/v2/objects/people/records/query", { item: Person }).pipe(
  Stream.mapEffect(({ id }) => leaveNote(id.record_id), { concurrency: 50 }),
  Stream.runCount,
  Effect.tap((count) => Console.log(`${count} notes left`))
)

export const layer = Attio.layerConfig({ apiKey: Config.Redacted("ATTIO_API_KEY") }).pipe(
  Layer.provide(RateLimiter.layer)
)

if (import.meta.main) {
  program.pipe(Effect.provide(layer), Effect.provide(NodeHttpClient.layerUndici), NodeRuntime.runMain)
}
