/** Predicts the concepts of every image. `CLARIFAI_PAT=... npx node examples/clarifai.ts` */
import { NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { RateLimiter } from "@sluice/core"
import { Clarifai } from "@sluice/providers/clarifai"
import { Config, Console, Effect, Layer, Schema, Stream } from "effect"
import { HttpBody, HttpClientResponse } from "effect/http"

const Input = Schema.Struct({ id: Schema.String, data: Schema.Json })

const predict = Effect.fnUntraced(function* (input: typeof Input.Type) {
  const clarifai = yield* Clarifai.Client
  const body = HttpBody.jsonUnsafe({ inputs: [{ data: input.data }] })
  const response = yield* clarifai.post("/v2/models/general-image-recognition/outputs", { body })
  yield* HttpClientResponse.filterStatusOk(response)
})

/** Fifteen a second, pages and predictions together, and none of them refused. */
export const program = Clarifai.pages("/v2/inputs", { items: "inputs", item: Input }).pipe(
  Stream.mapEffect(predict, { concurrency: 50 }),
  Stream.runCount,
  Effect.tap((count) => Console.log(`${count} images predicted`))
)

export const layer = Clarifai.layerConfig({ apiKey: Config.Redacted("CLARIFAI_PAT") }).pipe(
  Layer.provide(RateLimiter.layer)
)

if (import.meta.main) {
  program.pipe(Effect.provide(layer), Effect.provide(NodeHttpClient.layerUndici), NodeRuntime.runMain)
}
