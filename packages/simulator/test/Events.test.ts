import { assert, describe, it } from "@effect/vitest"
import { Events } from "@sluice/simulator/Events"
import * as Seeded from "@sluice/simulator/Seeded"

describe("Events", () => {
  it("lets things happen by their instants, of equal ones the first planned", () => {
    const seeded = Seeded.make(1, "events")
    const planned = Array.from({ length: 500 }, (_, order) => ({ at: seeded.nextInt() % 50, order }))
    const events = new Events<{ readonly at: number; readonly order: number }>()
    for (const one of planned) events.push(one.at, one)
    const happened = planned.map(() => events.pop())
    assert.strictEqual(events.size, 0)
    assert.deepStrictEqual(
      happened,
      planned.toSorted((a, b) => a.at - b.at || a.order - b.order)
    )
  })

  it("lets nothing happen in the past", () => {
    const events = new Events<string>()
    events.push(10, "first")
    events.pop()
    events.push(3, "late")
    assert.strictEqual(events.nextAt, 10)
  })
})
