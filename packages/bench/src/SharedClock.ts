/** One faster clock for several processes: they agree on an origin, and the machine's monotonic clock is the same for all. */
import * as ScaledClock from "@sluice/cli/ScaledClock"
import { type Clock, Schema } from "effect"

/** An instant by both of the machine's clocks, from which the provider's time starts. */
export const Origin = Schema.Struct({ wallMillis: Schema.Finite, monotonicMillis: Schema.Finite })
export type Origin = typeof Origin.Type

export const now = (): Origin => ({ wallMillis: Date.now(), monotonicMillis: monotonicMillis() })

export const make = (origin: Origin, speed: number): Clock.Clock =>
  ScaledClock.make(speed, {
    monotonicMillis,
    wallMillis: () => origin.wallMillis + (monotonicMillis() - origin.monotonicMillis) * speed
  })

// Unlike `performance.now`, which starts with the process.
const monotonicMillis = () => Number(process.hrtime.bigint()) / 1e6
