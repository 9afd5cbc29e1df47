import { assert, describe, it } from "@effect/vitest"
import { NeverExceeds, Seeded } from "@sluice/simulator"

const { limit } = NeverExceeds

const point = (key: string, atMillis: number) => ({ simulation: "bakery", quota: "reads", key, atMillis, cost: 1 })

describe("NeverExceeds.limit", () => {
  it("lets a unit go when it is a window old", () => {
    limit(2, 1000)([0, 0, 1000, 1000])
    assert.throws(
      () => limit(2, 1000)([0, 0, 999]),
      /3 units were counted in the 1000 ms after -1 and up to 999, where 2 are allowed/
    )
  })

  it("adds up costs, forgets refusals, and takes points in any order", () => {
    limit(3, 10)([{ atMillis: 5, cost: 2 }, { atMillis: 0 }, { atMillis: 5, cost: 9, isRefused: true }])
    assert.throws(() => limit(3, 10)([{ atMillis: 9, cost: 3 }, { atMillis: 0 }]), NeverExceeds.ExceededError)
  })

  it("judges each counter of a timeline by itself, and names the one that exceeds", () => {
    limit(1, 10)([point("a", 0), point("b", 0)])
    assert.throws(() => limit(1, 10)([point("a", 0), point("b", 0), point("b", 9)]), /of bakery\/reads\/b were counted/)
  })

  it("finds what counting every window by hand finds", () => {
    let exceeded = 0
    for (let seed = 0; seed < 300; seed++) {
      const { nextInt } = Seeded.make(seed)
      const instants = Array.from({ length: 12 }, () => nextInt() % 60)
      const most = Math.max(...instants.map((end) => instants.filter((at) => at > end - 10 && at <= end).length))
      limit(most, 10)(instants)
      assert.throws(() => limit(most - 1, 10)(instants), NeverExceeds.ExceededError)
      if (most > 3) exceeded++
    }
    assert.isAbove(exceeded, 50)
  })
})
