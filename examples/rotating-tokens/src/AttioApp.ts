/** Attio's client by tokens that rotate. */
import { Attio } from "@sluice/providers/attio"
import { Effect, Layer, Redacted } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { Tokens } from "./Tokens.ts"

// #region send
/** Puts the token on when a call is sent, because the call may have waited longer than a token lives. */
const withToken = Effect.gen(function* () {
  const tokens = yield* Tokens
  const http = yield* HttpClient.HttpClient
  return HttpClient.transform(http, (_, request) =>
    Effect.gen(function* () {
      const token = yield* tokens.current
      const response = yield* http.execute(HttpClientRequest.bearerToken(request, token))
      if (response.status === 401) yield* tokens.reject(token)
      return response
    })
  )
})
// #endregion

// #region client
/** The client of one workspace. Its quota goes by the workspace's name, and so survives every token. */
export const layer = (workspace: string) =>
  Layer.effect(
    Attio.Client,
    Effect.gen(function* () {
      const attio = yield* Attio.make({
        apiKey: Redacted.make("put on by withToken"),
        partition: workspace
      })
      // What a token's end has cost is repeated once, and admitted like any other call.
      return HttpClient.transform(attio, (call) =>
        Effect.flatMap(call, (response) => (response.status === 401 ? call : Effect.succeed(response)))
      )
    }).pipe(Effect.provideServiceEffect(HttpClient.HttpClient, withToken))
  )
// #endregion
