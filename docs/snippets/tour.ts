/** One client of Attio's, with the value at each stage of the flow written down. */
import { Pipeline, type Provider, RateLimiter } from "@sluice/core"
import { Attio } from "@sluice/providers/attio"
import { Clock, Effect, Redacted } from "effect"
import { HttpClient } from "effect/http"

/** What was seen: when, at which stage, and the value there. */
export interface Entry {
  readonly atMillis: number
  readonly stage: string
  readonly value: unknown
}

type Look = (stage: string, value: unknown) => void

/** `classify` and `decode` are pure: whoever wants to look at them wraps them. */
const watchedProvider = (look: Look): typeof Attio.provider => ({
  ...Attio.provider,
  classify(request, quotas) {
    const draws = Attio.provider.classify(request, quotas)
    look("classify", draws)
    return draws
  },
  decode(wire: Provider.Wire) {
    look("wire", wire)
    const decoded = Attio.provider.decode(wire)
    look("decode", decoded)
    return decoded
  }
})

const watchedLimiter = (limiter: RateLimiter.Service, look: Look): RateLimiter.Service => ({
  ...limiter,
  admit: (permit, fiber, next) =>
    Effect.gen(function* () {
      look("claim", permit.claim)
      look("estimate", yield* limiter.estimate(permit.claim))
      const sending = Effect.suspend(() => {
        look("admit", { state: permit.state })
        return next
      })
      return yield* limiter.admit(permit, fiber, sending)
    }),
  settle(permit, outcome, details) {
    limiter.settle(permit, outcome, details)
    look("settle", { state: permit.state, outcome, signal: details?.signal })
  }
})

/** The client, and everything that was seen of its calls. */
export const make = Effect.gen(function* () {
  const seen: Array<Entry> = []
  const clock = yield* Clock.Clock
  const look: Look = (stage, value) => void seen.push({ atMillis: clock.currentTimeMillisUnsafe(), stage, value })
  const http = HttpClient.tapRequest(yield* HttpClient.HttpClient, ({ headers, method, url }) =>
    Effect.sync(() => look("send", { method, url, headers }))
  )
  const limiter = watchedLimiter(yield* RateLimiter.RateLimiter, look)
  const client = yield* Pipeline.make(watchedProvider(look), {
    apiKey: Redacted.make("at_secret"),
    partition: "acme",
    retry: Attio.retrySchedule
  }).pipe(Effect.provideService(HttpClient.HttpClient, http), Effect.provideService(RateLimiter.RateLimiter, limiter))
  return { client, seen }
})
