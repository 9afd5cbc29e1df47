import { assert, describe, it } from "@effect/vitest"
import { Admission, type Permit } from "@sluice/core/Admission"
import * as Claim from "@sluice/core/Claim"
import * as Quota from "@sluice/core/Quota"
import * as Signal from "@sluice/core/Signal"

const exact = { rateMargin: 0, slack: 0 } as const
const minute = Quota.rolling(3, 60_000, { ...exact, name: "minute" })
const bursts = Quota.rolling(1, 1000, { ...exact, name: "burst" })
const hour = Quota.rolling(1, 3_600_000, { ...exact, name: "hour" })

class Queue {
  readonly admission = new Admission()
  private sequence = 0

  ask(needs: ReadonlyArray<Quota.Quota | Claim.Draw>, priority = 0): Permit {
    const draws = needs.map((need) => ("quota" in need ? need : Claim.need(need)))
    const permit = this.admission.permit(Claim.make({ needs: draws }))
    permit.priority = priority
    permit.sequence = this.sequence++
    return permit
  }

  isAdmitted(permit: Permit, at: number): boolean {
    return this.admission.admit(permit, at)._tag === "Admitted"
  }
}

/** A queue whose burst quota was used up at 0, and a claim that waits for it since and keeps two units of the minute. */
const blocked = () => {
  const queue = new Queue()
  const first = queue.ask([bursts])
  queue.isAdmitted(first, 0)
  queue.admission.settle(first, "answered", 0, Signal.none)
  const head = queue.ask([Claim.need(minute, { cost: 2 }), bursts])
  assert.deepInclude(queue.admission.admit(head, 10), { _tag: "Wait", at: 1000, need: 1 })
  queue.admission.reserve(head, 1, 1000)
  return { queue, head }
}

describe("Admission.reserve", () => {
  it("keeps a blocked head's units in its other quotas and leaves the surplus to others", () => {
    const { queue, head } = blocked()
    assert.isTrue(queue.isAdmitted(queue.ask([minute]), 10))
    assert.isFalse(queue.isAdmitted(queue.ask([minute]), 10))
    assert.isFalse(queue.isAdmitted(queue.ask([Claim.need(minute, { cost: 2 })]), 999))
    assert.isTrue(queue.isAdmitted(head, 1000))
  })

  it("keeps nothing from those of higher rank", () => {
    const { queue } = blocked()
    assert.isTrue(queue.isAdmitted(queue.ask([Claim.need(minute, { cost: 3 })], 1), 10))
  })

  it("keeps nothing where the wait is longer than a unit cools", () => {
    const { queue, head } = blocked()
    queue.admission.reserve(head, 1, 60_011)
    assert.isTrue(queue.isAdmitted(queue.ask([Claim.need(minute, { cost: 3 })]), 10))
  })

  it("gives the units up with the wait", () => {
    for (const end of ["unreserve", "discard"] as const) {
      const { queue, head } = blocked()
      queue.admission[end](head)
      assert.isTrue(queue.isAdmitted(queue.ask([Claim.need(minute, { cost: 3 })]), 10))
    }
  })

  it("moves the units when another quota holds the head back", () => {
    const queue = new Queue()
    const head = queue.ask([Claim.need(minute, { cost: 2 }), hour])
    queue.admission.reserve(head, 1, 100)
    queue.admission.reserve(head, 0, 100)
    assert.isTrue(queue.isAdmitted(queue.ask([Claim.need(minute, { cost: 3 })]), 0))
    assert.isFalse(queue.isAdmitted(queue.ask([hour]), 0))
  })

  it("keeps units of an idle quota that would otherwise be free at once", () => {
    const idle = Quota.idleReset(2, 60_000, { ...exact, name: "idle" })
    const queue = new Queue()
    const head = queue.ask([Claim.need(idle, { cost: 2 }), hour])
    queue.admission.reserve(head, 1, 100)
    assert.isFalse(queue.isAdmitted(queue.ask([idle]), 0))
  })
})

describe("Admission.estimate", () => {
  it("tells when a permit may go behind so many units", () => {
    const queue = new Queue()
    for (const at of [0, 10, 20]) {
      const permit = queue.ask([minute])
      queue.isAdmitted(permit, at)
      queue.admission.settle(permit, "answered", at, Signal.none)
    }
    const estimate = (ahead: number) => queue.admission.estimate(queue.ask([minute]), 30, () => ahead)
    assert.deepStrictEqual([0, 1, 2, 3, 5, 6].map(estimate), [60_000, 60_010, 60_020, 120_000, 120_020, 180_000])
  })
})
