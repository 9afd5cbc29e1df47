/**
 * Redis's clock beside this process's own: a step forward of it would let slots cool too early, and the script cannot see one.
 *
 * Between two answers of one process its clock went on by no more than what passed here from the first call to the second
 * answer. What is more is a step; it is told as large as it may have been, as a slot that frees late is no harm.
 */
export interface Step {
  /** Between which of Redis's instants it was, in milliseconds. */
  readonly from: number
  readonly to: number
  /** By how much Redis's clock went on more than ours, at most. */
  readonly excess: number
}

export interface Reading {
  /** Which process said it; none if that is not known. */
  readonly server: string | undefined
  readonly at: number
  readonly calledAt: number
  readonly answeredAt: number
}

/** Clocks are off by so much of the time that passed, and by so much in any case. */
const drift = 0.001
const jitterMillis = 5
/** A cluster has many processes: so many are remembered. */
const mostServers = 256

export class RedisClock {
  readonly steps: Array<Step> = []
  private readonly readings = new Map<string, Reading>()

  read(reading: Reading): void {
    const server = reading.server ?? ""
    const before = this.readings.get(server)
    if (this.readings.size >= mostServers && !before) this.readings.clear()
    // Calls of several desks overlap: those that began before the last one was answered tell nothing.
    if (before && reading.calledAt < before.answeredAt) return
    this.readings.set(server, reading)
    if (!before) return
    const passed = reading.at - before.at
    const most = (reading.answeredAt - before.calledAt) * (1 + drift) + jitterMillis
    const least = (reading.calledAt - before.answeredAt) * (1 - drift)
    if (passed > most) this.steps.push({ from: before.at, to: reading.at, excess: Math.ceil(passed - least) })
  }
}
