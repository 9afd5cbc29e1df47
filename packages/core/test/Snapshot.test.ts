import { Admission, Claim, Quota, Signal } from "@sluice/core"
import { putBook, putClock } from "@sluice/core/Snapshot"
import { assert, describe, it } from "@effect/vitest"

const kinds: ReadonlyArray<Quota.Quota> = [
  Quota.rolling(20, "1 second"),
  Quota.rolling(2000, "10 seconds", { latencyFloor: 5, pacing: "even" }),
  Quota.fixed(20, "1 second", { phase: "clock", countsOnArrival: true }),
  Quota.fixed(20, "1 second", { phase: "reset", slowBelow: { remaining: 30, when: "always" } }),
  Quota.slidingCounter(20, "1 second"),
  Quota.tokenBucket({ capacity: 20, refill: 7, every: "1 second" }),
  Quota.idleReset(20, "1 second"),
  Quota.concurrency(20, { releaseLag: "100 millis" }),
  Quota.unknown(20, "1 second")
]

/** What does not belong to the state, and why. */
const left = new Map([
  ["booked", "only grows, and is compared with the base that a permit took of it"],
  ["acceptedAt", "matters to refusals, and is told once there was one"],
  ["doubtCost", "never changes"],
  ["baseCooling", "never changes"],
  ["leastExtra", "never changes"],
  ["mostExtra", "never changes"],
  ["narrow", "never changes"],
  ["quantum", "never changes"],
  ["head", "where a ring begins"],
  ["busy", "the sum of what the log tells"],
  ["kept", "the sum of what the log tells"],
  ["stamps", "told entry by entry, as far as they are in use"],
  ["frees", "told entry by entry, as far as they are in use"],
  ["counts", "told entry by entry, as far as they are in use"],
  ["phase", "never changes"],
  ["clockVersion", "told as its distance from the clock's"],
  ["clockSteps", "told as its distance from the clock's"],
  ["sentAt", "matters to windows by the clock alone"],
  ["fullAt", "matters to windows by the clock alone"],
  ["slots", "never changes"],
  ["latencySamples", "matters where latency is credited alone"],
  ["latencyMinimum", "matters where latency is credited alone"],
  ["latencyPrevious", "matters where latency is credited alone"],
  ["version", "told as its distance from what the books saw"],
  ["steps", "told as its distance from what the books saw"],
  ["steppedAt", "matters while the drift that it doubled lasts"]
])

const told = (book: Parameters<typeof putBook>[0], now: number): string => {
  const numbers: Array<number> = []
  putBook(book, now, (value) => numbers.push(value))
  putClock(book.clock, now, (value) => numbers.push(value))
  return JSON.stringify(numbers.map(String))
}

/** Books in the middle of things: some answered, some under way, with a date and a reading told. */
const busy = (quota: Quota.Quota, from: number) => {
  const admission = new Admission.Admission()
  for (let i = 0; i < 9; i++) {
    const permit = admission.permit(Claim.of(quota))
    admission.admit(permit, from + 10 * i)
    if (i === 8) continue
    const signal = {
      readings: [{ limit: quota.limit, remaining: quota.limit - i - 3 }],
      serverDateMillis: from,
      servedMillis: 3
    }
    admission.settle(permit, "answered", from + 10 * i + 7, i === 5 ? Signal.none : signal)
    if (i > 3) admission.release(permit, from + 10 * i + 8, "read")
  }
  const [book] = admission.books.values()
  if (!book) throw new Error("a claim has books")
  return book
}

/** Every number and truth that an object holds, itself and below, with a way to change it. */
const fieldsOf = (object: object): ReadonlyArray<readonly [name: string, change: () => () => void]> =>
  Object.entries(object).flatMap(([name, value]: [string, unknown]) => {
    if (name === "quota" || ArrayBuffer.isView(value)) return []
    if (typeof value === "object" && value !== null) return fieldsOf(value)
    const other =
      typeof value === "number"
        ? Number.isFinite(value)
          ? value + 1
          : 12
        : typeof value === "boolean"
          ? !value
          : undefined
    if (other === undefined) return []
    return [
      [
        name,
        () => {
          Object.assign(object, { [name]: other })
          return () => void Object.assign(object, { [name]: value })
        }
      ] as const
    ]
  })

describe("Snapshot", () => {
  it.each(kinds)("tells every field of books of $name, but for those that change nothing", (quota) => {
    const book = busy(quota, 60_000)
    const fields = fieldsOf(book)
    assert.isAbove(fields.length, 20)
    for (const [name, change] of fields) {
      if (left.has(name)) continue
      const before = told(book, 60_090)
      const undo = change()
      assert.notStrictEqual(told(book, 60_090), before, `${name} is not told`)
      undo()
      assert.strictEqual(told(book, 60_090), before)
    }
  })

  // What is spread is rounded by how late it is: whoever compares states leaves such quotas out.
  const whole = kinds.filter(({ pacing, slowBelow }) => pacing === "burst" && !slowBelow)
  it.each(whole)("tells the same of the same an hour later, of $name", (quota) => {
    assert.strictEqual(told(busy(quota, 3_660_000), 3_660_090), told(busy(quota, 60_000), 60_090))
    assert.notStrictEqual(told(busy(quota, 60_000), 60_091), told(busy(quota, 60_000), 60_090))
  })
})
