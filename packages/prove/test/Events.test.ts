import { assert, describe, it } from "@effect/vitest"
import * as Seeded from "@sluice/simulator/Seeded"
import { Events } from "@sluice/prove/Events"

describe("Events", () => {
  it("lets things happen by their instants, of equal ones the first planned", () => {
    const seeded = Seeded.make(1, "events")
    const planned = Array.from({ length: 500 }, (_, order) => ({ at: seeded.nextInt() % 50, order }))
    const events = new Events()
    const happened: Array<{ at: number; order: number }> = []
    for (const one of planned) events.push(one.at, () => happened.push(one))
    while (events.step()) continue
    assert.deepStrictEqual(
      happened,
      planned.toSorted((a, b) => a.at - b.at || a.order - b.order)
    )
  })

  it("lets nothing happen in the past", () => {
    const events = new Events()
    const seen: Array<number> = []
    events.push(10, () => events.push(3, (at) => seen.push(at)))
    while (events.step()) continue
    assert.deepStrictEqual(seen, [10])
  })
})
