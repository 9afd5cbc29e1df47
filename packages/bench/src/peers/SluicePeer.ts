/** Sluice as its README sets it up. */
import * as Naive from "@sluice/cli/Naive"
import * as RateLimiter from "@sluice/core/RateLimiter"
import { Effect, Layer, Redacted } from "effect"
import * as Attempt from "../Attempt.ts"
import type { Peer } from "../Peer.ts"

export const sluice: Peer = {
  id: "sluice",
  title: "Sluice",
  setup: "the provider's client, its defaults",
  make: Effect.fnUntraced(function* ({ baseUrl, loaded }) {
    const limiter = yield* Layer.build(RateLimiter.layer)
    const client = yield* Effect.provide(loaded.module.make({ apiKey: Redacted.make(loaded.apiKey), baseUrl }), limiter)
    return (call) =>
      client.execute(Naive.requestOf(call)).pipe(
        Effect.tap((response) => response.text),
        Effect.mapError(Attempt.failed),
        Effect.flatMap(({ status }) => Attempt.checked({ status, retryAfterMillis: undefined }, call))
      )
  })
}
