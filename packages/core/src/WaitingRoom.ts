/**
 * Who waits for what, and who goes next.
 *
 * A waiter stands in the lane of the quota that holds it back. Within a lane the more urgent go first, tenants take turns by
 * their weights, and nobody overtakes its own tenant's; lanes hold each other up only where their claims meet, and there
 * only the first of each lane keeps its units. Synchronous and without a clock:
 * the limiter says what time it is and wakes the room at `nextAt`.
 */
import { type Decision, outranks, type Permit } from "./Admission.ts"
import type { Book } from "./admission/Book.ts"
import type { Waiter } from "./admission/Flow.ts"
import { Lane, type Waiting } from "./admission/Lane.ts"
import { Tenants } from "./admission/Tenants.ts"
import { WakeHeap } from "./admission/WakeHeap.ts"
import type { Away, RateLimiterStore } from "./RateLimiterStore.ts"

export type { Waiter }

/** So many wakes that concern nobody any more are no burden. */
const spareWakes = 64

/** Why a waiter is sent away. */
export type Refusal =
  | { readonly _tag: "Full" }
  | { readonly _tag: "Late"; readonly earliest: number; readonly need: number }
  | Extract<Decision, { readonly _tag: "Shut" | "Never" }>
  | Away

export interface Handlers<W extends Waiter> {
  readonly admitted: (waiter: W, now: number) => void
  readonly refused: (waiter: W, refusal: Refusal) => void
}

export class WaitingRoom<W extends Waiter> {
  size = 0
  private readonly store: RateLimiterStore["Service"]
  private readonly bound: number
  private readonly handlers: Handlers<W>
  private readonly lanes = new Map<Book, Lane>()
  private readonly wakes = new WakeHeap<Lane | W>()
  private readonly touched: Array<Lane> = []
  private readonly tenants = new Tenants()

  constructor(store: RateLimiterStore["Service"], bound: number, handlers: Handlers<W>) {
    this.store = store
    this.bound = bound
    this.handlers = handlers
  }

  /** When the room wants to be woken; Infinity while only an answer can change anything. */
  get nextAt(): number {
    return this.wakes.nextAt
  }

  /** Whether a permit may be asked for at all without overtaking anybody. */
  isFree(permit: Permit): boolean {
    if (this.size === 0) return true
    for (const book of permit.books) {
      const first = this.lanes.get(book)?.first
      if (first && outranks(first.permit, permit)) return false
    }
    return true
  }

  /** Lets a newcomer wait, or sends it away at once. Gives the earliest instant at which it may go, as far as known. */
  enter(waiter: W, decision: Decision | undefined, now: number): number {
    const { permit } = waiter
    for (let i = 0; i < permit.books.length; i++) {
      const largest = permit.books[i]?.largest ?? 0
      if ((permit.claim.needs[i]?.cost ?? 0) > largest)
        return this.refuse(waiter, { _tag: "Never", need: i, largest }, now)
    }
    if (this.size >= this.bound && !this.makePlace(permit, now)) return this.refuse(waiter, { _tag: "Full" }, now)
    const need =
      decision?._tag === "Wait" ? decision.need : permit.books.findIndex((book) => this.isHeldUpAt(book, permit))
    const at = decision?._tag === "Wait" ? decision.at : Infinity
    if (waiter.deadlineAt !== Infinity) {
      const earliest = this.estimate(permit, now)
      if (earliest > waiter.deadlineAt) return this.refuse(waiter, { _tag: "Late", earliest, need }, now)
      this.lookAgain(waiter.deadlineAt, waiter)
    }
    this.size++
    this.tenants.came(permit)
    const lane = this.place(waiter, need, at, now)
    if (!decision && lane.first === waiter) {
      // Its tenant's turn has come before that of those who wait already.
      this.touch(lane)
      this.serve(now)
      if (!waiter.lane) return now
    }
    const rounds = Math.floor(lane.unitsBefore(permit) / lane.book.ceiling)
    return Math.max(now, lane.nextAt === Infinity ? now : lane.nextAt) + rounds * lane.book.quota.windowMillis
  }

