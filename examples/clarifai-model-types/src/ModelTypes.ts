/** Lists Clarifai's model types as its page on rate limits does, with nothing left to do about the limit. */
import { Clarifai } from "@sluice/providers/clarifai"
import { Console, Effect, Schema, Stream } from "effect"

export interface Options {
  /** Types a request, 1000 at most. */
  readonly perPage: number
  readonly onlyTrainable: boolean
}

// #region job
/** What is read of a model type; what is not named here is left out. */
export const ModelType = Schema.Struct({
  id: Schema.String,
  title: Schema.String,
  input_fields: Schema.Array(Schema.String),
  output_fields: Schema.Array(Schema.String),
  trainable: Schema.Boolean
})

/** All model types, one request a page: fifteen pages a second at most, as Clarifai allows. */
export const list = (perPage: number) =>
  Clarifai.pages("/v2/models/types", { items: "model_types", item: ModelType, perPage })

/**
 * Prints each type as it comes. If others spend the same key, Clarifai may refuse: then the client waits the fifteen
 * seconds that the page asks for, and goes on; only refused again and again it fails with `ClarifaiRateLimited`.
 */
export const run = Effect.fn("ModelTypes.run")(function* ({ onlyTrainable, perPage }: Options) {
  const count = yield* list(perPage).pipe(
    Stream.filter(({ trainable }) => trainable || !onlyTrainable),
    Stream.tap((type) => Console.log(line(type))),
    Stream.runCount
  )
  yield* Console.log(`${count} model types`)
})
// #endregion

const line = ({ id, input_fields, output_fields, trainable }: typeof ModelType.Type) =>
  `${id.padEnd(24)} ${input_fields.join(", ").padEnd(11)} -> ${output_fields.join(", ")}${trainable ? ", trainable" : ""}`
