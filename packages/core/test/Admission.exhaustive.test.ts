import { assert, describe, it } from "@effect/vitest"
import { Admission, type Permit } from "@sluice/core/Admission"
import * as Claim from "@sluice/core/Claim"
import * as Quota from "@sluice/core/Quota"
import * as Signal from "@sluice/core/Signal"
import * as Counter from "@sluice/simulator/Counter"
import { afterAll } from "vitest"

/** One request of a schedule: how long the client dawdles before it asks, and when it is counted and answered. */
interface Step {
  readonly dawdle: number
  readonly before: number
  readonly after: number
}

interface Model {
  readonly quota: Quota.Quota
  /** What the server enforces, where that is another promise. */
  readonly served?: Quota.Quota
  readonly counters: ReadonlyArray<Counter.Options>
  /** Every request of a schedule is one of these steps, independently of the others. */
  readonly steps: ReadonlyArray<Step>
  /** What each request costs; as many requests as costs. */
  readonly costs: ReadonlyArray<number>
}

/** Every split of every round trip up to `longest`, after each of the delays. */
const steps = (longest: number, dawdles: ReadonlyArray<number> = [0]): ReadonlyArray<Step> =>
  dawdles.flatMap((dawdle) =>
    Array.from({ length: longest + 1 }, (_, before) =>
      Array.from({ length: longest + 1 - before }, (_, after) => ({ dawdle, before, after }))
    ).flat()
  )

const phases = (window: number): ReadonlyArray<Counter.Options> =>
  Array.from({ length: window }, (_, phaseMillis) => ({ phaseMillis }))

const exact = { rateMargin: 0, slack: 0 } as const

/** Whether the server refuses anything when the client asks as early as the schedule and the rule let it. */
const isRefused = ({ quota, served, costs }: Model, counting: Counter.Options, plan: ReadonlyArray<Step>) => {
  const admission = new Admission()
  const counter = Counter.make(served ?? quota, counting)
  const flying: Array<{ permit: Permit; countAt: number; endAt: number; isCounted: boolean }> = []
  let next = 0
  let askAt = plan[0]?.dawdle ?? 0
  let permit: Permit | undefined
  for (let now = 0; now < 200; now++) {
    for (let isMoving = true; isMoving;) {
      isMoving = false
      for (const request of flying) {
        const cost = request.permit.claim.needs[0]?.cost ?? 0
        if (!request.isCounted && request.countAt <= now) {
          if (!counter.read(now, cost).fits) return true
          counter.count(now, cost)
          request.isCounted = isMoving = true
        }
        if (request.isCounted && request.endAt <= now && request.permit.state === "held") {
          admission.settle(request.permit, "answered", now, Signal.none)
          isMoving = true
        }
      }
      const step = plan[next]
      if (!step || askAt > now) continue
      permit ??= admission.permit(Claim.make({ needs: [Claim.need(quota, { cost: costs[next] ?? 1 })] }))
      if (admission.admit(permit, now)._tag !== "Admitted") continue
      flying.push({ permit, countAt: now + step.before, endAt: now + step.before + step.after, isCounted: false })
      permit = undefined
      next++
      askAt = now + (plan[next]?.dawdle ?? 0)
      isMoving = true
    }
    if (next === plan.length && flying.every((request) => request.isCounted)) return false
  }
  throw new Error(`the schedule does not end: ${JSON.stringify({ quota: quota.name, counting, costs, plan })}`)
}

let total = 0
const printed: Array<string> = []
afterAll(() => console.log(`schedules enumerated: ${total}\n${printed.join("\n")}`))

/** The first schedule that is refused, of all; the answer to the last request matters to none. */
const refusedSchedule = (model: Model) => {
  const last = model.steps.filter((step) => step.after === 0)
  const choices = model.costs.map((_, i) => (i === model.costs.length - 1 ? last : model.steps))
  const count = choices.reduce((product, options) => product * options.length, 1)
  for (const counting of model.counters) {
    for (let index = 0; index < count; index++) {
      let rest = index
      const plan = choices.map((options) => {
        const step = options[rest % options.length]
        rest = Math.floor(rest / options.length)
        return step ?? { dawdle: 0, before: 0, after: 0 }
      })
      total++
      if (isRefused(model, counting, plan)) return { counting, plan }
    }
  }
  return undefined
}

/** Millions of steps take their time where other work goes on. */
const patience = { timeout: 180_000 }

const neverRefused = (name: string, models: ReadonlyArray<Model>) =>
  it(`is never refused by ${name}`, patience, () => {
    const before = total
    for (const model of models) {
      const found = refusedSchedule(model)
      assert.isUndefined(found, `${model.quota.kind} ${model.quota.name}: ${JSON.stringify(found)}`)
    }
    printed.push(`  ${name}: ${total - before}`)
  })

