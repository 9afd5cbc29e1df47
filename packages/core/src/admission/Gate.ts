/**
 * Whether a quota is open at all: closed by a refusal until the provider's instant, then opened gradually.
 *
 * After a closure one request goes, and each success lets one more be in flight: twice as many each round trip, never a
 * herd. A closure that would last longer than `maxPause` is shut instead: callers are told at once, and one probe goes
 * each `maxPause`. What was sent before a closure says nothing about its end.
 */
export class Gate {
  private closedAt = -Infinity
  private closedUntil = -Infinity
  private isShut = false
  private probeAt = -Infinity
  private probeEvery = 0
  /** How many may be in flight while opening; Infinity when open. */
  private width = Infinity
  private fallback = 0

  /** The instant before which nothing goes: `now` or earlier when open. */
  opensAt(now: number): number {
    return this.isShut ? Math.min(this.closedUntil, this.probeAt) : this.closedUntil > now ? this.closedUntil : now
  }

  /** The instant that a shut gate was told, if callers are to be refused at once. */
  shutUntil(now: number): number | undefined {
    return this.isShut && now < this.closedUntil && now < this.probeAt ? this.closedUntil : undefined
  }

  /** Whether so many more may go while so many are in flight. */
  passes(units: number, inFlight: number): boolean {
    return inFlight === 0 || inFlight + units <= this.width
  }

  get until(): number {
    return this.closedUntil
  }

  /** Whether what was sent at that instant went before a closure that is known, or was its probe. */
  wasClosedFor(sentAt: number): boolean {
    return sentAt <= this.closedAt || sentAt < this.closedUntil
  }

  /** Notes that something was let through, which a shut gate takes for its probe. */
  passed(now: number): void {
    if (!this.isShut) return
    if (now < this.closedUntil) this.probeAt = now + this.probeEvery
    else this.isShut = false
  }

  /** Closes until the instant that was told; it is never shortened by a later, smaller one. */
  close(until: number, now: number, maxPause: number): void {
    this.closedAt = now
    this.closedUntil = Math.max(this.closedUntil, until)
    this.width = 1
    if (this.closedUntil - now > maxPause) {
      this.isShut = true
      this.probeEvery = maxPause
      this.probeAt = now + maxPause
    }
  }

  /** How long to wait where nothing was told: doubles with every closure in a row, up to `ceiling`. Ask before `close`. */
  backoff(sentAt: number, ceiling: number): number {
    if (this.fallback === 0) this.fallback = 1000
    else if (sentAt > this.closedAt) this.fallback *= 2
    this.fallback = Math.min(ceiling, this.fallback)
    return this.fallback
  }

  /** Opens wider after a success; fully at `limit`. A probe's success ends the closure: then it gives `true`. */
  succeeded(sentAt: number, now: number, limit: number): boolean {
    if (sentAt <= this.closedAt) return false
    this.fallback = 0
    const endsClosure = this.isShut && now < this.closedUntil
    if (endsClosure) this.closedUntil = now
    this.isShut = false
    if (this.width !== Infinity && ++this.width >= limit) this.width = Infinity
    return endsClosure
  }
}