  /** The earliest instant for a permit behind all who would go before it; a lower bound, as far as known. */
  estimate(permit: Permit, now: number): number {
    return this.store.estimate(permit, now, (book) => this.lanes.get(book)?.unitsBefore(permit) ?? 0)
  }

  /** Units that go before a permit at these books, where it stands in line for them or would have to. */
  unitsBefore(book: Book, permit: Permit): number {
    const lane = this.lanes.get(book)
    const own = permit.waiter?.lane
    return !lane || (own && own !== lane) || lane.first === permit.waiter ? 0 : lane.unitsBefore(permit)
  }

  /** Who waits for these books. */
  waitingFor(book: Book): ReadonlyArray<Waiting> {
    return this.lanes.get(book)?.waiting ?? []
  }

  /** A waiter goes away by itself. Nobody else moves, except into the place that it leaves. */
  leave(waiter: W, now: number): void {
    if (!waiter.lane) return
    this.take(waiter)
    this.store.discard(waiter.permit)
    this.serve(now)
  }

  /** Looks again at everyone who may go now, after time has passed. */
  wake(now: number): void {
    const late: Array<W> = []
    for (let due = this.wakes.popDue(now); due; due = this.wakes.popDue(now)) {
      if (!(due instanceof Lane)) late.push(due)
      else if (due.nextAt <= now) this.touch(due)
    }
    this.serve(now)
    if (late.length === 0) return
    for (const waiter of late) {
      if (!waiter.lane) continue
      if (this.store.isAsking(waiter.permit, now)) {
        this.lookAgain(now + 1, waiter)
        continue
      }
      const need = waiter.permit.books.indexOf(waiter.lane.book)
      this.dismiss(waiter, { _tag: "Late", earliest: Math.max(now, this.estimate(waiter.permit, now)), need })
    }
    this.serve(now)
  }

  /** Looks again at those who wait for any of these quotas, after an answer. */
  stir(books: ReadonlyArray<Book>, now: number): void {
    if (this.size === 0) return
    for (const book of books) {
      const lane = this.lanes.get(book)
      if (lane) this.touch(lane)
    }
    this.serve(now)
  }

  /** Sends away those whose deadline a closure lies beyond: they need not wait to hear it. */
  closed(books: ReadonlyArray<Book>, until: number, now: number): void {
    for (const book of books) {
      const late = [...(this.lanes.get(book)?.waiters() ?? [])].filter(({ deadlineAt }) => deadlineAt < until)
      for (const waiter of late) {
        this.dismiss(waiter as W, { _tag: "Late", earliest: until, need: waiter.permit.books.indexOf(book) })
      }
    }
    this.serve(now)
  }

  /** Empties the room; nobody is admitted. Gives those who waited. */
  clear(): ReadonlyArray<W> {
    const waiting: Array<W> = []
    for (const lane of this.lanes.values()) {
      for (let waiter = lane.first as W | undefined; waiter; waiter = lane.first as W | undefined) {
        this.take(waiter)
        this.store.discard(waiter.permit)
        waiting.push(waiter)
      }
    }
    return waiting
  }

  /** Sends the last call of the loudest tenant away, if that one has more of a full room than the newcomer's would have. */
  private makePlace(permit: Permit, now: number): boolean {
    const loudest = this.tenants.louderThan(permit)
    if (loudest === undefined) return false
    let last: Waiter | undefined
    for (const lane of this.lanes.values()) {
      for (const { flow } of lane.flows()) {
        if (flow.tenant !== loudest || !flow.last) continue
        if (!last || outranks(last.permit, flow.last.permit)) ({ last } = flow)
      }
    }
    if (!last) return false
    this.dismiss(last as W, { _tag: "Full" })
    this.serve(now)
    return true
  }

