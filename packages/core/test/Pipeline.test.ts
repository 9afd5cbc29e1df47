import {
  AdmissionError,
  Claim,
  Pipeline,
  Provider,
  Quota,
  RateLimited,
  RateLimiter,
  RetrySchedule,
  Signal
} from "@sluice/core"
import { assert, describe, it } from "@effect/vitest"
import { Clock, DateTime, Duration, Effect, Fiber, Layer, Option, Redacted, Schedule, Schema, Stream } from "effect"
import { HttpClient, HttpClientError, HttpClientRequest, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"

class AcmeRateLimited extends Schema.TaggedError<AcmeRateLimited>()("AcmeRateLimited", RateLimited.fields) {}

const acme: Provider.Provider<AcmeRateLimited, { readonly rate: Quota.Quota }> = {
  id: "acme",
  docs: { url: "https://acme.test/limits", readOn: "2026-11-22" },
  baseUrl: "https://acme.test/api",
  authorization: "Bearer",
  quotas: { rate: Quota.rolling(3, "1 second", { name: "rate" }) },
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

interface Seen {
  readonly at: number
  readonly request: HttpClientRequest.HttpClientRequest
}

/** A server that answers the n-th request as told, 10 ms later, and notes what came. */
const server = (seen: Array<Seen>, answer: (n: number) => Response) =>
  Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request) =>
      Effect.gen(function* () {
        seen.push({ at: yield* Clock.currentTimeMillis, request })
        const n = seen.length
        yield* Effect.sleep(10)
        return HttpClientResponse.fromWeb(request, answer(n))
      })
    )
  )

const refused = (retryAfter: string) =>
  new Response("slow down", { status: 429, headers: { "retry-after": retryAfter } })

const options = { apiKey: Redacted.make("secret"), partition: "p" }

/** Virtual time goes on until the effect has ended, with real turns between for bodies that are promises. */
const runToEnd = <A, E, R>(effect: Effect.Effect<A, E, R>, step: Duration.Input = "1 second", limit = 10_000) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true })
    for (let i = 0; i < limit && fiber.pollUnsafe() === undefined; i++) {
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      yield* TestClock.adjust(step)
    }
    return yield* Fiber.join(fiber)
  })

/** A connection that breaks with this code. */
const failing = (code: string) =>
  Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request) =>
      Effect.fail(
        new HttpClientError.HttpClientError({
          reason: new HttpClientError.TransportError({ request, cause: Object.assign(new Error(code), { code }) })
        })
      )
    )
  )

