/** Where in its windows a policy is when the work begins: at the same place for all peers of a repeat, or luck would decide. */
import type { Quota } from "@sluice/core/Quota"

export interface Phase {
  readonly startAtMillis: number
  /** Where the windows begin that are not aligned to the clock. */
  readonly phaseMillis: number
}

/** A share of the window that has passed: the repeats are spread evenly over it. */
export const fractionOf = (repeat: number, repeats: number): number => (repeat + 0.5) / repeats

export const make = (fixed: ReadonlyArray<Quota>, earliestMillis: number, fraction: number): Phase => {
  const aligned = fixed.find(({ phase }) => phase === "clock")?.windowMillis
  const startAtMillis =
    aligned === undefined
      ? Math.ceil(earliestMillis)
      : Math.ceil(earliestMillis / aligned - fraction) * aligned + Math.round(fraction * aligned)
  const free = fixed.find(({ phase }) => phase !== "clock")?.windowMillis ?? 1
  return { startAtMillis, phaseMillis: (startAtMillis - Math.round(fraction * free)) % free }
}
