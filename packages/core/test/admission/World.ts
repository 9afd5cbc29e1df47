/** Drives `Admission` against the simulator's counters on one heap of events: no fibers, no HTTP, true time in milliseconds. */
import { Admission, type Permit } from "@sluice/core/Admission"
import * as Claim from "@sluice/core/Claim"
import type * as Quota from "@sluice/core/Quota"
import * as Signal from "@sluice/core/Signal"
import type * as Counter from "@sluice/simulator/Counter"
import * as Latency from "@sluice/simulator/Latency"
import * as Metering from "@sluice/simulator/Metering"
import * as Scenario from "@sluice/simulator/Scenario"
import * as Seeded from "@sluice/simulator/Seeded"

export interface World {
  /** What the client believes. */
  readonly quotas: ReadonlyArray<Quota.Quota>
  /** What the server enforces, where that is more than the client was told. */
  readonly served?: ReadonlyArray<Quota.Quota>
  readonly counting?: Counter.Options
  readonly before?: Latency.Input
  readonly after?: Latency.Input
  readonly requests: number
  readonly seed: number
  /** Server clock minus the client's at the start, and how much faster it runs. */
  readonly skewMillis?: number
  readonly drift?: number
  /** Share of requests that are never answered, given up unsent, or cut off in their body. */
  readonly lost?: number
  readonly unsent?: number
  /** Bursts of requests of one to three units, besides the client that always asks. */
  readonly bursts?: { readonly everyMillis: number; readonly size: number }
  /** Where only bursts come. */
  readonly isSaturated?: boolean
  /** How resets are told, besides `Date`, the limit and what remains; by default nothing is told. */
  readonly tells?: "floor" | "round" | "ceil" | "after" | "remaining"
}

export interface Result {
  readonly requests: number
  readonly refusals: number
  readonly units: number
  readonly elapsedMillis: number
  /** Mean time from admission to the start of cooling, over units. */
  readonly heldMillis: number
  readonly foreign: number
}

const abandonMillis = 1500

export const run = (world: World): Result => {
  const { quotas, seed, skewMillis = 0, drift = 0, lost = 0, unsent = 0 } = world
  const seeded = Seeded.make(seed, "world")
  const chance = (share: number) => share > 0 && seeded.nextFraction() < share
  const sampler = (input: Latency.Input | undefined, label: string) => {
    const latency = Latency.fromInput(input ?? 0)
    const draw = Latency.sampler(latency, Seeded.make(seed, label))
    return latency.kind === "constant" ? draw : () => Math.max(0, draw() - seeded.nextFraction())
  }
  const before = sampler(world.before, "before")
  const after = sampler(world.after, "after")
  const served = world.served ?? quotas
  const scenario = Scenario.make({ seed, counting: world.counting ?? {} })
  const server = Metering.make(Object.fromEntries(served.map((quota) => [quota.name, quota])), scenario, skewMillis)
  const metersOf = [0, 1, 2, 3].map((cost) => served.map((quota) => ({ quota, key: "", cost })))
  const admission = new Admission({ abandonMillis })
  const claims = [1, 1, 2, 3].map((cost) => Claim.make({ needs: quotas.map((quota) => Claim.need(quota, { cost })) }))
  const serverTime = (at: number) => at * (1 + drift) + skewMillis

  const events = new Events()
  const backlog = [0, 0, 0, 0]
  let admitted = 0
  let refusals = 0
  let units = 0
  let heldMillis = 0
  let foreign = 0
  let wakeAt = Infinity

  const send = (cost: number, permit: Permit, sentAt: number) => {
    admitted++
    if (chance(unsent)) return void admission.settle(permit, "unsent", sentAt, Signal.none)
    units += cost
    const isLost = chance(lost)
    const countAt = sentAt + before()
    const endAt = countAt + after()
    let signal = Signal.none
    let outcome: "answered" | "refused" = "answered"
    const isCounted = !chance(isLost ? 0.2 : 0)
    const lateBy = isLost ? seeded.nextFraction() * abandonMillis : 0
    const count = (at: number, busyUntil: number) => {
      const { readings, refused } = server.count(metersOf[cost] ?? [], serverTime(at), serverTime(busyUntil))
      if (refused.length > 0) {
        refusals++
        outcome = "refused"
      }
      const dateMillis = Math.floor(serverTime(at + seeded.nextFraction() * (endAt - at)) / 1000) * 1000
      if (world.tells) signal = signalOf(world.tells, readings, dateMillis, serverTime(endAt))
    }
    if (isLost) {
      // Given up after its time or before; what was sent is counted up to `abandonMillis` later.
      const gaveUpAt = Math.ceil(countAt)
      heldMillis += (gaveUpAt + abandonMillis - sentAt) * cost
      events.push(gaveUpAt, () => admission.settle(permit, "abandoned", gaveUpAt, Signal.none))
      if (isCounted) events.push(gaveUpAt + lateBy, (at) => count(at, gaveUpAt + abandonMillis))
      return
    }
    heldMillis += (Math.ceil(endAt) - sentAt) * cost
    events.push(countAt, (at) => count(at, endAt))
    events.push(endAt, (at) => {
      const answeredAt = Math.ceil(at)
      admission.settle(permit, outcome, answeredAt, signal)
      admission.release(permit, answeredAt, "read")
      for (const book of permit.books) foreign = Math.max(foreign, book.foreign)
      wake(answeredAt)
    })
  }

  const ask = (now: number) => {
    let next = Infinity
    for (let cost = backlog.length - 1; cost >= 0; cost--) {
      const claim = claims[cost]
      const isEndless = cost === 0 && world.isSaturated !== false
      const isWanted = () => (isEndless || (backlog[cost] ?? 0) > 0) && admitted < world.requests
      if (!claim) continue
      while (isWanted()) {
        const permit = admission.permit(claim)
        const decision = admission.admit(permit, now)
        if (decision._tag === "Admitted") {
          backlog[cost] = (backlog[cost] ?? 0) - 1
          send(Math.max(1, cost), permit, now)
          continue
        }
        admission.discard(permit)
        if (decision._tag !== "Wait") throw new Error(`seed ${seed}: ${JSON.stringify(decision)} is no answer here`)
        if (!(decision.at > now)) throw new Error(`seed ${seed}: told at ${now} to ask again at ${decision.at}`)
        next = Math.min(next, decision.at)
        break
      }
    }
    if (next < wakeAt) wake(next)
  }
  const wake = (at: number) => {
    if (at >= wakeAt && wakeAt > events.now) return
    wakeAt = at
    if (at === Infinity) return
    events.push(at, () => {
      if (wakeAt !== at) return
      wakeAt = Infinity
      ask(at)
    })
  }
  const { bursts } = world
  const burst = (at: number) => {
    if (!bursts) return
    const cost = 1 + (seeded.nextInt() % 3)
    backlog[cost] = (backlog[cost] ?? 0) + 1 + (seeded.nextInt() % bursts.size)
    wake(Math.ceil(at))
    events.push(at - bursts.everyMillis * Math.log(seeded.nextFraction()), burst)
  }
  if (bursts) events.push(seeded.nextFraction() * bursts.everyMillis, burst)
  wake(0)
  while (admitted < world.requests && events.step()) continue
  const elapsedMillis = events.now
  const unitsInTime = units
  for (const deadline = events.now + 10 * abandonMillis; events.now < deadline && events.step();) continue
  return { requests: admitted, refusals, units: unitsInTime, elapsedMillis, heldMillis: heldMillis / units, foreign }
}

