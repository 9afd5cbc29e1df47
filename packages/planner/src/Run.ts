/**
 * One run of a job: the limiter's `Admission` and `WaitingRoom` and the simulator's counters on one heap of events, without
 * fibers and without HTTP. Whole milliseconds from the start.
 */
import { Admission, type Permit } from "@sluice/core/Admission"
import * as Signal from "@sluice/core/Signal"
import { type Refusal, type Waiter, WaitingRoom } from "@sluice/core/WaitingRoom"
import { Events } from "@sluice/simulator/Events"
import * as Latency from "@sluice/simulator/Latency"
import * as Seeded from "@sluice/simulator/Seeded"
import { type Counted, countersOf, type Job, type Load } from "./Job.ts"
import type { Origin } from "./Origin.ts"
import { PlanError } from "./PlanError.ts"
import { Recurrence } from "./Recurrence.ts"
import { Timeline } from "./Timeline.ts"

type Store = ConstructorParameters<typeof WaitingRoom>[0]

/** A worker and its present call. */
export class Call implements Waiter {
  permit: Permit
  readonly lineIndex: number
  /** On its way to the server, or back. */
  stage: "out" | "back" = "out"
  endAt = 0
  signal: Signal.Signal = Signal.none
  readonly deadlineAt = Infinity
  since = 0
  lane: Waiter["lane"] = undefined
  flow: Waiter["flow"] = undefined
  before: Waiter["before"] = undefined
  after: Waiter["after"] = undefined

  constructor(permit: Permit, lineIndex: number) {
    this.permit = permit
    this.lineIndex = lineIndex
  }
}

/** The limiter's timer. */
interface Wake {
  readonly wakesAt: number
}

/** A load as it goes. */
export class Line {
  readonly load: Load
  left: number
  underWay = 0
  done = 0
  doneAt = 0
  doneAtDeadline = 0
  /** Milliseconds for which its calls were under way, added up. */
  busyMillis = 0
  readonly waiting = new Set<Call>()
  /** The counter for which the first of those who wait does, and since when. */
  heldBy = -1
  heldSince = 0
  /** Milliseconds by counter. */
  readonly heldMillis: Array<number>

  constructor(load: Load, counters: number) {
    this.load = load
    this.left = load.calls
    this.heldMillis = Array.from({ length: counters }, () => 0)
  }

  get isActive(): boolean {
    return this.left > 0 || this.underWay > 0 || this.waiting.size > 0
  }
}

export class Run {
  readonly job: Job
  readonly counters: ReadonlyArray<Counted>
  readonly lines: ReadonlyArray<Line>
  readonly events = new Events<Call | Wake>()
  readonly timeline: Timeline
  readonly admission: Admission & Store
  readonly room: WaitingRoom<Call>
  readonly origin: Origin
  /** Time that was passed over: what is told is so much later than `events.now`. */
  skippedMillis = 0
  /** Calls that were gone through one by one. */
  simulated = 0
  private readonly places: ReadonlyMap<string, number>
  private readonly before: () => number
  private readonly after: () => number
  private readonly recurrence: Recurrence
  private sequence = 0
  private isPastDeadline = false
  wakeAt = Infinity

  constructor(job: Job) {
    this.job = job
    this.counters = countersOf(job.loads)
    this.places = new Map(this.counters.map(({ key }, index) => [key, index]))
    this.lines = job.loads.map((load) => new Line(load, this.counters.length))
    this.timeline = new Timeline(this.lines.length, this.lines.length * this.counters.length)
    const memory = { onWake: () => {}, isAsking: () => false, away: () => undefined }
    this.admission = Object.assign(new Admission(), memory)
    this.room = new WaitingRoom<Call>(this.admission, Infinity, {
      admitted: (call, now) => {
        this.line(call).waiting.delete(call)
        this.send(call, now)
      },
      refused: (call, refusal) => this.fail(call, refusal)
    })
    this.origin = job.origin()
    const id = job.loads[0]?.claim.origin ?? ""
    this.before = Latency.sampler(job.before, Seeded.make(job.seed, "before", id))
    this.after = Latency.sampler(job.after, Seeded.make(job.seed, "after", id))
    this.recurrence = new Recurrence(this)
    this.preload()
    for (const [index, line] of this.lines.entries()) {
      for (let i = 0; i < Math.min(line.load.workers, line.load.calls); i++) this.next(undefined, index, 0)
    }
    this.settleInstant(0)
  }

  /** The instant, with what was passed over. */
  get now(): number {
    return this.events.now + this.skippedMillis
  }

  get isOver(): boolean {
    return this.events.size === 0
  }

  /** Rounds that were passed over. */
  get rounds(): Pick<Recurrence, "passedOver" | "roundMillis"> {
    return this.recurrence
  }

  /** Goes on for about so many events; gives whether there is more. */
  advance(events: number): boolean {
    for (let left = events; left > 0 && !this.isOver; left--) {
      this.passDeadline(this.events.nextAt + this.skippedMillis)
      const event = this.events.pop()
      const { now } = this.events
      if (event instanceof Call) {
        if (event.stage === "out") this.arrive(event, now)
        else this.answer(event, now)
      } else if (event?.wakesAt === this.wakeAt) {
        this.wakeAt = Infinity
        this.room.wake(now)
      }
      this.arm(now)
      if (this.events.nextAt > now) this.settleInstant(now)
    }
    if (!this.isOver) return true
    this.passDeadline(Infinity)
    return false
  }

