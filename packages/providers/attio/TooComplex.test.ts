import { assert, describe, it } from "@effect/vitest"
import { assertSome } from "@effect/vitest/utils"
import type { Attempt } from "@sluice/core/Provider"
import { Attio } from "@sluice/providers/attio"
import { DateTime, Duration, Effect, Fiber, Option, References } from "effect"
import { HttpClientRequest } from "effect/http"
import { TestClock } from "effect/testing"
import * as Wires from "../test/support/Wires.ts"

const file = new URL("./fixtures/429.http", import.meta.url)
const path = "/v2/objects/people/records/query"

const query = (filter: string) =>
  HttpClientRequest.post(path).pipe(HttpClientRequest.bodyJsonUnsafe({ filter, limit: 500 }))

/** A refusal that tells to wait for a second. */
const { refusal } = Attio.provider.decode(
  Wires.fixture(file, {
    request: { method: "POST", path },
    headers: { "retry-after": "Tue, 23 May 2023 14:42:01 GMT", date: "Tue, 23 May 2023 14:42:00 GMT" }
  })
)

const setUp = Effect.gen(function* () {
  assert.isDefined(refusal)
  const around = yield* Attio.provider.around ?? Effect.die("no around")
  const refuse = (request: HttpClientRequest.HttpClientRequest, after: Duration.Input = 0) =>
    around(Effect.delay(Effect.fail(refusal), after), request).pipe(
      Effect.flip,
      Effect.filterOrFail((error) => error._tag === "AttioRateLimited")
    )
  const succeed = (request: HttpClientRequest.HttpClientRequest) =>
    around(Effect.succeed(undefined as never) as Attempt<Attio.RateLimited>, request)
  const hang = (request: HttpClientRequest.HttpClientRequest) => around(Effect.never, request)
  return { hang, refuse, succeed }
})

describe("TooComplex", () => {
  it.effect("gives up a query that is refused twice, ten seconds apart", () =>
    Effect.gen(function* () {
      const { refuse } = yield* setUp
      assert.isTrue((yield* refuse(query("a"))).isRetryable)
      yield* TestClock.adjust("9999 millis")
      assert.isTrue((yield* refuse(query("a"))).isRetryable)
      yield* TestClock.adjust("1 millis")
      const error = yield* refuse(query("a"))
      assert.isFalse(error.isRetryable)
      assert.include(error.message, "repeating the request cannot succeed")
      assertSome(error.serverMessage, "Rate limit exceeded, please try again later")
    })
  )

  it.effect("waits with a query that is refused again until the ten seconds are over", () =>
    Effect.gen(function* () {
      const { refuse } = yield* setUp
      const first = yield* refuse(query("a"))
      assertSome(Option.map(first.retryAfter, Duration.toMillis), 1000)
      yield* TestClock.adjust("1200 millis")
      const second = yield* refuse(query("a"))
      assertSome(Option.map(second.retryAfter, Duration.toMillis), 8800)
      const waits = Option.zipWith(second.retryAt, first.retryAt, (second, first) =>
        Duration.toMillis(DateTime.distance(first, second))
      )
      assertSome(waits, 7800)
      yield* TestClock.adjust("9500 millis")
      assert.isFalse((yield* refuse(query("a"))).isRetryable)
    })
  )

  it.effect("counts a query out again at whatever moment it is interrupted", () =>
    Effect.gen(function* () {
      const { hang, refuse } = yield* setUp
      for (let moment = 0; moment < 48; moment++) {
        // So many steps are taken at a time, and so many times.
        const hanging = Effect.provideService(hang(query("b")), References.MaxOpsBeforeYield, 2 + (moment % 4))
        const fiber = yield* Effect.forkChild(hanging)
        for (let turn = 0; turn < moment / 4; turn++) yield* Effect.yieldNow
        yield* Fiber.interrupt(fiber)
      }
      yield* refuse(query("a"))
      yield* TestClock.adjust("10 seconds")
      assert.isFalse((yield* refuse(query("a"))).isRetryable)
    })
  )

  it.effect("takes each query for itself", () =>
    Effect.gen(function* () {
      const { refuse } = yield* setUp
      yield* refuse(query("a"))
      yield* TestClock.adjust("10 seconds")
      assert.isTrue((yield* refuse(query("b"))).isRetryable)
      assert.isTrue(
        (yield* refuse(query("a").pipe(HttpClientRequest.setUrl("/v2/objects/deals/records/query")))).isRetryable
      )
      assert.isFalse((yield* refuse(query("a"))).isRetryable)
    })
  )

  it.effect("forgets a query that was answered", () =>
    Effect.gen(function* () {
      const { refuse, succeed } = yield* setUp
      yield* refuse(query("a"))
      yield* succeed(query("a"))
      yield* TestClock.adjust("10 seconds")
      assert.isTrue((yield* refuse(query("a"))).isRetryable)
    })
  )

  it.effect("learns nothing from refusals while other queries are in flight", () =>
    Effect.gen(function* () {
      const { refuse } = yield* setUp
      yield* refuse(query("a"))
      yield* TestClock.adjust("10 seconds")
      const other = yield* Effect.forkChild(refuse(query("b"), "1 second"), { startImmediately: true })
      assert.isTrue((yield* refuse(query("a"))).isRetryable)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(other)
      const long = yield* Effect.forkChild(refuse(query("a"), "2 seconds"), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      yield* refuse(query("b"))
      yield* TestClock.adjust("1 second")
      assert.isTrue((yield* Fiber.join(long)).isRetryable)
      assert.isFalse((yield* refuse(query("a"))).isRetryable)
    })
  )

  it.effect("counts a query no longer that was interrupted", () =>
    Effect.gen(function* () {
      const { refuse } = yield* setUp
      const other = yield* Effect.forkChild(refuse(query("b"), "1 hour"), { startImmediately: true })
      yield* Fiber.interrupt(other)
      yield* refuse(query("a"))
      yield* TestClock.adjust("10 seconds")
      assert.isFalse((yield* refuse(query("a"))).isRetryable)
    })
  )

  it.effect("remembers the latest hundred queries", () =>
    Effect.gen(function* () {
      const { refuse } = yield* setUp
      for (let i = 0; i <= 100; i++) yield* refuse(query(`${i}`))
      yield* TestClock.adjust("10 seconds")
      assert.isTrue((yield* refuse(query("0"))).isRetryable)
      assert.isFalse((yield* refuse(query("100"))).isRetryable)
    })
  )

  it.effect("leaves refusals of other endpoints alone", () =>
    Effect.gen(function* () {
      const { refuse } = yield* setUp
      yield* refuse(HttpClientRequest.get("/v2/self"))
      yield* TestClock.adjust("10 seconds")
      assert.isTrue((yield* refuse(HttpClientRequest.get("/v2/self"))).isRetryable)
    })
  )
})
