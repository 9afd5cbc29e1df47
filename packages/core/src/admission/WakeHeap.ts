import { type Node, rise, sink } from "./heap.ts"

interface Wake<A> extends Node {
  readonly at: number
  readonly value: A
}

/** Things to look at by their instants, the earliest first. */
export class WakeHeap<A> {
  private entries: Array<Wake<A>> = []

  get size(): number {
    return this.entries.length
  }

  get nextAt(): number {
    return this.entries[0]?.at ?? Infinity
  }

  push(at: number, value: A): void {
    const { entries } = this
    rise(entries, { at, value, place: 0 }, entries.length, isEarlier)
  }

  /** The earliest, if it is due. */
  popDue(now: number): A | undefined {
    const { entries } = this
    const first = entries[0]
    if (!first || first.at > now) return undefined
    const last = entries.pop()
    if (last && entries.length > 0) sink(entries, last, 0, isEarlier)
    return first.value
  }

  /** Drops what need not be looked at any more. What is in order is a heap. */
  keep(isWanted: (value: A, at: number) => boolean): void {
    this.entries = this.entries.filter(({ at, value }) => isWanted(value, at)).toSorted((a, b) => a.at - b.at)
  }
}

const isEarlier = (a: Wake<unknown>, b: Wake<unknown>): boolean => a.at < b.at
