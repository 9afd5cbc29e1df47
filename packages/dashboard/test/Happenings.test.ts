import { assert, describe, it } from "@effect/vitest"
import type { RateLimiter } from "@sluice/core"
import { DateTime, Option } from "effect"
import { Happenings } from "@sluice/dashboard/Happenings"
import { Tired } from "./support/Traffic.ts"

const turnedAway = (partition: string): RateLimiter.LimiterEvent => ({
  _tag: "TurnedAway",
  partition,
  reason: "DeadlineExceeded",
  quota: Option.some("writes"),
  numbers: { limit: 5, limitInForce: 5, inFlight: 3, cooling: 2, foreign: 0 }
})

const refused: RateLimiter.LimiterEvent = {
  _tag: "Refused",
  partition: "p",
  why: "unexpected",
  quotas: [{ quota: "writes", limit: 5, limitInForce: 4, inFlight: 1, cooling: 2, foreign: 0 }],
  closedUntil: DateTime.makeUnsafe(9000),
  refusal: new Tired({ provider: "acme", raw: "in-body" })
}

const brief = (happenings: Happenings, at: number) =>
  happenings.tell(at, []).map(({ kind, partition, times }) => [kind, partition, times])

describe("Happenings", () => {
  it("tells the first at once, and those that are like it together when a while has passed", () => {
    const happenings = new Happenings()
    happenings.add(refused, 0)
    assert.deepStrictEqual(brief(happenings, 0), [["refused", "p", 1]])
    for (let i = 0; i < 50; i++) happenings.add(refused, i)
    assert.deepStrictEqual(brief(happenings, 9999), [["refused", "p", 1]])
    assert.deepStrictEqual(brief(happenings, 10_000), [
      ["refused", "p", 1],
      ["refused", "p", 50]
    ])
    happenings.add(refused, 30_000)
    assert.lengthOf(happenings.tell(30_000, []), 3)
  })

  it("makes few lines of a thousand partitions, and loses none of the calls", () => {
    const happenings = new Happenings()
    for (let i = 0; i < 1000; i++) happenings.add(turnedAway(`p-${i}`), 0)
    const told = brief(happenings, 0)
    assert.lengthOf(told, 101)
    assert.deepStrictEqual(told.at(-1), ["turnedAway", "", 900])
    const count = happenings.takeTurnedAway()
    assert.strictEqual(count(undefined), 1000)
    assert.strictEqual(happenings.takeTurnedAway()(undefined), 0)
  })

  it("keeps the last two hundred, under numbers that only go up", () => {
    const happenings = new Happenings()
    for (let i = 0; i < 300; i++) {
      happenings.add(turnedAway(`p-${i}`), i)
      happenings.tell(i, [])
    }
    const told = happenings.tell(300, [])
    assert.lengthOf(told, 200)
    assert.strictEqual(told.at(-1)?.partition, "p-299")
    assert.isTrue(told.every(({ id }, i) => i === 0 || id === (told[i - 1]?.id ?? 0) + 1))
    assert.strictEqual(happenings.tell(301, []), told)
  })

  it("shows the numbers behind a refusal, and nothing of what the server wrote", () => {
    const happenings = new Happenings()
    happenings.add(refused, 5)
    const [told] = happenings.tell(5, [])
    assert.deepStrictEqual(told, {
      id: 1,
      at: 5,
      times: 1,
      kind: "refused",
      provider: "acme",
      partition: "p",
      quotas: ["writes"],
      isExpected: false,
      until: 9000,
      cause: "unexpected",
      numbers: [{ quota: "writes", limit: 5, limitInForce: 4, foreign: 0, held: 1, cooling: 2, was: null }]
    })
  })

  it("shows how the quota stood that turned a call away", () => {
    const happenings = new Happenings()
    happenings.add(turnedAway("p"), 5)
    const [told] = happenings.tell(5, [])
    assert.deepInclude(told, { kind: "turnedAway", cause: "DeadlineExceeded", quotas: ["writes"] })
    assert.deepStrictEqual(told?.numbers, [
      { quota: "writes", limit: 5, limitInForce: 5, foreign: 0, held: 3, cooling: 2, was: null }
    ])
  })
})
