/** The endpoints of Attio that this program uses, as data, and the client that follows from them. */
import type { AdmissionError } from "@sluice/core/AdmissionError"
import { Attio } from "@sluice/providers/attio"
import { Context, Layer, Schema } from "effect"
import { HttpApi, HttpApiClient, HttpApiEndpoint, HttpApiGroup } from "effect/http-api"

// #region api
export const Person = Schema.Struct({
  id: Schema.Struct({ record_id: Schema.String }),
  values: Schema.Struct({ name: Schema.NonEmptyArray(Schema.Struct({ full_name: Schema.String })) })
})
const Note = Schema.Struct({ id: Schema.Struct({ note_id: Schema.String }), title: Schema.String })

/** Attio's body of a 404, with a tag for `Effect.catchTag`. */
export class RecordNotFound extends Schema.Error<RecordNotFound>("RecordNotFound")(
  { _tag: Schema.tagDefaultOmit("RecordNotFound"), message: Schema.String },
  { httpApiStatus: 404 }
) {}

export class AttioApi extends HttpApi.make("attio")
  .add(
    HttpApiGroup.make("people").add(
      HttpApiEndpoint.post("query", "/v2/objects/people/records/query", {
        payload: Schema.Struct({ limit: Schema.Int }),
        success: Schema.Struct({ data: Schema.Array(Person) })
      }),
      HttpApiEndpoint.get("get", "/v2/objects/people/records/:id", {
        params: { id: Schema.String },
        success: Schema.Struct({ data: Person }),
        error: RecordNotFound
      })
    )
  )
  .add(
    HttpApiGroup.make("notes").add(
      HttpApiEndpoint.post("create", "/v2/notes", {
        payload: Schema.Struct({
          data: Schema.Struct({
            parent_object: Schema.Literal("people"),
            parent_record_id: Schema.String,
            title: Schema.String,
            format: Schema.Literal("plaintext"),
            content: Schema.String
          })
        }),
        success: Schema.Struct({ data: Note })
      })
    )
  ) {}
// #endregion

// #region client
/** A method for each endpoint, with its schemas, that keeps to Attio's limits and can fail with Sluice's errors too. */
export class AttioClient extends Context.Service<
  AttioClient,
  HttpApiClient.ForApi<typeof AttioApi, Attio.RateLimited | AdmissionError>
>()("generated-client/AttioClient") {
  static readonly layer = Layer.effect(
    this,
    Attio.Client.use((httpClient) => HttpApiClient.makeWith(AttioApi, { httpClient }))
  )
}
// #endregion
