import { assert, describe, it } from "@effect/vitest"
import { AdmissionError, DeadlineExceeded, Never } from "@sluice/core/AdmissionError"
import { Productlane } from "@sluice/providers/productlane"
import { Cause, DateTime, Duration, Effect, Layer } from "effect"
import { CircuitBreaker } from "effect/persistence"
import { type Failure, Inbox } from "../src/Inbox.ts"
import { inbox } from "../src/Routes.ts"

const at = (millis: number) => DateTime.makeUnsafe(millis)

/** What is asked while the inbox fails so, as status and `Retry-After`. */
const answer = (error: Failure) =>
  inbox.pipe(
    Effect.map(({ headers, status }) => [status, headers["retry-after"]]),
    Effect.provide(Layer.mock(Inbox, { newest: () => Effect.fail(error) }))
  )

const late = new DeadlineExceeded({ earliest: at(9001), deadline: at(1000), quota: "reads" })
const never = new Never({ quota: "reads", cost: 2, limit: 1 })
const { refusal } = Productlane.provider.decode({
  request: { method: "GET", path: "/threads" },
  status: 429,
  headers: { "retry-after": "7" },
  body: "",
  receivedAtMillis: 0
})
const open = new CircuitBreaker.CircuitOpen({ key: "productlane", retryAfter: Duration.millis(1500) })

describe("inbox", () => {
  it.effect.each([
    ["no room in time", new AdmissionError({ partition: "", reason: late }), [503, "10"]],
    ["no room ever", new AdmissionError({ partition: "", reason: never }), [503, undefined]],
    ["a refusal", refusal ?? new Cause.TimeoutError(), [503, "7"]],
    ["an open circuit", new CircuitBreaker.CircuitBreakerError({ reason: open }), [503, "2"]],
    ["no answer", new Cause.TimeoutError(), [504, undefined]]
  ] as const)("answers %s by its status", ([, error, expected]) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* answer(error), [...expected])
    })
  )
})
