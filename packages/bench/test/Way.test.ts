import { assert, describe, it } from "@effect/vitest"
import * as Way from "@sluice/bench/Way"
import { Clock, Effect, Fiber } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"

/** Answers with these statuses in turn, and notes when. */
const server = (...statuses: ReadonlyArray<number>) => {
  const askedAt: Array<number> = []
  const client = HttpClient.make((request) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      const status = statuses[askedAt.push(now) - 1] ?? 200
      return HttpClientResponse.fromWeb(request, new Response("", { status }))
    })
  )
  return { askedAt, client }
}

describe("Way", () => {
  it.effect("takes 5 to 50 ms there and as long back, and the same with the same seed", () =>
    Effect.gen(function* () {
      const timesOf = Effect.fnUntraced(function* (seed: number) {
        const { askedAt, client } = server()
        const way = Way.make(client, "uniform", seed)
        const answeredAt: Array<number> = []
        const startedAt = yield* Clock.currentTimeMillis
        const call = Effect.andThen(
          way.client.get("http://127.0.0.1/"),
          Effect.map(Clock.currentTimeMillis, (now) => answeredAt.push(now))
        )
        const calls = yield* Effect.forkChild(
          Effect.all(
            Array.from({ length: 50 }, () => call),
            { concurrency: "unbounded" }
          )
        )
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(calls)
        return [askedAt, answeredAt].map((times) => times.map((at) => at - startedAt))
      })
      const [asked = [], answered = []] = yield* timesOf(1)
      assert.isAtLeast(Math.min(...asked), 5)
      assert.isAtMost(Math.max(...asked), 50)
      assert.isAtLeast(Math.min(...answered), 10)
      assert.isAtMost(Math.max(...answered), 100)
      assert.deepStrictEqual(yield* timesOf(1), [asked, answered])
      assert.notDeepEqual(yield* timesOf(2), [asked, answered])
    })
  )

  it.effect("counts what left, and what was refused with 429 or 503", () =>
    Effect.gen(function* () {
      const way = Way.make(server(200, 429, 503, 404).client, "uniform", 1)
      const calls = yield* Effect.forkChild(
        Effect.all(Array.from({ length: 4 }, () => way.client.get("http://127.0.0.1/")))
      )
      yield* TestClock.adjust("4 millis")
      assert.deepStrictEqual(way.counts, { requests: 0, refusals: 0 })
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(calls)
      assert.deepStrictEqual(way.counts, { requests: 4, refusals: 2 })
    })
  )
})
