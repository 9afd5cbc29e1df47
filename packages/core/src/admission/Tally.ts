/** What is counted of calls, in plain numbers: whoever looks reads them, as writing to a metric costs as much as admitting. */

/** By how long calls waited; the last number is of those that waited longer than all boundaries. */
export class Waits {
  static readonly boundariesMillis: ReadonlyArray<number> = [1, 10, 100, 1000, 10_000, 60_000, 600_000, 3_600_000]
  readonly counts: Array<number> = Waits.boundariesMillis.map(() => 0)
  count = 0
  sumMillis = 0
  leastMillis = Infinity
  mostMillis = 0

  add(millis: number): void {
    this.count++
    this.sumMillis += millis
    this.leastMillis = Math.min(this.leastMillis, millis)
    this.mostMillis = Math.max(this.mostMillis, millis)
    const bucket = Waits.boundariesMillis.findIndex((boundary) => millis <= boundary)
    if (bucket >= 0) this.counts[bucket] = (this.counts[bucket] ?? 0) + 1
  }
}

/** Of whom it is counted; a partition only where that is asked for. */
export interface Labels {
  readonly provider: string
  readonly partition: string | undefined
}

/** The calls to one provider. */
export class CallTally {
  readonly labels: Labels
  admitted = 0
  abandoned = 0
  /** By the reason of their error. */
  readonly turnedAway = new Map<string, number>()
  /** Refusals that name none of the claim's quotas, where it has several. */
  refused = 0

  constructor(labels: Labels) {
    this.labels = labels
  }
}

/** What was counted of one quota. */
export class QuotaTally {
  readonly quota: string
  readonly calls: CallTally
  refused = 0
  unexpected = 0
  /** How often a refusal closed it. */
  paused = 0
  /** Of those whom it held back last. */
  readonly waits = new Waits()

  constructor(quota: string, calls: CallTally) {
    this.quota = quota
    this.calls = calls
  }
}
