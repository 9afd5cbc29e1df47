/** Drives `Admission` against the simulator's counters on one heap of events: no fibers, no HTTP, true time in milliseconds. */
import { Admission, type Permit } from "@sluice/core/Admission"
import * as Claim from "@sluice/core/Claim"
import type * as Quota from "@sluice/core/Quota"
import * as Signal from "@sluice/core/Signal"
import type * as Counter from "@sluice/simulator/Counter"
import { Events } from "@sluice/simulator/Events"
import * as Latency from "@sluice/simulator/Latency"
import type * as Metering from "@sluice/simulator/Metering"
import * as Seeded from "@sluice/simulator/Seeded"
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
  /** How long the server works on a request that it has counted; it tells so in each answer. */
  readonly works?: Latency.Input
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
  /** The most units that were taken for foreign ones. */
  readonly foreign: number
}

/** How long a request may live at the server after the client lost sight of it. */
export const abandonMillis = 1500

/** Runs until so many requests were admitted; throws if the client is told to ask again in the past. */
export const run = (world: World): Result => new Run(world).toEnd()

/** A request under way: admitted at `sentAt`, at the server at `arrivesAt`, answered at `endAt` if nothing befalls it. */
interface Sent {
  readonly cost: number
  readonly permit: Permit
  readonly sentAt: number
  readonly arrivesAt: number
  readonly worksMillis: number
  readonly endAt: number
}

class Run {
  private readonly world: World
  private readonly faults: Faults
  private readonly seeded: Seeded.Seeded
  private readonly before: () => number
  private readonly after: () => number
  private readonly works: () => number
  private readonly origin: Origin
  private readonly writer: Headers.Writer | undefined
  private readonly names: ReadonlyArray<string>
  private readonly admission = new Admission({ abandonMillis })
  /** What is asked for: without end, and in bursts of one to three units. */
  private readonly claims: ReadonlyArray<Claim.Claim>
  private readonly backlog = [0, 0, 0, 0]
  private readonly events = new Events<(at: number) => void>()
  private wakeAt = Infinity
  private inFlight = 0
  private noticedAt = -Infinity
  private readonly seen = {
    requests: 0,
    refusals: 0,
    notices: 0,
    lateNotices: 0,
    mostInFlight: 0,
    units: 0,
    foreign: 0
  }
  private heldMillis = 0

  constructor(world: World) {
    const { faults = {}, quotas, seed, tells } = world
    this.world = world
    this.faults = faults
    this.seeded = Seeded.make(seed, "world")
    this.before = this.sampler(world.before, "before")
    this.after = this.sampler(world.after, "after")
    this.works = this.sampler(world.works, "works")
    this.origin = new Origin({
      quotas: world.served ?? quotas,
      counting: world.counting ?? {},
      seed,
      skewMillis: world.skewMillis ?? 0,
      drift: world.drift ?? 0,
      faults
    })
    this.writer = tells && new Headers.Writer(tells, faults.headers ?? {}, Seeded.make(seed, "headers"))
    this.names = quotas.map((quota) => quota.name)
    this.claims = [1, 1, 2, 3].map((cost) => Claim.make({ needs: quotas.map((quota) => Claim.need(quota, { cost })) }))
  }

  toEnd(): Result {
    const { events, seeded, seen, world } = this
    if (world.bursts) events.push(seeded.nextFraction() * world.bursts.everyMillis, (at) => this.burst(at))
    const { others } = this.faults
    if (others) events.push(others.from, (at) => this.spendAsStranger(at))
    this.wake(0)
    while (seen.requests < world.requests && this.step()) continue
    const elapsedMillis = events.now
    const unitsInTime = seen.units
    for (const deadline = events.now + 10 * abandonMillis; events.now < deadline && this.step();) continue
    return { ...seen, units: unitsInTime, elapsedMillis, heldMillis: this.heldMillis / seen.units }
  }

