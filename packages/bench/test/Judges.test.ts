import { assert, describe, it } from "@effect/vitest"
import * as Judge from "@sluice/bench/judges/Judge"
import * as Judges from "@sluice/bench/judges/Judges"
import * as Trial from "@sluice/bench/judges/Trial"
import * as Policy from "@sluice/bench/Policy"
import { reading, sluice } from "@sluice/bench/peers/SluicePeer"

const loaded = (id: string) => {
  const judge = Judges.judges.find((judge) => judge.id === id)
  if (judge === undefined) throw new Error(`There is no judge ${id}.`)
  return { judge, policy: Judge.load(judge, false) }
}

describe("Judges", () => {
  it("have names of their own", () => {
    assert.strictEqual(new Set(Judges.judges.map(({ id }) => id)).size, Judges.judges.length)
    assert.strictEqual(new Set(Judges.judges.map(({ title }) => title)).size, Judges.judges.length)
  })

  it("are missing where their program is not on the path, and say what brings it", () => {
    const binary = { name: "nowhere-to-be-found", package: "a-package" }
    assert.strictEqual(
      Judges.missing({ binary }),
      "there is no nowhere-to-be-found on the path (Debian has it in a-package)"
    )
    assert.isUndefined(Judges.missing({ binary: { ...binary, name: "sh" } }, "/nonexistent:/bin"))
    assert.isDefined(Judges.missing({ binary: { ...binary, name: "sh" } }, "/nonexistent"))
    assert.isUndefined(Judges.missing({}))
  })

  it.each([
    // A bucket as the window in which it refills.
    ["nginx", 100, 2000],
    ["nginx-minute", 100, 3001],
    // Counted in two thousandths of a request, and told in requests.
    ["haproxy", 100, 2000],
    ["express-6", 60, 1000]
  ])("tell peers that know windows only of %s: %i in %i ms", (id, limit, windowMillis) => {
    assert.deepStrictEqual(Policy.limitsOf(loaded(id).policy), [{ limit, windowMillis, machineMillis: windowMillis }])
  })

  it.each([
    // A hundred at once, then one each 20 ms; and one each 30.0003 ms.
    ["nginx", 5 + 300 * 20 + 5],
    ["nginx-minute", 5 + Math.ceil(200 / 0.033333) + 5],
    ["express-6", 5 + 5 * 1000 + 5],
    ["express-8", 5 + 3 * 2000 + 5]
  ])("have a best possible time that follows from their definition: %s %i ms", (id, millis) => {
    const { judge, policy } = loaded(id)
    assert.strictEqual(Trial.bestTime(judge, policy, "uniform", 123_456).millis, millis)
  })

  it("have a best possible time of HAProxy that knows how it rounds", () => {
    const { judge, policy } = loaded("haproxy")
    const { doneAfterMillis } = Trial.bestTime(judge, policy, "uniform", 123_456)
    const countedAt = doneAfterMillis.map((millis) => millis - 10)
    // After a burst of 100, 100 x (2000 - e) / 2000 + n stays below 101 if n is at most e / 20, rounded down, and one more.
    assert.deepStrictEqual([countedAt[99], countedAt[100], countedAt[101], countedAt[199]], [0, 2001, 2021, 3981])
  })

  it("can be read where they tell their limit", () => {
    const readable = Judges.judges.filter((judge) => reading.suits?.(Judge.load(judge, true)))
    assert.deepStrictEqual(
      readable.map(({ id }) => id),
      ["express-6", "express-7", "express-8", "fastify", "flexible"]
    )
    assert.isUndefined(sluice.suits)
  })
})
