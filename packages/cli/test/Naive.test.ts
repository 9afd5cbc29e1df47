import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import * as Naive from "@sluice/cli/Naive"

const options = { baseUrl: "https://bakery.example", authorization: "Bearer demo" }
const call: Naive.Call = { method: "POST", path: "/loaves", body: { name: "rye" } }

/** Answers one after another with these, and tells when each request came. */
const server = (...answers: ReadonlyArray<ResponseInit>) => {
  const seen: Array<string> = []
  const layer = Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const answer = answers[seen.length] ?? { status: 200 }
        seen.push(`${now} ${request.method} ${request.url} ${request.headers["authorization"]}`)
        return HttpClientResponse.fromWeb(request, new Response(null, answer))
      })
    )
  )
  return { seen, layer }
}

const finish = (manners: Naive.Manners, layer: Layer.Layer<HttpClient.HttpClient>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Naive.perform(call, manners, options))
    yield* TestClock.adjust("1 hour")
    return yield* Fiber.join(fiber)
  }).pipe(Effect.provide(layer))

const asTold = ({ headers }: Naive.Seen) => Naive.secondsOf(headers["retry-after"]) ?? 10_000

describe("Naive.perform", () => {
  it.effect("sends again after the wait that the page tells, counting refusals", () =>
    Effect.gen(function* () {
      const { layer, seen } = server({ status: 429 }, { status: 429 }, { status: 201 })
      const status = yield* finish({ says: "", onRefusal: ({ refusals }) => 1000 * 2 ** (refusals - 1) }, layer)
      assert.strictEqual(status, 201)
      assert.deepStrictEqual(
        seen,
        [0, 1000, 3000].map((at) => `${at} POST https://bakery.example/loaves Bearer demo`)
      )
    })
  )

  it.effect("asks a second time for the wait where the page's sample does", () =>
    Effect.gen(function* () {
      const { layer, seen } = server({ status: 429 }, { status: 429, headers: { "retry-after": "7" } })
      yield* finish({ says: "", onRefusal: asTold, asksAgainBy: "HEAD" }, layer)
      assert.deepStrictEqual(
        seen.map((line) => line.split(" ").slice(0, 2).join(" ")),
        ["0 POST", "0 HEAD", "7000 POST"]
      )
    })
  )

  it.effect("pauses after an answer where the page paces", () =>
    Effect.gen(function* () {
      const { layer } = server()
      const fiber = yield* Effect.forkChild(
        Effect.provide(
          Naive.perform(
            call,
            { says: "", onRefusal: () => 0, afterAnswer: ({ nowMillis }) => 500 - nowMillis },
            options
          ),
          layer
        )
      )
      yield* TestClock.adjust(499)
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust(1)
      assert.isDefined(fiber.pollUnsafe())
    })
  )
})

describe("Naive.secondsOf", () => {
  it("is nothing for what is not a number of seconds", () => {
    assert.deepStrictEqual([undefined, "", "soon", "1.5"].map(Naive.secondsOf), [undefined, undefined, undefined, 1500])
  })
})