  /** Writes down until now what holds lines back. */
  flush(now: number): void {
    for (const [index, line] of this.lines.entries()) this.closeSpan(line, index, now)
  }

  private line(call: Call): Line {
    const line = this.lines[call.lineIndex]
    if (!line) throw new Error("a call belongs to a line")
    return line
  }

  /** A worker takes the next call; the first time it is `undefined` before. */
  private next(worker: Call | undefined, lineIndex: number, now: number): void {
    const line = this.lines[lineIndex]
    if (!line || line.left === 0) return
    line.left--
    const permit = this.admission.permit(line.load.claim)
    const call = worker ?? new Call(permit, lineIndex)
    call.permit = permit
    const isCrowded = this.room.size > 0
    if (isCrowded) this.rank(permit, line)
    const decision = isCrowded && !this.room.isFree(permit) ? undefined : this.admission.admit(permit, now)
    if (decision?._tag === "Admitted") return this.send(call, now)
    if (!isCrowded) this.rank(permit, line)
    call.since = now
    if (decision?._tag === "Shut" || decision?._tag === "Never") return this.fail(call, decision)
    line.waiting.add(call)
    this.room.enter(call, decision, now)
  }

  private rank(permit: Permit, line: Line): void {
    permit.priority = line.load.priority
    permit.sequence = this.sequence++
  }

  private send(call: Call, now: number): void {
    const line = this.line(call)
    this.simulated++
    line.underWay++
    const arrivesAt = now + this.before()
    call.stage = "out"
    call.endAt = arrivesAt + this.after()
    line.busyMillis += call.endAt - now
    this.events.push(arrivesAt, call)
  }

  private arrive(call: Call, now: number): void {
    call.signal = this.origin.arrive(this.line(call).load.arrival, now, call.endAt)
    call.stage = "back"
    this.events.push(call.endAt, call)
  }

  private answer(call: Call, now: number): void {
    const { admission, room } = this
    const line = this.line(call)
    const { permit } = call
    admission.settle(permit, "answered", now, call.signal, this.job.startMillis + now)
    admission.release(permit, now, "read")
    if (room.size > 0) room.stir(permit.books, now)
    line.underWay--
    line.done++
    line.doneAt = now + this.skippedMillis
    this.timeline.add(call.lineIndex, line.doneAt, 1)
    this.recurrence.done(call.lineIndex, now)
    this.next(call, call.lineIndex, now)
  }

  private arm(now: number): void {
    const at = Math.max(this.room.nextAt, now + 1)
    if (at >= this.wakeAt || at === Infinity) return
    this.wakeAt = at
    this.events.push(at, { wakesAt: at })
  }

  /** All that happens at this instant has: time goes on. */
  private settleInstant(now: number): void {
    this.arm(now)
    for (const [index, line] of this.lines.entries()) {
      const [first] = line.waiting
      const heldBy = first?.lane ? this.placeOf(first) : -1
      if (heldBy === line.heldBy) continue
      this.closeSpan(line, index, now)
      line.heldBy = heldBy
    }
    this.recurrence.look(now)
  }

  private placeOf({ lane, permit }: Call): number {
    const need = permit.books.findIndex((book) => book === lane?.book)
    return this.places.get(permit.claim.needs[need]?.key ?? "") ?? -1
  }

  private closeSpan(line: Line, index: number, now: number): void {
    const { heldBy, heldSince } = line
    line.heldSince = now
    if (heldBy < 0 || now <= heldSince) return
    line.heldMillis[heldBy] = (line.heldMillis[heldBy] ?? 0) + now - heldSince
    const row = index * this.counters.length + heldBy
    this.timeline.span(row, heldSince + this.skippedMillis, now + this.skippedMillis)
    this.recurrence.held(row, heldSince, now)
  }

  private passDeadline(nextAt: number): void {
    if (this.isPastDeadline || nextAt <= this.job.deadlineMillis) return
    this.isPastDeadline = true
    for (const line of this.lines) line.doneAtDeadline = line.done
  }

  /** What was answered just before the start cools. */
  private preload(): void {
    const { admission, job } = this
    for (const { key, quota } of this.counters) {
      const used = job.used[quota.name] ?? 0
      const load = job.loads.find(({ claim }) => claim.needs.some((need) => need.key === key))
      if (used === 0 || !load) continue
      const needs = load.claim.needs.filter((need) => need.key === key)
      const [book] = admission.permit({ ...load.claim, needs }).books
      const units = Math.min(used, book?.largest ?? 0)
      const permit = admission.permit({ ...load.claim, needs: needs.map((need) => ({ ...need, cost: units })) })
      admission.admit(permit, 0)
      admission.settle(permit, "answered", 0, Signal.none)
      admission.release(permit, 0, "read")
      const meters = load.arrival.meters.filter((meter) => meter.quota.name === quota.name)
      this.origin.preload(meters.map((meter) => ({ ...meter, cost: units })))
    }
  }

  private fail(call: Call, refusal: Refusal): never {
    const { claim, name } = { claim: call.permit.claim, name: this.line(call).load.name }
    if (refusal._tag === "Never") {
      const need = claim.needs[refusal.need]
      throw new PlanError({
        field: name,
        rule: `at most ${refusal.largest} units of ${need?.quota.name ?? "a quota"} a call`,
        value: need?.cost
      })
    }
    throw new Error(`a call of ${name} was sent away: ${refusal._tag}`)
  }
}
