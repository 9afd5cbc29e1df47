/** Clarifai over gRPC. */
import { RateLimiter, Signal } from "@sluice/core"
import { Clarifai } from "@sluice/providers/clarifai"
import { Effect, Exit } from "effect"

/** What a gRPC client answers: an RPC that is OK, with a status of Clarifai's own. */
export const call = Effect.delay(Effect.succeed({ status: { code: 10000, description: "Ok" } }), "20 millis")

// #region grpc
const predict = RateLimiter.withPermit(call, Clarifai.claim("acme"), {
  decode: (exit) => (Exit.isSuccess(exit) ? Clarifai.decodeStatus(exit.value.status).signal : Signal.none)
})
// #endregion

export { predict }
