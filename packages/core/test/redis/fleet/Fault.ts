/**
 * One fault that befalls a fleet at work, and what it costs: requests that the provider refuses, slots that never come back,
 * and time until the quota is used in full again.
 */
import { NeverExceeds } from "@sluice/simulator"
import { Duration, Effect, Option, type Scope } from "effect"
import * as Fleet from "./Fleet.ts"
import type { Arrival } from "./Provider.ts"

export interface Fault {
  readonly name: string
  /** What the fleet is, if not as usual. */
  readonly setting?: Partial<Fleet.Setting>
  /** The quota is used in full so long after the fault is over, at the latest. */
  readonly recoversWithin: Duration.Input
  /** And not before, as what may still arrive counts until its bound. */
  readonly recoversAfter?: Duration.Input
  /** So much of the quota is used while it lasts, at least. */
  readonly usesMeanwhile?: number
  /** Calls are told that they cannot be admitted, and do not wait. */
  readonly failsMeanwhile?: boolean
  /** Ends when the fault is over. */
  readonly befall: (fleet: Fleet.Fleet) => Effect.Effect<unknown, unknown, Scope.Scope>
}

export interface Row {
  readonly fault: string
  readonly requests: number
  readonly refusals: number
  /** Slots that never come back. */
  readonly lost: number
  /** How much of the quota was used while the fault lasted; none if it was over at once. */
  readonly meanwhile: number | undefined
  /** From the end of the fault until the quota was used in full; none if that was not seen. */
  readonly recoveryMillis: number | undefined
  /** What is not as it has to be. */
  readonly problems: ReadonlyArray<string>
}

/** For so long a fleet is looked at before the fault, and after it has recovered. */
export type Patience = Duration.Input

export const run = (fault: Fault, patience: Patience): Effect.Effect<Row, unknown> =>
  Effect.gen(function* () {
    const setting: Fleet.Setting = { ...Fleet.setting, ...fault.setting }
    const fleet = yield* Fleet.make(setting)
    const { arrivals } = fleet.provider
    yield* Fleet.each(fleet, ({ worker }) => worker.go)
    yield* Fleet.until(() => arrivals.length >= 2 * setting.limit, "1 minute")
    yield* Effect.sleep(patience)

    const beganAt = performance.now()
    yield* fault.befall(fleet)
    const overAt = performance.now()
    const lasted = overAt - beganAt
    const recoveryMillis = yield* recovery(fleet, overAt, fault.recoversWithin)
    yield* Effect.sleep(patience)

    const counts = yield* Effect.forEach(fleet.members, ({ worker }) => Effect.option(worker.stop), {
      concurrency: "unbounded"
    })
    const failed = counts.reduce((sum, count) => sum + (Option.getOrUndefined(count)?.failed ?? 0), 0)
    const lost = yield* Fleet.lost(fleet)

    const meanwhile = lasted < setting.windowMillis ? undefined : use(fleet, beganAt, overAt)
    const refusals = arrivals.filter(({ isRefused }) => isRefused).length
    return {
      fault: fault.name,
      requests: arrivals.length,
      refusals,
      lost,
      meanwhile,
      recoveryMillis,
      problems: [
        ...(refusals > 0 ? [`${refusals} of ${arrivals.length} requests were refused`] : []),
        ...exceeded(setting, arrivals),
        ...(lost > 0 ? [`${lost} of ${setting.limit} slots are lost`] : []),
        ...(recoveryMillis === undefined
          ? [`the quota is not used in full ${spanOf(fault.recoversWithin)} after it`]
          : []),
        ...((recoveryMillis ?? Infinity) < Duration.toMillis(fault.recoversAfter ?? 0)
          ? [`the quota is used in full before ${spanOf(fault.recoversAfter ?? 0)} have passed`]
          : []),
        ...((meanwhile ?? 0) < (fault.usesMeanwhile ?? 0)
          ? [`${fault.usesMeanwhile} of the quota is not used while it lasts`]
          : []),
        ...(fault.failsMeanwhile && failed === 0 ? ["no call is told that it cannot be admitted"] : [])
      ]
    }
  }).pipe(Effect.scoped)

/** How long it took until a window held most of the quota, which a half of it never does. */
const recovery = Effect.fnUntraced(function* (fleet: Fleet.Fleet, overAt: number, within: Duration.Input) {
  const { windowMillis } = fleet.setting
  const untilAt = overAt + Duration.toMillis(within)
  for (let atMillis = overAt; atMillis <= untilAt; atMillis += 10) {
    yield* Effect.sleep(Math.max(0, atMillis + windowMillis - performance.now()))
    if (use(fleet, atMillis, atMillis + windowMillis) >= 0.7) return atMillis - overAt
  }
})

/** How much of the quota was admitted after one instant and up to another. */
const use = ({ provider, setting: { limit, windowMillis } }: Fleet.Fleet, from: number, to: number): number =>
  provider.arrivals.filter(({ atMillis, isRefused }) => !isRefused && atMillis > from && atMillis <= to).length /
  ((to - from) * (limit / windowMillis))

const spanOf = (span: Duration.Input) => Duration.format(Duration.fromInputUnsafe(span))

/** Counts again what the provider has counted, refusals and all. */
const exceeded = ({ limit, windowMillis }: Fleet.Setting, arrivals: ReadonlyArray<Arrival>): ReadonlyArray<string> => {
  try {
    NeverExceeds.limit(limit, windowMillis)(arrivals.map(({ atMillis }) => atMillis))
    return []
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  }
}
