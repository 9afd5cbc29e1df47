/**
 * What one decision of `Admission` costs: time, as the median of many rounds, and memory, as what the heap grows by when
 * nothing is collected.
 *
 *     npm run bench:admission
 *     npm run --silent bench:admission -- --json
 */
import { Admission } from "@sluice/core/Admission"
import * as Claim from "@sluice/core/Claim"
import * as Quota from "@sluice/core/Quota"
import * as Signal from "@sluice/core/Signal"
import { cpus } from "node:os"
import * as v8 from "node:v8"
import { runInNewContext } from "node:vm"

v8.setFlagsFromString("--expose-gc")
const collect: () => void = runInNewContext("gc")

const rounds = 21
const decisionsPerRound = 20_000
/** Few enough for the young generation to hold all that they allocate. */
const decisionsPerWeighing = 5000

interface Row {
  readonly name: string
  readonly nanosPerDecision: number
  readonly bytesPerDecision: number
}

/** Traffic in virtual time: one request each 4 ms, answered 40 ms after its admission. */
const steady = (claim: Claim.Claim) => {
  const admission = new Admission()
  const underWay = Array.from({ length: 10 }, () => admission.permit(claim))
  let now = 0
  return (decisions: number) => {
    for (let i = 0; i < decisions; i++) {
      now += 4
      const permit = admission.permit(claim)
      if (admission.admit(permit, now)._tag !== "Admitted") throw new Error("steady traffic has room")
      const slot = i % underWay.length
      const answered = underWay[slot]
      underWay[slot] = permit
      if (!answered) continue
      admission.settle(answered, "answered", now, Signal.none)
      admission.release(answered, now, "read")
    }
  }
}

/** The same permit asks in vain: the quotas are full. */
const refused = (claim: Claim.Claim) => {
  const admission = new Admission()
  for (;;) {
    const permit = admission.permit(claim)
    if (admission.admit(permit, 0)._tag !== "Admitted") break
    admission.settle(permit, "answered", 0, Signal.none)
  }
  const waiting = admission.permit(claim)
  return (decisions: number) => {
    for (let i = 0; i < decisions; i++) {
      if (admission.admit(waiting, i & 255)._tag !== "Wait") throw new Error("full quotas have no room")
    }
  }
}

const median = (numbers: ReadonlyArray<number>): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN

const measure = (name: string, work: (decisions: number) => void): Row => {
  for (let i = 0; i < 8; i++) work(decisionsPerRound)
  const nanos = Array.from({ length: rounds }, () => {
    // The processor's time, not the clock's: other programs on the machine do not count.
    const before = process.cpuUsage()
    work(decisionsPerRound)
    return (process.cpuUsage(before).user * 1000) / decisionsPerRound
  })
  const bytes = Array.from({ length: rounds }, () => {
    collect()
    const before = process.memoryUsage().heapUsed
    work(decisionsPerWeighing)
    return (process.memoryUsage().heapUsed - before) / decisionsPerWeighing
  })
  return { name, nanosPerDecision: Math.round(median(nanos)), bytesPerDecision: Math.max(0, Math.round(median(bytes))) }
}

const second = Quota.rolling(300, "1 second")
const minute = Quota.rolling(18_000, "1 minute")
const hour = Quota.rolling(1_000_000, "1 hour")

const rows = [
  measure("one window, admitted and settled", steady(Claim.of(second))),
  measure("three windows, admitted and settled", steady(Claim.of(second, minute, hour))),
  measure("three windows, full", refused(Claim.of(second, minute, hour))),
  measure(
    "token bucket, admitted and settled",
    steady(Claim.of(Quota.tokenBucket({ capacity: 300, refill: 300, every: "1 second" })))
  ),
  measure("sliding counter of 300, admitted and settled", steady(Claim.of(Quota.slidingCounter(300, "1 second")))),
  measure("sliding counter of 300, full", refused(Claim.of(Quota.slidingCounter(300, "1 second"))))
]

if (process.argv.includes("--json")) {
  console.log(JSON.stringify({ node: process.version, cpu: cpus()[0]?.model, rounds, decisionsPerRound, rows }))
} else {
  console.log(`Node ${process.version}, ${cpus()[0]?.model}; medians of ${rounds} rounds of ${decisionsPerRound}`)
  for (const { name, nanosPerDecision, bytesPerDecision } of rows) {
    console.log(
      `${name.padEnd(46)} ${String(nanosPerDecision).padStart(7)} ns ${String(bytesPerDecision).padStart(5)} B`
    )
  }
}
