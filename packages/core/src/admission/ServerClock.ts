/**
 * What is known of a server's clock: bounds of (server time - client time), learned from `Date` headers.
 *
 * A `Date` is truncated to the second, so one response bounds the difference to about a second, and many intersect to a
 * few milliseconds. Bounds widen with time by what two clocks may drift apart.
 *
 * Instants are whole, and fractions are only ever added to spans: what is computed does not depend on how late it is.
 */

/** A server may write a `Date` that it rendered so long ago. */
const staleMillis = 50
/** The node that counts may not be the node that wrote `Date`. */
const spreadMillis = 100
/** Both clocks may run off by 500 ppm; by twice as much after each contradiction, until there was none for an hour. */
const leastDrift = 0.001
const mostDrift = 0.1
const calmMillis = 3_600_000

export class ServerClock {
  private minimum = -Infinity
  private minimumAt = 0
  private maximum = Infinity
  private maximumAt = 0
  private drift = leastDrift
  private steppedAt = -Infinity
  /** About how long requests take. */
  latency = 0
  /** Moves when the bounds got tighter. */
  version = 0
  /** Moves when a clock stepped, so that what was derived from it is void. */
  steps = 0

  get isKnown(): boolean {
    return this.minimum !== -Infinity
  }

  /** Takes in a response that was admitted at `sentAt`, came at `receivedAt` and says `dateMillis`. */
  learn(dateMillis: number, sentAt: number, receivedAt: number): void {
    this.latency += (receivedAt - sentAt - this.latency) / 16
    const low = dateMillis - receivedAt
    const high = dateMillis + 1000 + staleMillis - sentAt
    const minimum = Math.max(this.lower(receivedAt), low)
    const maximum = Math.min(this.upper(receivedAt), high)
    if (minimum > maximum) {
      this.steps++
      this.drift = Math.min(mostDrift, 2 * this.drift)
      this.steppedAt = receivedAt
      this.set(low, high, receivedAt)
    } else if (minimum >= this.minimum + 1 || maximum <= this.maximum - 1) {
      this.set(minimum, maximum, receivedAt)
    } else {
      this.refresh(minimum, maximum, receivedAt)
    }
    if (receivedAt - this.steppedAt > calmMillis) {
      this.drift = Math.max(leastDrift, this.drift / 2)
      this.steppedAt = receivedAt
    }
  }

  /** The latest client instant at which the server's clock shows `serverMillis`. */
  latest(serverMillis: number, now: number): number {
    const after = serverMillis - now - this.lower(now) + spreadMillis
    // What lies ahead comes so much later if the clocks drift apart until then.
    return now + Math.ceil(after + (Math.max(0, after) * this.drift) / (1 - this.drift))
  }

  /** The earliest such instant. */
  earliest(serverMillis: number, now: number): number {
    const after = serverMillis - now - this.upper(now) - spreadMillis
    return now + Math.floor(after - Math.abs(after) * this.drift)
  }

  /** The latest client instant of the first clock multiple of `window` that surely ends whatever was counted before `answeredAt`. */
  boundaryAfter(answeredAt: number, window: number): number {
    const elapsed = answeredAt % window
    const next = Math.floor((elapsed + this.upper(answeredAt) + spreadMillis) / window) + 1
    return this.latest(answeredAt - elapsed + next * window, answeredAt)
  }

  /** How far the bounds lie apart. */
  width(now: number): number {
    return this.upper(now) - this.lower(now)
  }

  /** How long after `now`, from `millis` after it on, the server's second may turn. */
  turnAfter(millis: number, now: number): number {
    const shown = (now % 1000) + millis
    const turn = Math.ceil((shown + this.lower(now, millis)) / 1000) * 1000
    return Math.max(millis, millis - shown + turn - this.upper(now, millis))
  }

  private lower(now: number, afterMillis = 0): number {
    return this.minimum - Math.abs(now - this.minimumAt + afterMillis) * this.drift
  }

  private upper(now: number, afterMillis = 0): number {
    return this.maximum + Math.abs(now - this.maximumAt + afterMillis) * this.drift
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
