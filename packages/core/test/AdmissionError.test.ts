import { assert, describe, it } from "@effect/vitest"
import { AdmissionError, RateLimited } from "@sluice/core"
import { DateTime, Option } from "effect"

const at = DateTime.makeUnsafe(9001)
const retryAt = (reason: AdmissionError.AdmissionError["reason"]) =>
  new AdmissionError.AdmissionError({ partition: "acme", reason }).retryAt

describe("AdmissionError.retryAt", () => {
  it("is the earliest instant of a deadline that is too early", () => {
    const reason = new AdmissionError.DeadlineExceeded({
      earliest: at,
      deadline: DateTime.makeUnsafe(1),
      quota: "reads"
    })
    assert.deepStrictEqual(retryAt(reason), Option.some(at))
  })

  it("is the end of a closure", () => {
    const reason = new AdmissionError.Closed({ quota: "reads", retryAt: at, refusal: Option.none() })
    assert.deepStrictEqual(retryAt(reason), Option.some(at))
  })

  it.each([
    new AdmissionError.QueueFull({ bound: 1 }),
    new AdmissionError.Never({ quota: "reads", cost: 2, limit: 1 }),
    new AdmissionError.Store({ description: "gone", cause: new Error("gone") })
  ])("is none of $_tag", (reason) => {
    assert.deepStrictEqual(retryAt(reason), Option.none())
  })

  it("has the type of a refusal's", () => {
    const read = (error: Pick<RateLimited.RateLimited, "retryAt">) => Option.isSome(error.retryAt)
    assert.isFalse(
      read(new AdmissionError.AdmissionError({ partition: "", reason: new AdmissionError.QueueFull({ bound: 1 }) }))
    )
  })
})
