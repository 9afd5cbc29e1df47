/** Those who wait for one quota: the more urgent first, and tenants in turns. */
import type { Permit } from "../Admission.ts"
import type { Book } from "./Book.ts"
import type { Flow, Waiter } from "./Flow.ts"
import { Turns } from "./Turns.ts"

/** Those of one rank and tenant who wait for one quota. */
export interface Waiting {
  readonly priority: number
  readonly tenant: string
  readonly calls: number
  readonly units: number
  /** When the first of them came. */
  readonly since: number
}

export class Lane {
  readonly book: Book
  /** When the first is to be asked for again. */
  nextAt = Infinity
  /** Whether the room is about to look at it anyway. */
  isTouched = false
  /** By priority, the highest first; in each somebody waits. */
  private readonly levels: Array<Turns> = []

  constructor(book: Book) {
    this.book = book
  }

  get first(): Waiter | undefined {
    return this.levels[0]?.first
  }

  insert(waiter: Waiter): void {
    waiter.lane = this
    this.levelOf(waiter.permit.priority).insert(waiter)
  }

  /** Takes one out; its tenant's next turn comes the later if it was served at that instant. */
  remove(waiter: Waiter, servedAt?: number): void {
    const index = this.indexOf(waiter.permit.priority)
    const level = this.levels[index]
    if (!level) return
    level.remove(waiter, servedAt)
    if (!level.first) this.levels.splice(index, 1)
    waiter.lane = undefined
  }

  /** Units of those who would go before a permit; not more, as far as known. */
  unitsBefore(permit: Permit): number {
    let units = 0
    for (const level of this.levels) {
      if (level.priority < permit.priority) break
      if (level.priority === permit.priority) {
        units += level.unitsBefore(permit.tenant, permit.weight, permit.sequence)
      } else for (const flow of level.waiting) units += flow.units
    }
    return units
  }

  /** Those who are as urgent as the first, in no order. */
  get foremost(): ReadonlyArray<Flow> {
    return this.levels[0]?.waiting ?? []
  }

  /** Everybody, in no order. */
  *waiters(): Iterable<Waiter> {
    for (const { flow } of this.flows()) {
      for (let waiter = flow.first; waiter; waiter = waiter.after) yield waiter
    }
  }

  /** Who waits, by priority and tenant, the more urgent first. */
  get waiting(): ReadonlyArray<Waiting> {
    return [...this.flows()].map(({ flow: { first, size: calls, tenant, units }, priority }) => {
      return { priority, tenant, calls, units, since: first?.since ?? Infinity }
    })
  }

  *flows(): Iterable<{ readonly priority: number; readonly flow: Flow }> {
    for (const { priority, waiting } of this.levels) for (const flow of waiting) yield { priority, flow }
  }

  private levelOf(priority: number): Turns {
    const index = this.indexOf(priority)
    const known = this.levels[index]
    if (known?.priority === priority) return known
    const level = new Turns(priority, this.costOf)
    this.levels.splice(index, 0, level)
    return level
  }

  /** Where a priority is, or would be. */
  private indexOf(priority: number): number {
    let low = 0
    let high = this.levels.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.levels[middle]?.priority ?? -Infinity) > priority) low = middle + 1
      else high = middle
    }
    return low
  }

  readonly costOf = (waiter: Waiter): number =>
    waiter.permit.claim.needs[waiter.permit.books.indexOf(this.book)]?.cost ?? 0
}
