/**
 * How long a request is under way, as data: drawn anew for each request, in whole milliseconds, from the scenario's seed.
 *
 * @example
 * ```ts
 * import { Latency } from "@sluice/simulator"
 *
 * Latency.uniform("5 millis", "50 millis")
 * Latency.lognormal({ median: "80 millis", sigma: 0.6, cap: "5 seconds" })
 * ```
 */
import { Duration, Option } from "effect"
import type { Seeded } from "./Seeded.ts"

export type Latency =
  | { readonly kind: "constant"; readonly millis: number }
  | { readonly kind: "uniform"; readonly minMillis: number; readonly maxMillis: number }
  | { readonly kind: "lognormal"; readonly medianMillis: number; readonly sigma: number; readonly capMillis: number }

/** What a scenario accepts: a latency, a duration that is meant as a constant, or the forms that read well in JSON. */
export type Input =
  | Latency
  | Duration.Input
  | { readonly uniform: readonly [min: Duration.Input, max: Duration.Input] }
  | { readonly lognormal: Lognormal }

export interface Lognormal {
  readonly median: Duration.Input
  /** The spread of the logarithm: 0.5 is an ordinary network, 1 has a long tail. Default 0.5. */
  readonly sigma?: number
  /** No draw is longer; default a hundred medians. */
  readonly cap?: Duration.Input
}

export const constant = (duration: Duration.Input): Latency => ({ kind: "constant", millis: toMillis(duration) })

/** Every whole millisecond from `min` to `max`, both included, equally likely. */
export const uniform = (min: Duration.Input, max: Duration.Input): Latency => {
  const [minMillis, maxMillis] = [toMillis(min), toMillis(max)]
  if (maxMillis < minMillis)
    throw new RangeError(`Latency.uniform: max takes at least min, ${minMillis} ms, but was given ${maxMillis} ms.`)
  return { kind: "uniform", minMillis, maxMillis }
}

/** Half of the draws below the median, few far above it, none above the cap. */
export const lognormal = (options: Lognormal): Latency => {
  const { sigma = 0.5 } = options
  const medianMillis = toMillis(options.median)
  const capMillis = options.cap === undefined ? medianMillis * 100 : toMillis(options.cap)
  if (!(sigma >= 0 && sigma <= 5))
    throw new RangeError(`Latency.lognormal: sigma takes a number from 0 to 5, but was given ${sigma}.`)
  if (capMillis < medianMillis) {
    throw new RangeError(
      `Latency.lognormal: cap takes at least the median, ${medianMillis} ms, but was given ${capMillis} ms.`
    )
  }
  return { kind: "lognormal", medianMillis, sigma, capMillis }
}

/** Reads any accepted form; throws a `RangeError` that names what was wrong. */
export const fromInput = (input: Input): Latency => {
  if (typeof input === "object" && input !== null) {
    if ("uniform" in input) return uniform(input.uniform[0], input.uniform[1])
    if ("lognormal" in input) return lognormal(input.lognormal)
    if ("kind" in input) return fromLatency(input)
  }
  return constant(input as Duration.Input)
}

/** Draws whole milliseconds; `speed` divides them, and what is not zero stays at least one millisecond. */
export const sampler = (latency: Latency, seeded: Seeded, speed = 1): (() => number) => {
  const draw = drawer(latency, seeded)
  return speed === 1 ? draw : () => quicken(draw(), speed)
}

/** A span made `speed` times shorter, in whole milliseconds, and never zero unless it was. */
export const quicken = (millis: number, speed: number): number =>
  millis === 0 ? 0 : Math.max(1, Math.round(millis / speed))

const drawer = (latency: Latency, seeded: Seeded): (() => number) => {
  switch (latency.kind) {
    case "constant":
      return () => latency.millis
    case "uniform": {
      const choices = latency.maxMillis - latency.minMillis + 1
      return () => latency.minMillis + Math.floor(seeded.nextFraction() * choices)
    }
    case "lognormal":
      return () =>
        Math.min(latency.capMillis, Math.round(latency.medianMillis * Math.exp(latency.sigma * normal(seeded))))
  }
}

const fromLatency = (latency: Latency): Latency => {
  switch (latency.kind) {
    case "constant":
      return constant(latency.millis)
    case "uniform":
      return uniform(latency.minMillis, latency.maxMillis)
    case "lognormal":
      return lognormal({ median: latency.medianMillis, sigma: latency.sigma, cap: latency.capMillis })
    default:
      throw new RangeError(`Latency: kind takes one of constant, uniform, lognormal, but was given ${show(latency)}.`)
  }
}

const normal = (seeded: Seeded) =>
  Math.sqrt(-2 * Math.log(seeded.nextFraction())) * Math.cos(2 * Math.PI * seeded.nextFraction())

const toMillis = (input: Duration.Input): number => {
  const millis = Option.getOrUndefined(Option.map(Duration.fromInput(input), Duration.toMillis))
  if (millis !== undefined && Number.isFinite(millis) && millis >= 0) return Math.round(millis)
  throw new RangeError(
    `Latency: takes durations of zero or more, such as "50 millis" or 50, but was given ${show(input)}.`
  )
}

const show = (input: unknown) => JSON.stringify(input) ?? String(input)
