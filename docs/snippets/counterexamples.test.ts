import { Admission, Claim, type Quota, Signal } from "@sluice/core"
import { Counter } from "@sluice/simulator"
import { assert, describe, expect, it } from "vitest"
import { type Counterexample, counterexamples, type Request } from "./counterexamples.ts"

/** Long after the headers: when a body that is read late has ended. */
const bodyMillis = 4

/** How long a request that was given up may live at the server. */
const abandonMillis = 60

/** Whether the server refuses the last request, and none before it. */
const refusesTheLast = ({ counting, quota, requests }: Counterexample): boolean => {
  const counter = Counter.make(quota, counting)
  const inOrder = requests.toSorted(([, a], [, b]) => a - b)
  return inOrder.every((request) => {
    const [, countedAt, answeredAt = countedAt, end] = request
    const { fits } = counter.read(countedAt)
    counter.count(countedAt, 1, answeredAt + (end === "read late" ? bodyMillis : 0))
    return fits === (request !== requests.at(-1))
  })
}

/** The first request that our rule holds back, and when it lets it go. */
const heldBack = (quota: Quota.Quota, requests: ReadonlyArray<Request>) => {
  const admission = new Admission.Admission({ abandonMillis })
  const sent: Array<{ permit: Admission.Permit; request: Request }> = []
  const end = (now: number) => {
    for (const { permit, request } of sent) {
      const [, , answeredAt = Infinity, end] = request
      if (answeredAt > now) continue
      const outcome = end === "given up" ? "abandoned" : "answered"
      admission.settle(permit, outcome, answeredAt, Signal.none)
      const readAt = answeredAt + (end === "read late" ? bodyMillis : 0)
      if (readAt <= now) admission.release(permit, readAt, "read")
    }
  }
  for (const request of requests) {
    const [sentAt] = request
    const permit = admission.permit(Claim.of(quota))
    for (let now = sentAt; now < 1000; now++) {
      end(now)
      if (admission.admit(permit, now)._tag !== "Admitted") continue
      if (now > sentAt) return { sentAt, goesAt: now }
      sent.push({ permit, request })
      break
    }
  }
  return undefined
}

const line = ([sentAt, countedAt, answeredAt, end]: Request, ending: string) =>
  `  sent ${sentAt}, counted ${countedAt}` +
  (answeredAt === undefined
    ? ending
    : end === "given up"
      ? `, given up ${answeredAt}`
      : `, answered ${answeredAt}${end ? `, body ends ${answeredAt + bodyMillis}` : ""}`)

const printed = (example: Counterexample): string => {
  const held = heldBack(example.ours ?? example.quota, example.requests)
  return [
    `"${example.looksRight}"`,
    example.server,
    ...example.requests.map((request) => line(request, ": refused")),
    `  here: the request of ${held?.sentAt} goes at ${held?.goesAt}`
  ].join("\n")
}

describe("counterexamples", () => {
  it.each(counterexamples)("$server: refuses what the rule allows, and we hold back", (example) => {
    assert.isTrue(refusesTheLast(example))
    assert.isDefined(heldBack(example.ours ?? example.quota, example.requests))
  })

  it("are printed in docs/receipt-rule.md", async () => {
    await expect(`${counterexamples.map(printed).join("\n\n")}\n`).toMatchFileSnapshot("out/counterexamples.txt")
  })
})
