/** What one tenant has waiting at one quota with one priority, in the order in which it came. */
import type { Book } from "./Book.ts"
import type { Permit } from "../Admission.ts"
import type { Lane } from "./Lane.ts"

/** One call that waits. A node of its flow's list, so that it leaves without a search. */
export interface Waiter {
  readonly permit: Permit
  readonly deadlineAt: number
  /** When it came. */
  readonly since: number
  /** Which quota it stood in line for last. */
  readonly boundBy?: Book | undefined
  lane: Lane | undefined
  flow: Flow | undefined
  before: Waiter | undefined
  after: Waiter | undefined
}

export class Flow {
  readonly tenant: string
  weight = 1
  first: Waiter | undefined
  last: Waiter | undefined
  size = 0
  units = 0
  /** How far it has come: the units that it was served by its weight. */
  startTag = 0
  /** When it was its turn last, or the first of them came. */
  turnAt = 0
  /** Its place among those who take turns. */
  place = -1

  constructor(tenant: string) {
    this.tenant = tenant
  }

  /** Newcomers go to the end at once; who was held up elsewhere goes before those that came later. */
  insert(waiter: Waiter, cost: number): void {
    const { sequence } = waiter.permit
    let before = this.last
    if (this.first && sequence < this.first.permit.sequence) before = undefined
    while (before && sequence < before.permit.sequence) before = before.before
    const after = before ? before.after : this.first
    waiter.flow = this
    waiter.before = before
    waiter.after = after
    if (before) before.after = waiter
    else {
      if (!this.first) this.turnAt = waiter.since
      this.first = waiter
    }
    if (after) after.before = waiter
    else this.last = waiter
    this.size++
    this.units += cost
  }

  remove(waiter: Waiter, cost: number): void {
    if (waiter.before) waiter.before.after = waiter.after
    else this.first = waiter.after
    if (waiter.after) waiter.after.before = waiter.before
    else this.last = waiter.before
    waiter.flow = waiter.before = waiter.after = undefined
    this.size--
    this.units -= cost
  }

  /** Units of those that came before; all of them for one that comes now. */
  unitsBefore(sequence: number, costOf: (waiter: Waiter) => number): number {
    const { last } = this
    if (last && last.permit.sequence < sequence) return this.units
    if (last && last.permit.sequence === sequence) return this.units - costOf(last)
    let units = 0
    for (let waiter = this.first; waiter && waiter.permit.sequence < sequence; waiter = waiter.after) {
      units += costOf(waiter)
    }
    return units
  }
}
