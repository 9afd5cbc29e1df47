/**
 * What happened when, in buckets of equal length: amounts at instants, and spans of time, in rows.
 *
 * Buckets double when time outgrows them, so that any length of time has about as many. All are whole numbers, and what
 * happened again and again is added exactly as if it had been told one by one.
 */
const most = 256

/** What happened in one round, as offsets from its start: instants after it, the end included, and spans; both in order. */
export interface Round {
  readonly instants: ReadonlyArray<ReadonlyArray<number>>
  readonly spans: ReadonlyArray<ReadonlyArray<readonly [from: number, to: number]>>
}

export class Timeline {
  bucketMillis = 1
  /** One row a class: calls that were done. */
  readonly done: Array<Array<number>>
  /** Rows of milliseconds during which something held somebody back. */
  readonly held: Array<Array<number>>

  constructor(classes: number, rows: number) {
    this.done = Array.from({ length: classes }, () => [])
    this.held = Array.from({ length: rows }, () => [])
  }

  /** What happens at an instant belongs to the bucket that ends there or later, so that sums tell what was done by its end. */
  add(row: number, at: number, amount: number): void {
    this.reach(at)
    this.put(this.done[row], Math.floor(Math.max(0, at - 1) / this.bucketMillis), amount)
  }

  span(row: number, from: number, to: number): void {
    if (to <= from) return
    this.reach(to)
    this.share(this.held[row], from, to, (start, end) => end - start)
  }

  /** Adds a round `times` over, the first one from `from` on. */
  repeat(round: Round, from: number, millis: number, times: number): void {
    const to = from + millis * times
    this.reach(to)
    const over = (total: number, within: (offset: number) => number) => (start: number, end: number) => {
      const until = (at: number) => {
        const rounds = Math.floor((at - from) / millis)
        return rounds * total + within(at - from - rounds * millis)
      }
      return until(end) - until(start)
    }
    round.instants.forEach((offsets, row) =>
      this.share(
        this.done[row],
        from,
        to,
        over(offsets.length, (offset) => upTo(offsets, offset))
      )
    )
    round.spans.forEach((spans, row) => {
      if (spans.length === 0) return
      const sums = [0]
      for (const [start, end] of spans) sums.push((sums.at(-1) ?? 0) + end - start)
      this.share(
        this.held[row],
        from,
        to,
        over(sums.at(-1) ?? 0, (offset) => spanBefore(spans, sums, offset))
      )
    })
  }

  /** The buckets of a time that ended at `endAt`. */
  buckets(endAt: number): number {
    return Math.floor(Math.max(0, endAt - 1) / this.bucketMillis) + 1
  }

  private share(
    row: Array<number> | undefined,
    from: number,
    to: number,
    amount: (start: number, end: number) => number
  ): void {
    const { bucketMillis } = this
    for (let bucket = Math.floor(from / bucketMillis); bucket * bucketMillis < to; bucket++) {
      const start = Math.max(from, bucket * bucketMillis)
      this.put(row, bucket, amount(start, Math.min(to, (bucket + 1) * bucketMillis)))
    }
  }

  private put(row: Array<number> | undefined, bucket: number, amount: number): void {
    if (!row) return
    while (row.length <= bucket) row.push(0)
    row[bucket] = (row[bucket] ?? 0) + amount
  }

  /** Makes buckets at least so long. */
  widen(bucketMillis: number): void {
    while (this.bucketMillis < bucketMillis) {
      this.bucketMillis *= 2
      for (const rows of [this.done, this.held]) {
        for (const [index, row] of rows.entries()) rows[index] = halved(row)
      }
    }
  }

  private reach(at: number): void {
    while (at >= most * this.bucketMillis) this.widen(2 * this.bucketMillis)
  }
}

const halved = (row: ReadonlyArray<number>): Array<number> =>
  Array.from({ length: Math.ceil(row.length / 2) }, (_, i) => (row[2 * i] ?? 0) + (row[2 * i + 1] ?? 0))

/** How many of the offsets are not after `limit`. */
const upTo = (offsets: ReadonlyArray<number>, limit: number): number => {
  let low = 0
  let high = offsets.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((offsets[middle] ?? 0) <= limit) low = middle + 1
    else high = middle
  }
  return low
}

/** How much of the spans lies before `limit`; `sums` are their lengths added up. */
const spanBefore = (
  spans: ReadonlyArray<readonly [number, number]>,
  sums: ReadonlyArray<number>,
  limit: number
): number => {
  let low = 0
  let high = spans.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((spans[middle]?.[0] ?? 0) < limit) low = middle + 1
    else high = middle
  }
  const last = spans[low - 1]
  return last ? (sums[low - 1] ?? 0) + Math.min(limit, last[1]) - last[0] : 0
}
