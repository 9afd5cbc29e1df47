import { Claim, Pipeline, Provider, Quota, RateLimited, RateLimiter, Signal } from "@sluice/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Redacted, Schema } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { collectGarbage } from "./support/collectGarbage.ts"

class AcmeRateLimited extends Schema.TaggedError<AcmeRateLimited>()("AcmeRateLimited", RateLimited.fields) {}

const acme: Provider.Provider<AcmeRateLimited, { readonly atATime: Quota.Quota }> = {
  id: "acme",
  docs: { url: "https://acme.test/limits", readOn: "2026-11-22" },
  baseUrl: "https://acme.test/api",
  authorization: "Bearer",
  quotas: { atATime: Quota.concurrency(1) },
  classify: (_request, quotas) => [Claim.need(quotas.atATime)],
  reads: "errors",
  repeatsRefused: () => true,
  decode: () => ({ signal: Signal.none })
}

/** A client of a server that answers with what is given, and the limiter behind it. */
const client = (answer: () => Response) =>
  Pipeline.make(acme, { apiKey: Redacted.make("secret"), partition: "p", retry: "none" }).pipe(
    Effect.provideService(
      HttpClient.HttpClient,
      HttpClient.make((request) => Effect.sync(() => HttpClientResponse.fromWeb(request, answer())))
    )
  )

/** A body of so many bytes that goes on for ever, and notes when it is given up. */
const endless = (bytes: number, onCancel: () => void) =>
  new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(bytes)), cancel: onCancel })

/** Waits until memory that nobody holds was taken back so that the condition holds; gives whether it did. */
const collected = <R>(condition: Effect.Effect<boolean, never, R>) =>
  Effect.gen(function* () {
    for (let turn = 0; turn < 100; turn++) {
      collectGarbage()
      yield* Effect.sleep(10)
      if (yield* condition) return true
    }
    return false
  })

describe("a response's body", () => {
  it.live("is empty where an error comes without one", () =>
    Effect.gen(function* () {
      const acme = yield* client(() => new Response(null, { status: 404 }))
      const response = yield* acme.head("/things")
      assert.strictEqual(yield* response.text, "")
    }).pipe(Effect.provide(RateLimiter.layer))
  )

  it.live("is given up when the call is interrupted that looks at it", () =>
    Effect.gen(function* () {
      let isCancelled = false
      const acme = yield* client(
        () =>
          new Response(
            endless(3, () => (isCancelled = true)),
            { status: 500 }
          )
      )
      const call = yield* Effect.forkChild(acme.get("/things"))
      yield* Effect.sleep(20)
      yield* Fiber.interrupt(call)
      yield* Effect.sleep(1)
      assert.isTrue(isCancelled)
    }).pipe(Effect.provide(RateLimiter.layer))
  )

  it.live("is given up when nobody can read on what was looked at", () =>
    Effect.gen(function* () {
      let isCancelled = false
      const acme = yield* client(
        () =>
          new Response(
            endless(70_000, () => (isCancelled = true)),
            { status: 500 }
          )
      )
      const status = yield* Effect.map(acme.get("/things"), (response) => response.status)
      assert.strictEqual(status, 500)
      assert.isTrue(yield* collected(Effect.sync(() => isCancelled)))
    }).pipe(Effect.provide(RateLimiter.layer))
  )

  it.live("gives its place up when the response was dropped unread", () =>
    Effect.gen(function* () {
      const acme = yield* client(() => new Response("things"))
      for (let i = 0; i < 3; i++) {
        yield* Effect.asVoid(acme.get("/things"))
        const isFree = Effect.map(RateLimiter.status("p"), ([quota]) => quota?.free === 1)
        assert.isTrue(yield* collected(isFree))
      }
    }).pipe(Effect.provide(RateLimiter.layerWith({ abandonment: 1 })))
  )
})