describe("Pipeline", () => {
  it.effect("sends to the provider's address with its key, as fast as the quota allows", () => {
    const seen: Array<Seen> = []
    return Effect.gen(function* () {
      const client = yield* Pipeline.make(acme, options)
      const fiber = yield* Effect.forkChild(
        Effect.forEach([1, 2, 3, 4], () => client.get("/things"), { concurrency: "unbounded" })
      )
      yield* TestClock.adjust("1 hour")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(
        seen.map(({ at }) => at),
        [0, 0, 0, 1012]
      )
      assert.strictEqual(seen[0]?.request.url, "https://acme.test/api/things")
      assert.strictEqual(seen[0]?.request.headers["authorization"], "Bearer secret")
    }).pipe(Effect.provide([server(seen, () => new Response("ok")), RateLimiter.layer]))
  })

  it.effect("gives the key to nobody else", () => {
    const seen: Array<Seen> = []
    return Effect.gen(function* () {
      const client = yield* Pipeline.make(acme, options)
      for (const url of [
        "https://evil.test/api/x",
        "//evil.test/x",
        "https://acme.test/apian",
        "http://acme.test/api/x"
      ]) {
        const error = yield* Effect.flip(client.get(url))
        assert.strictEqual(error._tag === "HttpClientError" && error.reason._tag, "InvalidUrlError")
      }
      assert.strictEqual(seen.length, 0)
      const [status] = yield* RateLimiter.status()
      assert.isUndefined(status)
    }).pipe(Effect.provide([server(seen, () => new Response("ok")), RateLimiter.layer]))
  })

  it.effect("retries a refusal when the provider says, never earlier, and admits it anew", () => {
    const seen: Array<Seen> = []
    return Effect.gen(function* () {
      const client = yield* Pipeline.make(acme, options)
      const response = yield* runToEnd(client.get("/things"))
      assert.strictEqual(response.status, 200)
      assert.strictEqual(seen.length, 2)
      assert.isAtLeast(seen[1]?.at ?? 0, 10 + 7000)
      assert.isAtMost(seen[1]?.at ?? 0, 10 + 8000)
    }).pipe(Effect.provide([server(seen, (n) => (n === 1 ? refused("7") : new Response("ok"))), RateLimiter.layer]))
  })

  it.effect("closes the quota for everyone, and opens it one by one", () => {
    const seen: Array<Seen> = []
    return Effect.gen(function* () {
      const client = yield* Pipeline.make(acme, { ...options, retry: "none" })
      const error = yield* runToEnd(Effect.flip(client.get("/things")), 10)
      assert.strictEqual(error._tag, "AcmeRateLimited")
      const closedAt = seen[0]?.at ?? 0
      yield* runToEnd(
        Effect.forEach([1, 2, 3], () => client.get("/things"), { concurrency: "unbounded" }),
        100
      )
      const [, second, third, fourth] = seen.map(({ at }) => at - closedAt)
      assert.isAtLeast(second ?? 0, 5010)
      assert.isAtLeast(third ?? 0, (second ?? 0) + 10)
      assert.isAtLeast(fourth ?? 0, (second ?? 0) + 10)
    }).pipe(Effect.provide([server(seen, (n) => (n === 1 ? refused("5") : new Response("ok"))), RateLimiter.layer]))
  })

  it.effect(
    "tells callers the refusal at once when a provider closes for longer than maxPause, and sends one probe",
    () => {
      const seen: Array<Seen> = []
      return Effect.gen(function* () {
        const client = yield* Pipeline.make(acme, { ...options, retry: "none" })
        yield* runToEnd(Effect.flip(client.get("/things")), 10)
        const errors = yield* runToEnd(
          Effect.forEach([1, 2, 3], () => Effect.flip(client.get("/things")), { concurrency: "unbounded" }),
          1
        )
        for (const error of errors) {
          assert.strictEqual(error._tag, "AcmeRateLimited")
          assert.isTrue(error._tag === "AcmeRateLimited" && Option.isSome(error.retryAt))
        }
        assert.strictEqual(seen.length, 1)
        yield* TestClock.adjust("3 minutes")
        yield* runToEnd(
          Effect.forEach([1, 2, 3], () => Effect.exit(client.get("/things")), { concurrency: "unbounded" }),
          1
        )
        assert.strictEqual(seen.length, 2)
      }).pipe(
        Effect.provide([server(seen, () => refused("1000000000")), RateLimiter.layerWith({ maxPause: "2 minutes" })])
      )
    }
  )

  it.effect.each(["0", "-1", "rubbish", "", "Thu, 01 Jan 1970 00:00:00 GMT"])(
    "neither spins nor hangs when Retry-After says %j",
    (retryAfter) => {
      const seen: Array<Seen> = []
      return Effect.gen(function* () {
        const client = yield* Pipeline.make(acme, options)
        const error = yield* runToEnd(Effect.flip(client.get("/things")), "10 seconds")
        assert.strictEqual(error._tag, "AcmeRateLimited")
        assert.isAtLeast(seen.length, 2)
        assert.isAtMost(seen.length, 12)
        seen.slice(1).forEach(({ at }, i) => assert.isAtLeast(at - (seen[i]?.at ?? 0), 1000))
      }).pipe(Effect.provide([server(seen, () => refused(retryAfter)), RateLimiter.layer]))
    }
  )

  it.effect.each([
    ["a wait that was told", "60", 10],
    ["a wait that nobody told", "", 10]
  ] as const)("gives up a call with its refusal where %s ends after the call's deadline", ([, retryAfter, endedAt]) => {
    const seen: Array<Seen> = []
    return Effect.gen(function* () {
      const client = yield* Pipeline.make(acme, options)
      const error = yield* runToEnd(Effect.flip(client.get("/things").pipe(RateLimiter.failFast)), 1)
      assert.strictEqual(error._tag, "AcmeRateLimited")
      assert.isAtMost(yield* Clock.currentTimeMillis, endedAt + 5)
      assert.strictEqual(seen.length, 1)
    }).pipe(Effect.provide([server(seen, () => refused(retryAfter)), RateLimiter.layer]))
  })

  it.effect("counts the deadline from the start of the call, not of its last attempt", () => {
    const seen: Array<Seen> = []
    return Effect.gen(function* () {
      const client = yield* Pipeline.make(acme, options)
      const error = yield* runToEnd(Effect.flip(client.get("/things").pipe(RateLimiter.within("5 seconds"))), 1)
      assert.strictEqual(error._tag, "AcmeRateLimited")
      // Two seconds each: the third attempt at about four, and no fourth at about six.
      assert.deepStrictEqual(
        seen.map(({ at }) => Math.floor(at / 1000)),
        [0, 2, 4]
      )
    }).pipe(Effect.provide([server(seen, () => refused("2")), RateLimiter.layer]))
  })

  it.effect(
    "retries by the default schedule of where it is called, else of where it was made, else by the provider's",
    () => {
      const seen: Array<Seen> = []
      const times = (count: number) => Layer.succeed(RetrySchedule.Default, Schedule.recurs(count))
      return Effect.gen(function* () {
        const provider = { ...acme, retrySchedule: Schedule.recurs(1) }
        const plain = yield* Pipeline.make(provider, options)
        const made = yield* Pipeline.make(provider, options).pipe(Effect.provide(times(2)))
        const sends = (call: Effect.Effect<unknown, unknown>) =>
          Effect.gen(function* () {
            const before = seen.length
            yield* runToEnd(Effect.exit(call))
            return seen.length - before
          })
        assert.strictEqual(yield* sends(plain.get("/things")), 2)
        assert.strictEqual(yield* sends(made.get("/things")), 3)
        assert.strictEqual(yield* sends(made.get("/things").pipe(Effect.provide(times(4)))), 5)
      }).pipe(Effect.provide([server(seen, () => refused("1")), RateLimiter.layer]))
    }
  )

  it.effect("asks for the key when a call's turn has come", () => {
    const seen: Array<Seen> = []
    return Effect.gen(function* () {
      const apiKey = Effect.map(Clock.currentTimeMillis, (now) => Redacted.make(`of second ${Math.floor(now / 1000)}`))
      const client = yield* Pipeline.make(acme, { apiKey, partition: "p" })
      yield* runToEnd(Effect.forEach([1, 2, 3, 4, 5, 6, 7], () => client.get("/things"), { concurrency: "unbounded" }))
      assert.deepStrictEqual(
        seen.map(({ request }) => request.headers["authorization"]),
        [0, 0, 0, 1, 1, 1, 2].map((second) => `Bearer of second ${second}`)
      )
    }).pipe(Effect.provide([server(seen, () => new Response("ok")), RateLimiter.layer]))
  })

  it.effect("takes the slot back from a call whose key cannot be had", () => {
    const seen: Array<Seen> = []
    return Effect.gen(function* () {
      const failure = new HttpClientError.HttpClientError({
        reason: new HttpClientError.TransportError({ request: HttpClientRequest.get("https://acme.test/token") })
      })
      const client = yield* Pipeline.make(acme, { apiKey: Effect.fail(failure), partition: "p", retry: "none" })
      assert.strictEqual(yield* Effect.flip(client.get("/things")), failure)
      const [status] = yield* RateLimiter.status()
      assert.strictEqual(status?.free, 3)
      assert.strictEqual(seen.length, 0)
    }).pipe(Effect.provide([server(seen, () => new Response("ok")), RateLimiter.layer]))
  })

  it.effect("leaves the body of an error readable, however long it is", () => {
    const text = "x".repeat(200_000)
    return Effect.gen(function* () {
      const client = yield* Pipeline.make(acme, options)
      const whole = yield* runToEnd(
        Effect.flatMap(client.get("/things"), (response) => response.text),
        100
      )
      assert.strictEqual(whole, text)
      const streamed = yield* runToEnd(
        Effect.flatMap(client.get("/things"), (response) => response.stream.pipe(Stream.decodeText(), Stream.mkString)),
        100
      )
      assert.strictEqual(streamed, text)
      const json = yield* runToEnd(
        Effect.flatMap(client.get("/things"), (response) => response.json),
        100
      )
      assert.deepStrictEqual(json, { error: "not found" })
    }).pipe(
      Effect.provide([
        server([], (n) => new Response(n < 3 ? text : `{"error":"not found"}`, { status: 404 })),
        RateLimiter.layer
      ])
    )
  })

  it.effect("keeps a slot of a concurrency cap until the body was read", () => {
    const seen: Array<Seen> = []
    return Effect.gen(function* () {
      const client = yield* Pipeline.make(acme, { ...options, quotas: { cap: Quota.concurrency(1) } })
      const first = yield* runToEnd(client.get("/things"), 10)
      const second = yield* Effect.forkChild(client.get("/things"), { startImmediately: true })
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(seen.length, 1)
      yield* first.text
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(seen.length, 2)
      yield* Fiber.join(second)
    }).pipe(Effect.provide([server(seen, () => new Response("ok")), RateLimiter.layer]))
  })

  it.effect("takes back at once what never left, and holds what may have arrived", () => {
    const inFlightAfter = (code: string) =>
      Effect.gen(function* () {
        const client = yield* Pipeline.make(acme, options)
        yield* Effect.flip(client.get("/things"))
        const [status] = yield* RateLimiter.status("p")
        return status?.inFlight
      }).pipe(Effect.provide([failing(code), RateLimiter.layer], { local: true }))
    return Effect.gen(function* () {
      assert.strictEqual(yield* inFlightAfter("ECONNREFUSED"), 0)
      assert.strictEqual(yield* inFlightAfter("ECONNRESET"), 1)
    })
  })

  it.effect("names a partition by a hash of the key", () =>
    Effect.gen(function* () {
      const client = yield* Pipeline.make(acme, { apiKey: Redacted.make("secret") })
      yield* runToEnd(client.get("/things"), 10)
      const [status] = yield* RateLimiter.status()
      assert.match(status?.partition ?? "", /^[0-9a-f]{16}$/)
    }).pipe(Effect.provide([server([], () => new Response("ok")), RateLimiter.layer]))
  )

  it.effect("lets a deadline be given to all calls of a client", () =>
    Effect.gen(function* () {
      const client = yield* Pipeline.make(acme, { ...options, deadline: "1 second" })
      const results = yield* runToEnd(
        Effect.forEach([1, 2, 3, 4], () => Effect.result(client.get("/things")), { concurrency: "unbounded" })
      )
      const late = results.flatMap((result) => (result._tag === "Failure" ? [result.failure] : []))
      assert.strictEqual(late.length, 1)
      const [error] = late
      assert.isTrue(error instanceof AdmissionError.AdmissionError && error.reason._tag === "DeadlineExceeded")
      assert.isTrue(
        error instanceof AdmissionError.AdmissionError &&
          error.reason._tag === "DeadlineExceeded" &&
          DateTime.toEpochMillis(error.reason.earliest) >= 1001
      )
    }).pipe(Effect.provide([server([], () => new Response("ok")), RateLimiter.layer]))
  )
})
