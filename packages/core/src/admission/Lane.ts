/** Those who wait for one quota, in the order of their rank. */
import { outranks, type Permit } from "../Admission.ts"
import type { Book } from "./Book.ts"

/** One call that waits. A node of its lane's list, so that it leaves without a search. */
export interface Waiter {
  readonly permit: Permit
  readonly deadlineAt: number
  /** When it came. */
  readonly since: number
  lane: Lane | undefined
  before: Waiter | undefined
  after: Waiter | undefined
}

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
  first: Waiter | undefined
  private last: Waiter | undefined
  size = 0
  /** Units that all of them need of the lane's quota. */
  units = 0
  /** When the first is to be asked for again. */
  nextAt = Infinity
  /** Whether the room is about to look at it anyway. */
  isTouched = false

  constructor(book: Book) {
    this.book = book
  }

  /** Places a waiter by its rank; newcomers go to the end at once. */
  insert(waiter: Waiter): void {
    let before = this.last
    if (this.first && outranks(waiter.permit, this.first.permit)) before = undefined
    while (before && outranks(waiter.permit, before.permit)) before = before.before
    const after = before ? before.after : this.first
    waiter.lane = this
    waiter.before = before
    waiter.after = after
    if (before) before.after = waiter
    else this.first = waiter
    if (after) after.before = waiter
    else this.last = waiter
    this.size++
    this.units += this.cost(waiter)
  }

  remove(waiter: Waiter): void {
    if (waiter.before) waiter.before.after = waiter.after
    else this.first = waiter.after
    if (waiter.after) waiter.after.before = waiter.before
    else this.last = waiter.before
    waiter.lane = waiter.before = waiter.after = undefined
    this.size--
    this.units -= this.cost(waiter)
  }

  /** Units of those who would go before a permit. */
  unitsBefore(permit: Permit): number {
    if (this.last && outranks(this.last.permit, permit)) return this.units
    let units = 0
    for (let waiter = this.first; waiter && outranks(waiter.permit, permit); waiter = waiter.after) {
      units += this.cost(waiter)
    }
    return units
  }

  /** Who waits, by priority and tenant, in the order of their first. */
  get waiting(): ReadonlyArray<Waiting> {
    const groups = new Map<string, { -readonly [K in keyof Waiting]: Waiting[K] }>()
    for (let waiter = this.first; waiter; waiter = waiter.after) {
      const { priority, tenant } = waiter.permit
      const units = this.cost(waiter)
      const known = groups.get(`${priority} ${tenant}`)
      if (!known) groups.set(`${priority} ${tenant}`, { priority, tenant, calls: 1, units, since: waiter.since })
      else {
        known.calls++
        known.units += units
        known.since = Math.min(known.since, waiter.since)
      }
    }
    return [...groups.values()]
  }

  private cost(waiter: Waiter): number {
    return waiter.permit.claim.needs[waiter.permit.books.indexOf(this.book)]?.cost ?? 0
  }
}
