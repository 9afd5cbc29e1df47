/** Things to happen, by their instants; of equal instants the one that was planned first. */
export class Events {
  now = 0
  private readonly heap: Array<Event> = []
  private order = 0

  push(at: number, run: (at: number) => void): void {
    const { heap } = this
    const event = { at: Math.max(at, this.now), order: this.order++, run }
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

  /** Lets the next thing happen; gives whether there was one. */
  step(): boolean {
    const { heap } = this
    const first = heap[0]
    const last = heap.pop()
    if (!first || !last) return false
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
    first.run(first.at)
    return true
  }
}

interface Event {
  readonly at: number
  readonly order: number
  readonly run: (at: number) => void
}

const isBefore = (a: Event, b: Event) => a.at < b.at || (a.at === b.at && a.order < b.order)