const isCaught = (name: string, model: Model) =>
  it(`finds a refusal ${name}`, () => {
    assert.isDefined(refusedSchedule(model))
  })

/** Five requests of greedy and of dawdling clients under every limit up to three, longer trips of fewer, and unequal costs. */
const models = (
  make: (limit: number, window: number) => Quota.Quota,
  counters: (window: number) => ReadonlyArray<Counter.Options>
): ReadonlyArray<Model> => [
  ...[1, 2, 3].flatMap((limit) =>
    [2, 3].flatMap((window) => {
      const model = { quota: make(limit, window), counters: counters(window), costs: [1, 1, 1, 1, 1] }
      return [
        { ...model, steps: steps(2) },
        { ...model, steps: steps(1, [0, 1]) }
      ]
    })
  ),
  { quota: make(1, 4), counters: counters(4), steps: steps(2), costs: [1, 1, 1, 1] },
  { quota: make(2, 3), counters: counters(3), steps: steps(4), costs: [1, 1, 1, 1] },
  { quota: make(2, 4), counters: counters(4), steps: steps(1), costs: [1, 1, 1, 1, 1] },
  { quota: make(2, 2), counters: counters(2), steps: steps(3, [0, 1, 2]), costs: [1, 1, 1] },
  { quota: make(2, 3), counters: counters(3), steps: steps(1, [0, 1, 3]), costs: [1, 1, 1, 1] },
  { quota: make(3, 3), counters: counters(3), steps: steps(1), costs: [1, 2, 1, 1, 2] },
  { quota: make(3, 4), counters: counters(4), steps: steps(2, [0, 1]), costs: [3, 1, 2] }
]

const single = () => [{}]
const fixedCounters = (window: number) => [...phases(window), { start: "firstRequest" as const }]

describe("Admission", () => {
  neverRefused(
    "a half-open rolling log",
    models((limit, window) => Quota.rolling(limit, window, exact), single)
  )
  neverRefused(
    "a closed rolling log",
    models(
      (limit, window) => Quota.rolling(limit, window, { ...exact, slack: 1 }),
      () => [{ closed: true }]
    )
  )
  neverRefused(
    "fixed windows",
    models((limit, window) => Quota.fixed(limit, window, exact), fixedCounters)
  )
  neverRefused(
    "sliding counters",
    models((limit, window) => Quota.slidingCounter(limit, window, exact), fixedCounters)
  )
  neverRefused(
    "token buckets",
    [1, 2, 3].flatMap((refill) =>
      models((limit, window) => Quota.tokenBucket({ capacity: limit, refill, every: window }, exact), single)
    )
  )
  neverRefused(
    "token buckets that refill in steps",
    models(
      (limit, window) => Quota.tokenBucket({ capacity: 3, refill: 2, every: 2 * window, step: limit }, exact),
      phases
    ).filter(({ costs, quota }) => Math.max(...costs) <= quota.limit - quota.step + 1)
  )
  neverRefused(
    "an expiry that requests push out",
    models((limit, window) => Quota.idleReset(limit, window, exact), single)
  )
  neverRefused(
    "a rule that is not told",
    (["rolling", "fixed", "slidingCounter"] as const).flatMap((algorithm) =>
      models(
        (limit, window) => Quota.unknown(limit, window, exact),
        (window) => fixedCounters(window).map((options) => ({ ...options, algorithm }))
      ).filter(({ costs, quota }) => costs.length < 5 || (quota.limit === 2 && quota.windowMillis === 2))
    )
  )

  isCaught("of a closed log by a rule without slack", {
    quota: Quota.rolling(1, 3, exact),
    counters: [{ closed: true }],
    steps: steps(1),
    costs: [1, 1]
  })
  isCaught("of a sliding counter by a rolling rule", {
    quota: Quota.rolling(2, 3, exact),
    served: Quota.slidingCounter(2, 3),
    counters: phases(3),
    steps: steps(1),
    costs: [1, 1, 1, 1]
  })
  isCaught("of a bucket that refills in steps by a rule that refills evenly", {
    quota: Quota.tokenBucket({ capacity: 2, refill: 2, every: 4 }, exact),
    served: Quota.tokenBucket({ capacity: 2, refill: 2, every: 4, step: 2 }),
    counters: phases(4),
    steps: steps(0),
    costs: [1, 1, 1]
  })
  isCaught("of an expiry that requests push out by a rolling rule", {
    quota: Quota.rolling(2, 3, exact),
    served: Quota.idleReset(2, 3),
    counters: single(),
    steps: steps(2, [0, 1]),
    costs: [1, 1, 1, 1]
  })
})
