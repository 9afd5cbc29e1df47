/**
 * Tenants of one priority take turns by their weights at one quota: start-time fair queueing.
 *
 * Each has come as far as it was served by its weight, and the one that has come least far goes next. Who comes anew, or
 * comes back, begins where the others are: it neither makes up for when it was away nor pays for it.
 */
import { Flow, type Waiter } from "./Flow.ts"
import { rise, sink } from "./heap.ts"

/** So many flows that rest are no burden. */
const spareFlows = 16

export class Turns {
  readonly priority: number
  private readonly costOf: (waiter: Waiter) => number
  /** How far the one had come that was served last. */
  private virtualTime = 0
  /** Those of whom anything is kept. */
  readonly flows = new Map<string, Flow>()
  /** Those in which somebody waits, a heap: the one that goes next is the first. */
  private readonly heap: Array<Flow> = []

  constructor(priority: number, costOf: (waiter: Waiter) => number) {
    this.priority = priority
    this.costOf = costOf
  }

  get first(): Waiter | undefined {
    return this.heap[0]?.first
  }

  insert(waiter: Waiter): void {
    const { tenant, weight } = waiter.permit
    let flow = this.flows.get(tenant)
    if (!flow) this.flows.set(tenant, (flow = new Flow(tenant)))
    flow.weight = weight
    flow.insert(waiter, this.costOf(waiter))
    if (flow.place < 0) {
      flow.startTag = Math.max(flow.startTag, this.virtualTime)
      rise(this.heap, flow, this.heap.length, goesBefore)
    } else if (flow.first === waiter) rise(this.heap, flow, flow.place, goesBefore)
  }

  /** Takes one out of its flow, which pays for it if it was served, and when. */
  remove(waiter: Waiter, servedAt?: number): void {
    const { flow } = waiter
    if (!flow) return
    const wasFirst = flow.first === waiter
    const cost = this.costOf(waiter)
    flow.remove(waiter, cost)
    if (servedAt !== undefined) {
      this.virtualTime = flow.startTag
      flow.startTag += cost / flow.weight
      flow.turnAt = servedAt
    }
    if (!flow.first) this.rest(flow)
    else if (wasFirst) sink(this.heap, flow, flow.place, goesBefore)
  }

  /** Units of those who would go before one that comes with this tenant, weight and sequence: not more, as far as known. */
  unitsBefore(tenant: string, weight: number, sequence: number): number {
    const own = this.flows.get(tenant)
    const ownUnits = own?.first ? own.unitsBefore(sequence, this.costOf) : 0
    if (this.heap.length === 0 || (this.heap.length === 1 && own?.first)) return ownUnits
    const base = own?.first ? own.startTag : Math.max(own?.startTag ?? 0, this.virtualTime)
    const tag = base + ownUnits / weight
    let units = ownUnits
    for (const flow of this.heap) {
      if (flow !== own) units += Math.min(flow.units, Math.max(0, Math.floor((tag - flow.startTag) * flow.weight)))
    }
    return units
  }

  /** Tenants of whom somebody waits. */
  get waiting(): ReadonlyArray<Flow> {
    return this.heap
  }

  private rest(flow: Flow): void {
    const { heap } = this
    const { place } = flow
    const last = heap.pop()
    flow.place = -1
    if (last && last !== flow) {
      rise(heap, last, place, goesBefore)
      sink(heap, last, last.place, goesBefore)
    }
    // It is remembered until the others have come as far, or there are none.
    if (heap.length === 0) this.flows.clear()
    else if (this.flows.size > 2 * heap.length + spareFlows) this.forget()
  }

  /** One that comes but once each would keep what it had for as long as others come. */
  private forget(): void {
    const isCrowded = this.flows.size > 8 * this.heap.length + 64 * spareFlows
    for (const flow of this.flows.values()) {
      if (flow.place < 0 && (isCrowded || flow.startTag <= this.virtualTime)) this.flows.delete(flow.tenant)
    }
  }
}

/** Whose turn is next: who has come less far, and of equals whose first call came first. */
export const goesBefore = (a: Flow, b: Flow): boolean =>
  a.startTag !== b.startTag
    ? a.startTag < b.startTag
    : (a.first?.permit.sequence ?? 0) < (b.first?.permit.sequence ?? 0)
