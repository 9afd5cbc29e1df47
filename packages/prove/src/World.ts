/** Drives `Admission` against the simulator's counters on one heap of events: no fibers, no HTTP, true time in milliseconds. */
import { Admission, type Permit } from "@sluice/core/Admission"
import * as Claim from "@sluice/core/Claim"
import type * as Quota from "@sluice/core/Quota"
import * as Signal from "@sluice/core/Signal"
import type * as Counter from "@sluice/simulator/Counter"
import * as Latency from "@sluice/simulator/Latency"
import type * as Metering from "@sluice/simulator/Metering"
import * as Seeded from "@sluice/simulator/Seeded"
import { Events } from "./Events.ts"
import type { Faults, Tells } from "./Faults.ts"
import * as Headers from "./Headers.ts"
import { Origin } from "./Origin.ts"

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
  /** Bursts of requests of one to three units, besides the client that always asks. */
  readonly bursts?: { readonly everyMillis: number; readonly size: number }
  /** Where only bursts come. */
  readonly isSaturated?: boolean
  /** What responses tell of the counters; by default nothing. */
  readonly tells?: Tells
  readonly faults?: Faults
  /** Notices from this instant on are told apart. */
  readonly calmFrom?: number
}

export interface Result {
  readonly requests: number
  readonly refusals: number
  /** Refusals that told something new: of what was sent after the last one was known. */
  readonly notices: number
  /** Those of them after `calmFrom`. */
  readonly lateNotices: number
  /** The most requests that were under way at once. */
  readonly mostInFlight: number
  readonly units: number
  readonly elapsedMillis: number
  /** Mean time from admission to the start of cooling, over units. */
  readonly heldMillis: number
  /** The most units that were taken for others'. */
  readonly foreign: number
}

/** How long a request may live at the server after the client lost sight of it. */
export const abandonMillis = 1500

/** Runs until so many requests were admitted; throws if the client is told to ask again in the past. */
export const run = (world: World): Result => {
  const { quotas, seed, faults = {} } = world
  const {
    lostRequests = 0,
    lostResponses = 0,
    aborted = 0,
    unsent = 0,
    timeoutMillis = Infinity,
    lagMillis = 0
  } = faults
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
  const origin = new Origin({
    quotas: served,
    counting: world.counting ?? {},
    seed,
    skewMillis: world.skewMillis ?? 0,
    drift: world.drift ?? 0,
    faults
  })
  const names = quotas.map((quota) => quota.name)
  const writer = world.tells && new Headers.Writer(world.tells, faults.headers ?? {}, Seeded.make(seed, "headers"))
  const admission = new Admission({ abandonMillis })
  const claims = [1, 1, 2, 3].map((cost) => Claim.make({ needs: quotas.map((quota) => Claim.need(quota, { cost })) }))

  const events = new Events()
  const backlog = [0, 0, 0, 0]
  let admitted = 0
  let refusals = 0
  let notices = 0
  let lateNotices = 0
  let noticedAt = -Infinity
  let inFlight = 0
  let mostInFlight = 0
  let units = 0
  let heldMillis = 0
  let foreign = 0
  let wakeAt = Infinity

  const count = (cost: number, at: number, busyUntil: number): Metering.Outcome => {
    const outcome = lagMillis > 0 ? origin.judge(cost, at) : origin.count(cost, at, busyUntil)
    if (lagMillis > 0 && outcome.refused.length === 0) {
      events.push(at + seeded.nextFraction() * lagMillis, (later) => origin.add(cost, later))
    }
    if (outcome.refused.length > 0) refusals++
    return outcome
  }

  const loseSight = (cost: number, permit: Permit, sentAt: number, at: number) => {
    const gaveUpAt = Math.ceil(at)
    heldMillis += (gaveUpAt + abandonMillis - sentAt) * cost
    events.push(gaveUpAt, () => {
      inFlight--
      admission.settle(permit, "abandoned", gaveUpAt, Signal.none)
      // What waits for an answer must hear that none will come.
      wake(gaveUpAt)
    })
    return gaveUpAt
  }

  const send = (cost: number, permit: Permit, sentAt: number) => {
    admitted++
    if (chance(unsent)) return void admission.settle(permit, "unsent", sentAt, Signal.none)
    units += cost
    mostInFlight = Math.max(mostInFlight, ++inFlight)
    const arrivesAt = sentAt + before()
    const endAt = arrivesAt + after()
    if (chance(lostRequests)) return void loseSight(cost, permit, sentAt, Math.min(endAt, sentAt + timeoutMillis))
    if (chance(aborted)) {
      const gaveUpAt = loseSight(cost, permit, sentAt, sentAt + seeded.nextFraction() * (endAt - sentAt))
      const countAt = Math.max(arrivesAt, gaveUpAt + seeded.nextFraction() * abandonMillis)
      events.push(Math.min(countAt, gaveUpAt + abandonMillis), (at) => count(cost, at, gaveUpAt + abandonMillis))
      return
    }
    const isLost = chance(lostResponses) || endAt > sentAt + timeoutMillis
    const gaveUpAt = isLost ? loseSight(cost, permit, sentAt, Math.min(endAt, sentAt + timeoutMillis)) : Infinity
    const countAt = Math.min(arrivesAt, gaveUpAt + abandonMillis)
    if (!isLost) heldMillis += (Math.ceil(endAt) - sentAt) * cost
    let outcome: Metering.Outcome | undefined
    const isError = origin.errs(arrivesAt)
    if (!isError || faults.errors?.isCounted) {
      const busyUntil = isLost ? gaveUpAt + abandonMillis : endAt
      events.push(countAt, (at) => {
        outcome = count(cost, at, Math.max(at, busyUntil))
      })
    }
    if (isLost) return
    events.push(endAt, (at) => {
      const answeredAt = Math.ceil(at)
      const datedAt = arrivesAt + seeded.nextFraction() * (endAt - arrivesAt)
      const signal =
        writer && outcome && !isError
          ? writer.signal(outcome, origin.clock(datedAt), origin.clock(at), names)
          : Signal.none
      const isRefused = outcome !== undefined && outcome.refused.length > 0
      inFlight--
      if (isRefused && sentAt > noticedAt) {
        noticedAt = answeredAt
        notices++
        if (at >= (world.calmFrom ?? Infinity)) lateNotices++
      }
      admission.settle(permit, isRefused ? "refused" : "answered", answeredAt, signal, origin.clock(at))
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
        if (decision._tag === "Never") {
          // A limit that was told to be lower than the claim: whoever asks is told so at once.
          backlog[cost] = 0
          break
        }
        const at = decision._tag === "Shut" ? now + 1000 : decision.at
        if (!(at > now)) throw new Error(`seed ${seed}: told at ${now} to ask again at ${at}`)
        next = Math.min(next, at)
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
  const { others } = faults
  const strange = (at: number) => {
    if (!others || at >= others.until) return
    origin.count(1, at, at + after())
    events.push(at - (1000 * Math.log(seeded.nextFraction())) / others.perSecond, strange)
  }
  if (others) events.push(others.from, strange)
  wake(0)
  while (admitted < world.requests && events.step()) continue
  const elapsedMillis = events.now
  const unitsInTime = units
  for (const deadline = events.now + 10 * abandonMillis; events.now < deadline && events.step();) continue
  return {
    requests: admitted,
    refusals,
    notices,
    lateNotices,
    mostInFlight,
    units: unitsInTime,
    elapsedMillis,
    heldMillis: heldMillis / units,
    foreign
  }
}
