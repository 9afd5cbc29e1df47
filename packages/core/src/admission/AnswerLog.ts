/**
 * Answered units in the order of their answers, each with the instant at which it frees its slots: never before an older one.
 *
 * A ring that grows to the size its quota needs and then allocates nothing. An entry is first busy, then freed but kept
 * (a phase may prove wrong), then dropped.
 */
export class AnswerLog {
  private stamps = new Float64Array(8)
  private frees = new Float64Array(8)
  private counts = new Float64Array(8)
  private head = 0
  private size = 0
  private freed = 0
  /** Units of entries that are not freed yet. */
  busy = 0
  /** Units of all entries. */
  kept = 0

  get length(): number {
    return this.size
  }

  /** The newest stamp, or -Infinity. */
  get newest(): number {
    return this.size === 0 ? -Infinity : (this.stamps[this.index(this.size - 1)] ?? -Infinity)
  }

  /** Adds units answered at `stamp`; one that lies before the newest takes its place among those that are not freed yet. */
  push(stamp: number, earliestFreeAt: number, units: number): void {
    this.busy += units
    this.kept += units
    let place = this.size
    while (place > this.freed && this.stampAt(place - 1) > stamp) place--
    let freeAt = earliestFreeAt
    if (place > this.freed) {
      const last = this.index(place - 1)
      freeAt = Math.max(freeAt, this.frees[last] ?? 0)
      if (this.stamps[last] === stamp && this.frees[last] === freeAt) {
        this.counts[last] = (this.counts[last] ?? 0) + units
        return
      }
    }
    if (this.size === this.stamps.length) this.grow()
    for (let i = this.size++; i > place; i--) this.move(i - 1, i)
    const at = this.index(place)
    this.stamps[at] = place === 0 ? stamp : Math.max(stamp, this.stampAt(place - 1))
    this.frees[at] = freeAt
    this.counts[at] = units
  }

  /** Frees what is due at `now` and drops what was answered at or before `keepAfter`. */
  expire(now: number, keepAfter: number): void {
    while (this.freed < this.size) {
      const at = this.index(this.freed)
      if ((this.frees[at] ?? 0) > now) break
      this.busy -= this.counts[at] ?? 0
      this.freed++
    }
    while (this.freed > 0 && (this.stamps[this.head] ?? 0) <= keepAfter) {
      this.kept -= this.counts[this.head] ?? 0
      this.head = (this.head + 1) & (this.stamps.length - 1)
      this.size--
      this.freed--
    }
  }

  /** The instant at which `units` of the busy ones will have been freed; Infinity if there are not so many. */
  freesAt(units: number): number {
    let left = units
    for (let i = this.freed; i < this.size; i++) {
      const at = this.index(i)
      left -= this.counts[at] ?? 0
      if (left <= 0) return this.frees[at] ?? Infinity
    }
    return Infinity
  }

  /** Gives every kept entry a new instant to be free at: earlier when more is known, later when what was known proved wrong. */
  reschedule(freeAt: (stamp: number, old: number) => number): void {
    this.freed = 0
    this.busy = this.kept
    let latest = -Infinity
    for (let i = 0; i < this.size; i++) {
      const at = this.index(i)
      latest = Math.max(latest, freeAt(this.stamps[at] ?? 0, this.frees[at] ?? 0))
      this.frees[at] = latest
    }
  }

  /** Frees what was answered before `end` by `freeAt` at the latest. */
  hasten(end: number, freeAt: number): void {
    for (let i = this.size - 1; i >= this.freed; i--) {
      const at = this.index(i)
      if ((this.stamps[at] ?? 0) >= end) continue
      if ((this.frees[at] ?? 0) <= freeAt) return
      this.frees[at] = freeAt
    }
  }

  /** The stamp of the i-th oldest kept entry. */
  stampAt(i: number): number {
    return this.stamps[this.index(i)] ?? -Infinity
  }

  /** The units of the i-th oldest kept entry. */
  unitsAt(i: number): number {
    return this.counts[this.index(i)] ?? 0
  }

  /** Removes the oldest entry. Only for logs whose entries are consumed, not cooled. */
  shift(): void {
    this.kept -= this.unitsAt(0)
    if (this.freed > 0) this.freed--
    else this.busy -= this.unitsAt(0)
    this.head = (this.head + 1) & (this.stamps.length - 1)
    this.size--
  }

  private move(from: number, to: number): void {
    const source = this.index(from)
    const target = this.index(to)
    this.stamps[target] = this.stamps[source] ?? 0
    this.frees[target] = this.frees[source] ?? 0
    this.counts[target] = this.counts[source] ?? 0
  }

  private index(i: number): number {
    return (this.head + i) & (this.stamps.length - 1)
  }

  private grow(): void {
    const double = (old: Float64Array) => {
      const next = new Float64Array(old.length * 2)
      next.set(old.subarray(this.head))
      next.set(old.subarray(0, this.head), old.length - this.head)
      return next
    }
    this.stamps = double(this.stamps)
    this.frees = double(this.frees)
    this.counts = double(this.counts)
    this.head = 0
  }
}
