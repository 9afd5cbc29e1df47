/** The server of a world: the simulator's exact counters behind a clock that drifts and steps, and whatever else befalls it. */
import type * as Quota from "@sluice/core/Quota"
import type { Meter } from "@sluice/core/Simulation"
import type * as Counter from "@sluice/simulator/Counter"
import * as Metering from "@sluice/simulator/Metering"
import * as Scenario from "@sluice/simulator/Scenario"
import type { Faults } from "./Faults.ts"

export interface Options {
  readonly quotas: ReadonlyArray<Quota.Quota>
  readonly counting: Counter.Options
  readonly seed: number
  readonly skewMillis: number
  readonly drift: number
  readonly faults: Faults
}

export class Origin {
  private readonly options: Options
  private readonly scenario: Scenario.Scenario
  private metering: Metering.Metering
  private restartsAt: number
  private readonly meters: Array<ReadonlyArray<Meter>> = []

  constructor(options: Options) {
    const { faults, quotas, seed, counting } = options
    const { lowered } = faults
    this.options = options
    this.scenario = Scenario.make({
      seed,
      counting: { ...counting, countsRefused: faults.countsRefused ?? false },
      ...(lowered && {
        lower: quotas.map(({ name, limit }) => ({
          quota: name,
          limit: Math.max(1, Math.floor(limit * lowered.part)),
          at: lowered.from,
          until: lowered.until
        }))
      })
    })
    this.metering = this.start()
    this.restartsAt = faults.restartEveryMillis ?? Infinity
  }

  /** What the server's clock shows at an instant of true time. */
  clock(at: number): number {
    const { drift, faults, skewMillis } = this.options
    let shown = at * (1 + drift) + skewMillis
    for (const jump of faults.jumps ?? []) if (at >= jump.at) shown += jump.byMillis
    return shown
  }

  /** Counts or refuses a request of so many units; places of concurrency quotas are free at `busyUntil`. */
  count(cost: number, at: number, busyUntil: number): Metering.Outcome {
    // A place is given back at an event, which no tick of a clock puts off.
    return this.running(at).count(this.metersOf(cost), this.clock(at), Math.floor(this.clock(busyUntil)))
  }

  /** Refuses or lets pass; `add` counts later what was let pass. */
  judge(cost: number, at: number): Metering.Outcome {
    return this.running(at).judge(this.metersOf(cost), this.clock(at))
  }

  add(cost: number, at: number): void {
    this.running(at).add(this.metersOf(cost), this.clock(at))
  }

  private running(at: number): Metering.Metering {
    if (at >= this.restartsAt) {
      this.restartsAt = at + (this.options.faults.restartEveryMillis ?? Infinity)
      this.metering = this.start()
    }
    return this.metering
  }

  private metersOf(cost: number): ReadonlyArray<Meter> {
    const known = this.meters[cost]
    if (known) return known
    return (this.meters[cost] = this.options.quotas.map((quota) => ({ quota, key: "", cost })))
  }

  /** Whether 5xx answers are the order of the hour. */
  errs(at: number): boolean {
    const { errors } = this.options.faults
    return errors !== undefined && at % errors.everyMillis < errors.lastMillis
  }

  /** Episodes of a scenario are counted from its start: true time's zero, whenever the server was started. */
  private start(): Metering.Metering {
    const { quotas } = this.options
    return Metering.make(Object.fromEntries(quotas.map((quota) => [quota.name, quota])), this.scenario, this.clock(0))
  }
}
