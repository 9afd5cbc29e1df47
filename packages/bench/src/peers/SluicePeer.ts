/** Sluice as its README sets it up, and where it is not told the limit. */
import * as Naive from "@sluice/cli/Naive"
import type { Client } from "@sluice/cli/Catalogue"
import * as Pipeline from "@sluice/core/Pipeline"
import type { Quotas } from "@sluice/core/Provider"
import * as Quota from "@sluice/core/Quota"
import * as RateLimiter from "@sluice/core/RateLimiter"
import { Effect, Layer, Redacted, type Scope } from "effect"
import type { HttpClient } from "effect/http"
import * as Attempt from "../Attempt.ts"
import type { Peer, Perform, Setup } from "../Peer.ts"

export const sluice: Peer = {
  id: "sluice",
  title: "Sluice",
  setup: "the provider's client, its defaults",
  make: (setup) =>
    performer(({ baseUrl, loaded }) => loaded.module.make({ apiKey: Redacted.make(loaded.apiKey), baseUrl }), setup)
}

export const reading: Peer = {
  id: "sluice-reading",
  title: "Sluice, which reads the limit",
  setup: 'the same, told a tenth of each limit, with adopt: "follow": the answers put it right',
  suits: ({ tellsLimit = false }) => tellsLimit,
  make: (setup) =>
    performer(({ baseUrl, loaded: { apiKey, module } }) => {
      const { provider } = module
      const options = {
        apiKey: Redacted.make(apiKey),
        baseUrl,
        adopt: "follow",
        quotas: guessed(provider.quotas)
      } as const
      return Pipeline.make(provider, options)
    }, setup)
}

/** Too low: what is guessed too high is refused before any answer could tell. */
const guessed = (quotas: Quotas): Quotas =>
  Object.fromEntries(
    Object.entries(quotas).map(([name, quota]) => {
      const limit = Math.ceil(quota.limit / 10)
      return [name, Quota.make({ ...Quota.definition(quota), limit, published: limit })]
    })
  )

const performer = Effect.fnUntraced(function* (
  make: (setup: Setup) => Effect.Effect<Client, never, HttpClient.HttpClient | RateLimiter.RateLimiter>,
  setup: Setup
): Effect.fn.Return<Perform, never, HttpClient.HttpClient | Scope.Scope> {
  const client = yield* Effect.provide(make(setup), yield* Layer.build(RateLimiter.layer))
  return (call) =>
    client.execute(Naive.requestOf(call)).pipe(
      Effect.tap((response) => response.text),
      Effect.mapError(Attempt.failed),
      Effect.flatMap(({ status }) => Attempt.checked({ status, retryAfterMillis: undefined }, call))
    )
})
