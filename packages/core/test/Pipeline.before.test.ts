/** What a caller may do between a call's turn and its first byte, and what may be asked of a client before. */
import { Claim, Pipeline, type Provider, Quota, RateLimited, RateLimiter, Signal } from "@sluice/core"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Exit, Layer, Option, Redacted, Schema } from "effect"
import { HttpClient, HttpClientRequest, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"

class AcmeRateLimited extends Schema.TaggedError<AcmeRateLimited>()("AcmeRateLimited", RateLimited.fields) {}

const acme: Provider.Provider<AcmeRateLimited, { readonly rate: Quota.Quota }> = {
  id: "acme",
  docs: { url: "https://acme.test/limits", readOn: "2026-11-22" },
  baseUrl: "https://acme.test/api",
  authorization: "Bearer",
  quotas: { rate: Quota.rolling(1, "1 minute", { name: "rate", slack: 0 }) },
  classify: (_request, quotas) => [Claim.need(quotas.rate)],
  reads: "errors",
  repeatsRefused: () => true,
  decode: () => ({ signal: Signal.none })
}

const server = (sent: Array<number>) =>
  Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        sent.push(now)
        return HttpClientResponse.fromWeb(request, new Response("ok"))
      })
    )
  )

const options = { apiKey: Redacted.make("secret"), partition: "p" }

describe("BeforeSend", () => {
  it.effect("runs when the call's turn has come, and before it is sent", () => {
    const sent: Array<number> = []
    const before: Array<readonly [number, number]> = []
    const note = Effect.map(Clock.currentTimeMillis, (now) => void before.push([now, sent.length]))
    return Effect.gen(function* () {
      const client = yield* Pipeline.make(acme, options)
      const call = client.get("/things").pipe(Effect.provideService(Pipeline.BeforeSend, note))
      yield* Effect.forkChild(Effect.andThen(call, call), { startImmediately: true })
      yield* TestClock.adjust(59_999)
      assert.deepStrictEqual([before, sent], [[[0, 0]], [0]])
      yield* TestClock.adjust("1 second")
      assert.strictEqual(before[1]?.[1], 1)
      assert.deepStrictEqual(sent, [0, before[1]?.[0]])
      assert.isAtLeast(sent[1] ?? 0, 60_000)
    }).pipe(Effect.provide([server(sent), RateLimiter.layer]))
  })

  it.effect("gives the slot back at once when it ends the call", () => {
    const sent: Array<number> = []
    return Effect.gen(function* () {
      const client = yield* Pipeline.make(acme, options)
      for (const end of [Effect.die("no longer wanted"), Effect.interrupt]) {
        const exit = yield* Effect.exit(client.get("/x").pipe(Effect.provideService(Pipeline.BeforeSend, end)))
        assert.isTrue(Exit.isFailure(exit))
      }
      assert.deepStrictEqual(sent, [])
      // The quota's only slot is free: this one does not wait.
      yield* client.get("/things").pipe(RateLimiter.failFast)
      assert.deepStrictEqual(sent, [0])
    }).pipe(Effect.provide([server(sent), RateLimiter.layer]))
  })
})

describe("claimOf", () => {
  it.effect("is what the request would need at this client, as the limiter estimates it", () =>
    Effect.gen(function* () {
      const own = { cap: Quota.rolling(5, "1 hour", { name: "cap" }) }
      const client = yield* Pipeline.make(acme, { ...options, quotas: own })
      const request = HttpClientRequest.get("/things")
      const claim = Option.getOrThrow(yield* Pipeline.claimOf(client, request))
      assert.deepStrictEqual(
        claim.needs.map(({ key }) => key),
        ["acme|p|rate|", "acme|p|cap|"]
      )
      assert.strictEqual(Duration.toMillis(yield* RateLimiter.estimate(claim)), 0)
      yield* client.execute(request)
      assert.isAbove(Duration.toMillis(yield* RateLimiter.estimate(claim)), 59_000)
    }).pipe(Effect.provide([server([]), RateLimiter.layer]))
  )

  it.effect("is none of a client that was not made here", () =>
    Effect.gen(function* () {
      const client = yield* HttpClient.HttpClient
      assert.isTrue(Option.isNone(yield* Pipeline.claimOf(client, HttpClientRequest.get("/x"))))
    }).pipe(Effect.provide(server([])))
  )
})
