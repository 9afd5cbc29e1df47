/** Things to happen, by their instants; of equal instants the one that was planned first. */
export class Events<A> {
  now = 0
  private readonly heap: Array<Event<A>> = []
  private order = 0

  /** How many are to happen. */
  get size(): number {
    return this.heap.length
  }

  /** When the next one happens; Infinity if none does. */
  get nextAt(): number {
    return this.heap[0]?.at ?? Infinity
  }

  /** Plans what is to happen; what would be past happens now. */
  push(at: number, value: A): void {
    const { heap } = this
    const event = { at: Math.max(at, this.now), order: this.order++, value }
    let i = heap.length
    heap.push(event)
    while (i > 0) {
      const parent = (i - 1) >> 1
      const above = heap[parent]
      if (!above || isBefore(above, event)) break
      heap[i] = above
      i = parent
    }
    heap[i] = event
  }

  /** Goes to the next thing that happens, and gives it. */
  pop(): A | undefined {
    const { heap } = this
    const first = heap[0]
    const last = heap.pop()
    if (!first || !last) return undefined
    this.now = first.at
    if (heap.length > 0) {
      let i = 0
      for (;;) {
        const left = heap[2 * i + 1]
        const right = heap[2 * i + 2]
        const isRight = right !== undefined && left !== undefined && isBefore(right, left)
        const child = isRight ? right : left
        if (!child || isBefore(last, child)) break
        heap[i] = child
        i = 2 * i + (isRight ? 2 : 1)
      }
      heap[i] = last
    }
    return first.value
  }

  /** What is to happen, in order. */
  inOrder(): ReadonlyArray<{ readonly at: number; readonly value: A }> {
    return this.heap.toSorted((a, b) => (isBefore(a, b) ? -1 : 1))
  }
}

interface Event<A> {
  readonly at: number
  readonly order: number
  readonly value: A
}

const isBefore = (a: Event<unknown>, b: Event<unknown>) => a.at < b.at || (a.at === b.at && a.order < b.order)
