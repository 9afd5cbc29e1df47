import { assert, describe, it } from "@effect/vitest"
import { Admission, type Permit } from "@sluice/core/Admission"
import * as Claim from "@sluice/core/Claim"
import * as Quota from "@sluice/core/Quota"
import * as Signal from "@sluice/core/Signal"
import * as Seeded from "@sluice/simulator/Seeded"

interface Answer {
  readonly at: number
  readonly units: number
}

/** Whether the weighted count stays within the limit at every millisecond at which the server's window may begin. */
const fits = (limit: number, window: number, answers: ReadonlyArray<Answer>, present: number, now: number): boolean => {
  for (let elapsed = 0; elapsed < window; elapsed++) {
    let weight = window * present
    for (const { at, units } of answers) {
      const age = now - at
      if (age <= elapsed) weight += window * units
      else if (age <= elapsed + window) weight += (window - elapsed) * units
    }
    if (weight > limit * window) return false
  }
  return true
}

describe("Admission of a sliding counter", () => {
  it("tells the earliest instant that the rule allows at any phase", () => {
    let told = 0
    for (let seed = 1; seed <= 40; seed++) {
      const random = Seeded.make(seed, "sliding")
      const below = (bound: number) => random.nextInt() % bound
      const [limit, window] = [1 + below(6), 2 + below(40)]
      const slack = below(3)
      const quota = Quota.slidingCounter(limit, window, { rateMargin: 0, slack })
      const admission = new Admission()
      const answers: Array<Answer> = []
      const flying: Array<Permit> = []
      let now = 0
      for (let round = 0; round < 60; round++) {
        now += below(window)
        const cost = 1 + below(limit)
        const permit = admission.permit(Claim.make({ needs: [Claim.need(quota, { cost })] }))
        const inFlight = flying.reduce((sum, other) => sum + (other.claim.needs[0]?.cost ?? 0), 0)
        const decision = admission.admit(permit, now)
        if (decision._tag === "Admitted") {
          assert.isTrue(fits(limit, window, answers, inFlight + cost, now), `seed ${seed}, round ${round}`)
          flying.push(permit)
        } else if (inFlight + cost <= limit && decision._tag === "Wait") {
          told++
          assert.isFalse(fits(limit, window, answers, inFlight + cost, decision.at - 1), `seed ${seed}, round ${round}`)
          assert.isTrue(fits(limit, window, answers, inFlight + cost, decision.at), `seed ${seed}, round ${round}`)
        }
        for (const answered of flying.splice(0, below(flying.length + 1))) {
          admission.settle(answered, "answered", now, Signal.none)
          // Slack makes every answer younger.
          answers.push({ at: now + slack, units: answered.claim.needs[0]?.cost ?? 0 })
        }
      }
    }
    assert.isAbove(told, 300)
  })
})
