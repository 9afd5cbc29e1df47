/** OAuth tokens that expire and are revoked: there is one at a time, for all fibers alike. */
import { Cache, Context, Duration, Effect, Equal, Exit, Layer, Redacted, Ref, Schema } from "effect"
import { HttpBody, HttpClient, type HttpClientError, HttpClientResponse } from "effect/http"

export interface Options {
  readonly url: string
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted
  readonly refreshToken: Redacted.Redacted
}

const Grant = Schema.Struct({
  access_token: Schema.Redacted(Schema.String),
  refresh_token: Schema.Redacted(Schema.String),
  expires_in: Schema.Finite
})

// #region tokens
export class Tokens extends Context.Service<
  Tokens,
  {
    /** The token that is valid now; renewed after nine tenths of its time, once, however many fibers ask. */
    readonly current: Effect.Effect<Redacted.Redacted, HttpClientError.HttpClientError>
    /** Has the token renewed, if it is still the current one: whoever comes second finds that it was. */
    readonly reject: (token: Redacted.Redacted) => Effect.Effect<void>
  }
>()("rotating-tokens/Tokens") {
  static readonly layer = ({ clientId, clientSecret, refreshToken, url }: Options) =>
    Layer.effect(
      this,
      Effect.gen(function* () {
        const http = HttpClient.filterStatusOk(yield* HttpClient.HttpClient)
        // Refresh tokens rotate as well: a program that is to outlive its process keeps them where it keeps its data.
        const refresh = yield* Ref.make(refreshToken)
        const renew = Effect.gen(function* () {
          const body = HttpBody.urlParams({
            grant_type: "refresh_token",
            refresh_token: Redacted.value(yield* Ref.get(refresh)),
            client_id: clientId,
            client_secret: Redacted.value(clientSecret)
          })
          const response = yield* http.post(url, { body })
          const grant = yield* HttpClientResponse.schemaBodyJson(Grant)(response)
          yield* Ref.set(refresh, grant.refresh_token)
          yield* Effect.log(`a new token, for ${grant.expires_in} s`)
          return grant
          // A refresh token works once: whoever goes away meanwhile must not take the answer along.
        }).pipe(Effect.catchTag("SchemaError", Effect.die), Effect.uninterruptible)

        const cache = yield* Cache.makeWith(() => renew, {
          capacity: 1,
          timeToLive: Exit.match({
            onSuccess: ({ expires_in }) => Duration.seconds(expires_in * 0.9),
            onFailure: () => Duration.zero
          })
        })
        return {
          current: Effect.map(Cache.get(cache, "token"), ({ access_token }) => access_token),
          reject: (token) =>
            Cache.invalidateWhen(cache, "token", ({ access_token }) => Equal.equals(access_token, token))
        }
      })
    )
}
// #endregion
