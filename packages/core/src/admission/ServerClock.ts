/**
 * What is known of a server's clock: bounds of (server time - client time), learned from `Date` headers.
 *
 * A `Date` is truncated to the second, so one response bounds the difference to about a second, and many intersect to a
 * few milliseconds. Bounds widen with time by what two clocks may drift apart.
 */

/** A server may write a `Date` that it rendered so long ago. */
const staleMillis = 50
/** The node that counts may not be the node that wrote `Date`. */
const spreadMillis = 100
/** Both clocks may run off by 500 ppm. */
const drift = 0.001

export class ServerClock {
  private minimum = -Infinity
  private minimumAt = 0
  private maximum = Infinity
  private maximumAt = 0
  /** Moves when the bounds got tighter. */
  version = 0
  /** Moves when a clock stepped, so that what was derived from it is void. */
  steps = 0

  get isKnown(): boolean {
    return this.minimum !== -Infinity
  }

  /** Takes in a response that was admitted at `sentAt`, came at `receivedAt` and says `dateMillis`. */
  learn(dateMillis: number, sentAt: number, receivedAt: number): void {
    const low = dateMillis - receivedAt
    const high = dateMillis + 1000 + staleMillis - sentAt
    const minimum = Math.max(this.lower(receivedAt), low)
    const maximum = Math.min(this.upper(receivedAt), high)
    if (minimum > maximum) {
      this.steps++
      this.set(low, high, receivedAt)
    } else if (minimum >= this.minimum + 1 || maximum <= this.maximum - 1) {
      this.set(minimum, maximum, receivedAt)
    } else {
      this.refresh(minimum, maximum, receivedAt)
    }
  }

  /** The latest client instant at which the server's clock shows `serverMillis`. */
  latest(serverMillis: number, now: number): number {
    return later(serverMillis - this.lower(now) + spreadMillis, now)
  }

  /** The earliest such instant. */
  earliest(serverMillis: number, now: number): number {
    const at = serverMillis - this.upper(now) - spreadMillis
    return Math.floor(at - Math.abs(at - now) * drift)
  }

  /** The latest client instant of the first clock multiple of `window` that surely ends whatever was counted before `answeredAt`. */
  boundaryAfter(answeredAt: number, window: number): number {
    const last = Math.floor((answeredAt + this.upper(answeredAt) + spreadMillis) / window)
    return this.latest((last + 1) * window, answeredAt)
  }

  private lower(now: number): number {
    return this.minimum - Math.abs(now - this.minimumAt) * drift
  }

  private upper(now: number): number {
    return this.maximum + Math.abs(now - this.maximumAt) * drift
  }

  private set(minimum: number, maximum: number, now: number): void {
    this.version++
    this.refresh(minimum, maximum, now)
  }

  private refresh(minimum: number, maximum: number, now: number): void {
    this.minimum = minimum
    this.maximum = maximum
    this.minimumAt = now
    this.maximumAt = now
  }
}

/** An instant that lies ahead comes so much later if the clocks drift apart until then. */
const later = (at: number, now: number): number => Math.ceil(at + (Math.max(0, at - now) * drift) / (1 - drift))