const signalOf = (
  tells: NonNullable<World["tells"]>,
  readings: Metering.Outcome["readings"],
  serverDateMillis: number,
  serverNow: number
): Signal.Signal => ({
  serverDateMillis,
  readings: readings.map(({ meter, limit, remaining, resetAtMillis }) => ({
    quota: meter.quota.name,
    limit,
    remaining,
    ...(tells !== "remaining" && {
      reset:
        tells === "after"
          ? {
              kind: "after" as const,
              millis: Math.max(0, Math.floor((resetAtMillis - serverNow) / 1000) * 1000),
              toleranceMillis: 1000
            }
          : { kind: "at" as const, millis: Math[tells](resetAtMillis / 1000) * 1000, toleranceMillis: 1000 }
    })
  }))
})

/** Things to happen by their instants; of equal instants the one that was planned first. */
class Events {
  now = 0
  private readonly heap: Array<{ readonly at: number; readonly order: number; readonly run: (at: number) => void }> = []
  private order = 0

  push(at: number, run: (at: number) => void): void {
    const { heap } = this
    const event = { at: Math.max(at, this.now), order: this.order++, run }
    let i = heap.length
    heap.push(event)
    while (i > 0) {
      const parent = (i - 1) >> 1
      const above = heap[parent]
      if (!above || isBefore(above, event)) break
      heap[i] = above
      i = parent
    }
    heap[i] = event
  }

  step(): boolean {
    const { heap } = this
    const first = heap[0]
    const last = heap.pop()
    if (!first || !last) return false
    this.now = first.at
    if (heap.length > 0) {
      let i = 0
      for (;;) {
        const left = heap[2 * i + 1]
        const right = heap[2 * i + 2]
        const isRight = right !== undefined && left !== undefined && isBefore(right, left)
        const child = isRight ? right : left
        if (!child || isBefore(last, child)) break
        heap[i] = child
        i = 2 * i + (isRight ? 2 : 1)
      }
      heap[i] = last
    }
    first.run(first.at)
    return true
  }
}

const isBefore = (
  a: { readonly at: number; readonly order: number },
  b: { readonly at: number; readonly order: number }
) => a.at < b.at || (a.at === b.at && a.order < b.order)