  private serve(now: number): void {
    for (let lane = this.touched.pop(); lane; lane = this.touched.pop()) {
      this.serveLane(lane, now)
      lane.isTouched = false
    }
  }

  private touch(lane: Lane): void {
    if (lane.isTouched) return
    lane.isTouched = true
    this.touched.push(lane)
  }

  private serveLane(lane: Lane, now: number): void {
    for (let waiter = lane.first as W | undefined; waiter; waiter = lane.first as W | undefined) {
      const decision = this.store.admit(waiter.permit, now, lane)
      if (decision._tag === "Admitted") {
        this.take(waiter, now)
        this.handlers.admitted(waiter, now)
      } else if (decision._tag === "Wait") {
        const { at, need } = decision
        const away = this.store.away(waiter.permit, now)
        if (away) {
          this.dismiss(waiter, away)
          continue
        }
        if (waiter.permit.books[need] === lane.book) return this.blocked(lane, waiter, need, at, now)
        this.leaveLane(waiter)
        this.place(waiter, need, at, now)
      } else {
        this.dismiss(waiter, { ...decision })
      }
    }
  }

  private place(waiter: W, need: number, at: number, now: number): Lane {
    const book = waiter.permit.books[need]
    if (!book) throw new Error("no quota to wait for")
    let lane = this.lanes.get(book)
    if (!lane) this.lanes.set(book, (lane = new Lane(book)))
    const formerly = lane.first
    lane.insert(waiter)
    if (lane.first === waiter) {
      if (formerly) this.store.unreserve(formerly.permit)
      this.blocked(lane, waiter, need, at, now)
    }
    return lane
  }

  /** The first of a lane stays blocked: it keeps its units elsewhere, and the lane is looked at again in time. */
  private blocked(lane: Lane, waiter: W, need: number, at: number, now: number): void {
    this.store.reserve(waiter.permit, need, at)
    const nextAt = at > now ? at : now + 1
    if (nextAt === lane.nextAt) return
    lane.nextAt = nextAt
    if (nextAt !== Infinity) this.lookAgain(nextAt, lane)
  }

  /** Who has gone, and lanes that were looked at since, leave an entry behind, which a far deadline would keep for long. */
  private lookAgain(at: number, value: Lane | W): void {
    if (this.wakes.size > 2 * (this.size + this.lanes.size) + spareWakes) {
      this.wakes.keep((value, at) =>
        value instanceof Lane ? value.nextAt === at && this.lanes.get(value.book) === value : value.lane !== undefined
      )
    }
    this.wakes.push(at, value)
  }

  /** Takes a waiter out of the room. What it kept elsewhere is up for others. */
  private take(waiter: W, servedAt?: number): void {
    this.size--
    this.tenants.left(waiter.permit)
    this.leaveLane(waiter, servedAt)
  }

  private leaveLane(waiter: W, servedAt?: number): void {
    const { lane } = waiter
    if (!lane) return
    const wasFirst = lane.first === waiter
    lane.remove(waiter, servedAt)
    if (!wasFirst) return
    this.store.unreserve(waiter.permit)
    if (waiter.permit.books.length > 1) {
      for (const book of waiter.permit.books) {
        const other = this.lanes.get(book)
        if (other && other !== lane) this.touch(other)
      }
    }
    if (lane.first) this.touch(lane)
    else this.lanes.delete(lane.book)
  }

  private dismiss(waiter: W, refusal: Refusal): void {
    this.take(waiter)
    this.store.discard(waiter.permit)
    this.handlers.refused(waiter, refusal)
  }

  private refuse(waiter: W, refusal: Refusal, now: number): number {
    this.store.discard(waiter.permit)
    this.handlers.refused(waiter, refusal)
    return now
  }

  private isHeldUpAt(book: Book, permit: Permit): boolean {
    const first = this.lanes.get(book)?.first
    return first !== undefined && outranks(first.permit, permit)
  }
}