  /** Lets the next thing happen; gives whether there was one. */
  private step(): boolean {
    const happen = this.events.pop()
    happen?.(this.events.now)
    return happen !== undefined
  }

  // --- Asking -----------------------------------------------------------------------------------

  private wake(at: number): void {
    if (at >= this.wakeAt && this.wakeAt > this.events.now) return
    this.wakeAt = at
    if (at === Infinity) return
    this.events.push(at, () => {
      if (this.wakeAt !== at) return
      this.wakeAt = Infinity
      this.ask(at)
    })
  }

  private ask(now: number): void {
    let next = Infinity
    for (let kind = this.backlog.length - 1; kind >= 0; kind--) next = Math.min(next, this.askFor(kind, now))
    if (next < this.wakeAt) this.wake(next)
  }

  /** Asks for all claims of a kind that are wanted; gives when to ask again. */
  private askFor(kind: number, now: number): number {
    const { admission, backlog, seen, world } = this
    const claim = this.claims[kind]
    const isEndless = kind === 0 && world.isSaturated !== false
    const isWanted = () => (isEndless || (backlog[kind] ?? 0) > 0) && seen.requests < world.requests
    if (!claim) return Infinity
    while (isWanted()) {
      const permit = admission.permit(claim)
      const decision = admission.admit(permit, now)
      if (decision._tag === "Admitted") {
        backlog[kind] = (backlog[kind] ?? 0) - 1
        this.send(Math.max(1, kind), permit, now)
        continue
      }
      admission.discard(permit)
      if (decision._tag === "Never") {
        // A limit that was told to be lower than the claim: whoever asks is told so at once.
        backlog[kind] = 0
        break
      }
      const at = decision._tag === "Shut" ? now + 1000 : decision.at
      if (!(at > now)) throw new Error(`seed ${world.seed}: told at ${now} to ask again at ${at}`)
      return at
    }
    return Infinity
  }

  private burst(at: number): void {
    const { backlog, seeded } = this
    const { bursts } = this.world
    if (!bursts) return
    const cost = 1 + (seeded.nextInt() % 3)
    backlog[cost] = (backlog[cost] ?? 0) + 1 + (seeded.nextInt() % bursts.size)
    this.wake(Math.ceil(at))
    this.events.push(at - bursts.everyMillis * Math.log(seeded.nextFraction()), (at) => this.burst(at))
  }

  // --- Under way --------------------------------------------------------------------------------

  private send(cost: number, permit: Permit, sentAt: number): void {
    const { events, faults, seeded, seen } = this
    const { aborted = 0, lostRequests = 0, lostResponses = 0, timeoutMillis = Infinity, unsent = 0 } = faults
    seen.requests++
    if (this.chance(unsent)) return void this.admission.settle(permit, "unsent", sentAt, Signal.none)
    seen.units += cost
    seen.mostInFlight = Math.max(seen.mostInFlight, ++this.inFlight)
    const arrivesAt = sentAt + this.before()
    const worksMillis = this.works()
    const endAt = arrivesAt + worksMillis + this.after()
    const sent: Sent = { cost, permit, sentAt, arrivesAt, worksMillis, endAt }
    const timeoutAt = sentAt + timeoutMillis
    if (this.chance(lostRequests)) return void this.loseSight(sent, Math.min(endAt, timeoutAt))
    if (this.chance(aborted)) {
      const gaveUpAt = this.loseSight(sent, sentAt + seeded.nextFraction() * (endAt - sentAt))
      const countAt = Math.max(arrivesAt, gaveUpAt + seeded.nextFraction() * abandonMillis)
      return events.push(Math.min(countAt, gaveUpAt + abandonMillis), (at) => {
        this.count(cost, at, gaveUpAt + abandonMillis)
      })
    }
    const isLost = this.chance(lostResponses) || endAt > timeoutAt
    const gaveUpAt = isLost ? this.loseSight(sent, Math.min(endAt, timeoutAt)) : Infinity
    if (!isLost) this.heldMillis += (Math.ceil(endAt) - sentAt - worksMillis) * cost
    let outcome: Metering.Outcome | undefined
    const isError = this.origin.errs(arrivesAt)
    if (!isError || faults.errors?.isCounted) {
      const busyUntil = isLost ? gaveUpAt + abandonMillis : endAt
      events.push(Math.min(arrivesAt, gaveUpAt + abandonMillis), (at) => {
        outcome = this.count(cost, at, Math.max(at, busyUntil))
      })
    }
    if (!isLost) events.push(endAt, (at) => this.answer(sent, at, outcome, isError))
  }

