import { Claim, Pipeline, type Provider, Quota, RateLimited, RateLimiter, Signal } from "@sluice/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Redacted, Schema, Tracer } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"

class AcmeRateLimited extends Schema.TaggedError<AcmeRateLimited>()("AcmeRateLimited", RateLimited.fields) {}

const acme: Provider.Provider<AcmeRateLimited, { readonly rate: Quota.Quota }> = {
  id: "acme",
  docs: { url: "https://acme.test/limits", readOn: "2026-11-22" },
  baseUrl: "https://acme.test/api",
  authorization: "Bearer",
  quotas: { rate: Quota.rolling(1, "1 second", { name: "rate", slack: 0, rateMargin: 0 }) },
  classify: (_request, quotas) => [Claim.need(quotas.rate)],
  reads: "errors",
  repeatsRefused: () => true,
  decode: (wire) => {
    if (wire.status !== 429) return { signal: Signal.none }
    const retry = Signal.retryAfter(wire.headers["retry-after"], { rounding: "exact" })
    const { common, signal } = RateLimited.refused("acme", wire, Signal.none, { retry })
    return { signal, refusal: new AcmeRateLimited(common) }
  }
}

const key = "sk_live_0123456789abcdefghij"

/** A server that refuses its second request. */
const server = Layer.sync(HttpClient.HttpClient, () => {
  let requests = 0
  return HttpClient.make((request) =>
    Effect.sync(() => {
      requests++
      const answer = requests === 2 ? { status: 429, headers: { "retry-after": "5" } } : { status: 200 }
      return HttpClientResponse.fromWeb(request, new Response(requests === 2 ? `who is ${key}?` : "fine", answer))
    })
  )
})

const memory = () => {
  const spans: Array<Tracer.NativeSpan> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  return { spans, tracer }
}

const untilDone = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true })
    while (fiber.pollUnsafe() === undefined) {
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      yield* TestClock.adjust("1 second")
    }
    return yield* Fiber.join(fiber)
  })

describe("spans", () => {
  it.effect("tell of a call its wait, the quota that held it back, and how often it was sent", () => {
    const { spans, tracer } = memory()
    return Effect.gen(function* () {
      const client = yield* Pipeline.make(acme, { apiKey: Redacted.make(key), partition: "p" })
      yield* client.get("/first").pipe(Effect.withSpan("first"))
      yield* client.get("/second").pipe(Effect.withSpan("second"))
    }).pipe(
      Effect.withTracer(tracer),
      untilDone,
      Effect.map(() => {
        const parentOf = (span: Tracer.NativeSpan) =>
          span.parent._tag === "Some" && "name" in span.parent.value ? span.parent.value.name : undefined
        const own = spans.map((span) => ({
          name: span.name,
          parent: parentOf(span),
          attributes: Object.fromEntries(
            [...span.attributes].filter(([name]) => !/^(url|server|user_agent|http\.(?!request\.resend))/.test(name))
          )
        }))
        const base = { "sluice.provider": "acme", "sluice.partition": "p" }
        const waited = { ...base, "sluice.wait_seconds": 1, "sluice.quota": "rate" }
        assert.deepStrictEqual(own, [
          { name: "first", parent: undefined, attributes: {} },
          { name: "sluice.send", parent: "first", attributes: { ...base, "sluice.wait_seconds": 0 } },
          { name: "GET", parent: "sluice.send", attributes: {} },
          { name: "second", parent: undefined, attributes: {} },
          { name: "sluice.admit", parent: "second", attributes: waited },
          { name: "sluice.send", parent: "second", attributes: { ...waited, "error.type": "AcmeRateLimited" } },
          { name: "GET", parent: "sluice.send", attributes: { "error.type": "429" } },
          {
            name: "sluice.send",
            parent: "second",
            attributes: { ...base, "sluice.wait_seconds": 0, "http.request.resend_count": 1 }
          },
          { name: "GET", parent: "sluice.send", attributes: {} }
        ])
      }),
      Effect.provide([RateLimiter.layer, server])
    )
  })

  it.effect("hold no key, and say what sent a call away", () => {
    const { spans, tracer } = memory()
    return Effect.gen(function* () {
      const client = yield* Pipeline.make(acme, { apiKey: Redacted.make(key), retry: "none" })
      yield* client.get("/first")
      yield* Effect.exit(client.get("/second"))
      yield* Effect.forkChild(client.get("/third"), { startImmediately: true })
      yield* Effect.exit(client.get("/fourth").pipe(RateLimiter.within("7 seconds")))
    }).pipe(
      Effect.withTracer(tracer),
      untilDone,
      Effect.map(() => {
        for (const { attributes, events, name } of spans) {
          const told = JSON.stringify([name, [...attributes], events], (_, value: unknown) =>
            typeof value === "bigint" ? String(value) : value
          )
          assert.notInclude(told, key)
          assert.notInclude(told, key.slice(8))
        }
        const errors = spans.map(({ attributes, name }) => [name, attributes.get("error.type")])
        assert.deepInclude(errors, ["sluice.send", "AcmeRateLimited"])
        assert.deepInclude(errors, ["sluice.admit", "AdmissionError"])
      }),
      Effect.provide([RateLimiter.layer, server])
    )
  })
})
