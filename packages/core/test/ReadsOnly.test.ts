import { assert, describe, it } from "@effect/vitest"
import * as ReadsOnly from "@sluice/core/ReadsOnly"
import { Cause, Effect, Exit, Layer } from "effect"
import { HttpClient, HttpClientRequest, HttpClientResponse, HttpMethod } from "effect/http"

/** Sends one request of each method to a path, and gives those that went through. */
const passed = (guard: typeof ReadsOnly.layer, path = "/") =>
  Effect.gen(function* () {
    const sent: Array<string> = []
    const network = Layer.succeed(
      HttpClient.HttpClient,
      HttpClient.make((request) => {
        sent.push(request.method)
        return Effect.succeed(HttpClientResponse.fromWeb(request, new Response()))
      })
    )
    const attempts = [...HttpMethod.all].map((method) =>
      Effect.exit(HttpClient.execute(HttpClientRequest.make(method)(`https://api.example${path}`)))
    )
    const exits = yield* Effect.all(attempts).pipe(Effect.provide(Layer.provide(guard, network)))
    const dead = exits.filter(Exit.isFailure).map(({ cause }) => Cause.squash(cause))
    assert.isTrue(dead.every((defect) => defect instanceof ReadsOnly.NoRead))
    assert.strictEqual(sent.length + dead.length, exits.length)
    return sent.toSorted()
  })

describe("ReadsOnly", () => {
  it.effect("lets through what is safe by its method, and sends nothing else", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* passed(ReadsOnly.layer), ["GET", "HEAD", "OPTIONS", "QUERY", "TRACE"])
    })
  )

  it.effect("lets through what it is told is a read", () =>
    Effect.gen(function* () {
      const posted = ReadsOnly.layerWith({
        isRead: (request) => ReadsOnly.isSafe(request) || request.url.endsWith("/query")
      })
      assert.notInclude(yield* passed(posted, "/people"), "POST")
      assert.include(yield* passed(posted, "/people/query"), "POST")
    })
  )

  it("names the request that was no read", () => {
    const error = new ReadsOnly.NoRead(HttpClientRequest.delete("https://api.example/people/1"))
    assert.strictEqual(error.message, "DELETE https://api.example/people/1 is no read, and only reads may be sent.")
  })
})
