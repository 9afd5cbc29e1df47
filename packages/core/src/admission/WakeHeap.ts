/** Things to look at by their instants, the earliest first. */
export class WakeHeap<A> {
  private entries: Array<{ readonly at: number; readonly value: A }> = []

  get size(): number {
    return this.entries.length
  }

  get nextAt(): number {
    return this.entries[0]?.at ?? Infinity
  }

  push(at: number, value: A): void {
    const { entries } = this
    const entry = { at, value }
    let i = entries.length
    entries.push(entry)
    while (i > 0) {
      const parent = (i - 1) >> 1
      const above = entries[parent]
      if (!above || above.at <= at) break
      entries[i] = above
      i = parent
    }
    entries[i] = entry
  }

  /** The earliest, if it is due. */
  popDue(now: number): A | undefined {
    const { entries } = this
    const first = entries[0]
    if (!first || first.at > now) return undefined
    const last = entries.pop()
    if (last && entries.length > 0) this.sink(last)
    return first.value
  }

  /** Drops what need not be looked at any more. What is in order is a heap. */
  keep(isWanted: (value: A, at: number) => boolean): void {
    this.entries = this.entries.filter(({ at, value }) => isWanted(value, at)).toSorted((a, b) => a.at - b.at)
  }

  private sink(entry: { readonly at: number; readonly value: A }): void {
    const { entries } = this
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      const left = entries[child]
      const right = entries[child + 1]
      if (!left) break
      if (right && right.at < left.at) child++
      const smaller = entries[child]
      if (!smaller || smaller.at >= entry.at) break
      entries[i] = smaller
      i = child
    }
    entries[i] = entry
  }
}