  private answer(
    { arrivesAt, endAt, permit, sentAt, worksMillis }: Sent,
    at: number,
    outcome: Metering.Outcome | undefined,
    isError: boolean
  ): void {
    const { admission, origin, seen, writer } = this
    const answeredAt = Math.ceil(at)
    const datedAt = arrivesAt + this.seeded.nextFraction() * (endAt - arrivesAt)
    const told =
      writer && outcome && !isError
        ? writer.signal(outcome, origin.clock(datedAt), origin.clock(at), this.names)
        : Signal.none
    const servedMillis = Math.floor(origin.clock(arrivesAt + worksMillis) - origin.clock(arrivesAt))
    const signal = this.world.works === undefined ? told : { ...told, servedMillis }
    const isRefused = outcome !== undefined && outcome.refused.length > 0
    this.inFlight--
    if (isRefused && sentAt > this.noticedAt) {
      this.noticedAt = answeredAt
      seen.notices++
      if (at >= (this.world.calmFrom ?? Infinity)) seen.lateNotices++
    }
    admission.settle(permit, isRefused ? "refused" : "answered", answeredAt, signal, origin.clock(at))
    admission.release(permit, answeredAt, "read")
    for (const book of permit.books) seen.foreign = Math.max(seen.foreign, book.foreign)
    this.wake(answeredAt)
  }

  private loseSight({ cost, permit, sentAt }: Sent, at: number): number {
    const gaveUpAt = Math.ceil(at)
    this.heldMillis += (gaveUpAt + abandonMillis - sentAt) * cost
    this.events.push(gaveUpAt, () => {
      this.inFlight--
      this.admission.settle(permit, "abandoned", gaveUpAt, Signal.none)
      // What waits for an answer must hear that none will come.
      this.wake(gaveUpAt)
    })
    return gaveUpAt
  }

  // --- At the server ----------------------------------------------------------------------------

  private count(cost: number, at: number, busyUntil: number): Metering.Outcome {
    const { lagMillis = 0 } = this.faults
    const outcome = lagMillis > 0 ? this.origin.judge(cost, at) : this.origin.count(cost, at, busyUntil)
    if (lagMillis > 0 && outcome.refused.length === 0) {
      this.events.push(at + this.seeded.nextFraction() * lagMillis, (later) => this.origin.add(cost, later))
    }
    if (outcome.refused.length > 0) this.seen.refusals++
    return outcome
  }

  private spendAsStranger(at: number): void {
    const { others } = this.faults
    if (!others || at >= others.until) return
    this.origin.count(1, at, at + this.after())
    const nextAt = at - (1000 * Math.log(this.seeded.nextFraction())) / others.perSecond
    this.events.push(nextAt, (at) => this.spendAsStranger(at))
  }

  // --- Chance -----------------------------------------------------------------------------------

  private chance(share: number): boolean {
    return share > 0 && this.seeded.nextFraction() < share
  }

  private sampler(input: Latency.Input | undefined, label: string): () => number {
    const latency = Latency.fromInput(input ?? 0)
    const draw = Latency.sampler(latency, Seeded.make(this.world.seed, label))
    return latency.kind === "constant" ? draw : () => Math.max(0, draw() - this.seeded.nextFraction())
  }
}
