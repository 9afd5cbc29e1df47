/**
 * What befalls a provider during a run, as data that can be read from JSON: latencies, a skewed clock, a lowered limit,
 * others who spend the same key, and how much faster than life all of it goes.
 *
 * @example
 * ```ts
 * import { Scenario } from "@sluice/simulator"
 *
 * Scenario.make({
 *   seed: 7,
 *   latency: { before: { uniform: ["5 millis", "50 millis"] }, after: "20 millis" },
 *   skew: -1500,
 *   lower: [{ quota: "reads", limit: 10, at: "1 minute", until: "2 minutes" }],
 *   others: { perSecond: 2 }
 * })
 * ```
 */
import * as Quota from "@sluice/core/Quota"
import { Data, Duration, Option } from "effect"
import type * as Counter from "./Counter.ts"
import * as Latency from "./Latency.ts"

export interface Input {
  /** Every random choice follows from it; default 1. */
  readonly seed?: number
  /** The way to the instant of counting and the way back, with the server's work; default none. */
  readonly latency?: { readonly before?: Latency.Input; readonly after?: Latency.Input }
  /** The server's wall clock minus the client's; may be negative. */
  readonly skew?: Duration.Input
  /** How many times faster than life: spans are divided by it, rates multiplied. Default 1. */
  readonly speed?: number
  readonly lower?: ReadonlyArray<Lower>
  readonly others?: Others | ReadonlyArray<Others>
  /**
   * What becomes of a request whose client gave up before it was counted: it never was (default), or it is counted all
   * the same when it arrives, as by servers that read it from their buffers.
   */
  readonly abandoned?: "forgotten" | "counted"
  /** How the server counts where the quotas leave it open. */
  readonly counting?: Counter.Options
  /** The same for single quotas, by name; added to `counting`. */
  readonly countingByQuota?: Readonly<Record<string, Counter.Options>>
}

/** The server enforces less than it promises, from `at` (default: the start) until `until` (default: for ever). */
export interface Lower {
  readonly quota: string
  readonly limit: number
  readonly at?: Duration.Input
  readonly until?: Duration.Input
}

/** A stranger's Poisson traffic on the same counters: on each of them, or on those of one quota or key. */
export interface Others {
  readonly perSecond: number
  readonly quota?: string
  readonly key?: string
  /** Units that each of the stranger's requests takes; default 1. */
  readonly cost?: number
}

/** A scenario with every default written out. Spans are as they were given; `speed` has not been applied. */
export interface Scenario {
  readonly seed: number
  readonly before: Latency.Latency
  readonly after: Latency.Latency
  readonly skewMillis: number
  readonly speed: number
  readonly lower: ReadonlyArray<{
    readonly quota: string
    readonly limit: number
    readonly atMillis: number
    readonly untilMillis: number
  }>
  readonly others: ReadonlyArray<Others>
  readonly abandoned: "forgotten" | "counted"
  readonly counting: Counter.Options
  readonly countingByQuota: Readonly<Record<string, Counter.Options>>
}

/** A scenario that cannot be: names the field, the rule that it breaks and the value that was given. */
export class ScenarioError extends Data.TaggedError("ScenarioError")<{
  readonly field: string
  readonly rule: string
  readonly value: unknown
}> {
  override get message() {
    return `Scenario: ${this.field} takes ${this.rule}, but was given ${JSON.stringify(this.value) ?? String(this.value)}.`
  }
}

const fields = ["seed", "latency", "skew", "speed", "lower", "others", "abandoned", "counting", "countingByQuota"]

/** Checks a scenario and fills in what it leaves out; throws `ScenarioError`. */
export const make = (input: Input = {}): Scenario => {
  record("scenario", input, fields)
  const latency = record("latency", input.latency ?? {}, ["before", "after"])
  return {
    seed: number("seed", input.seed ?? 1, Number.isSafeInteger, "a whole number"),
    before: latencyOf("latency.before", latency.before ?? 0),
    after: latencyOf("latency.after", latency.after ?? 0),
    skewMillis: millis("skew", input.skew ?? 0, -Infinity),
    speed: number(
      "speed",
      input.speed ?? 1,
      (speed) => speed > 0 && speed <= 1_000_000,
      "a number above 0 and up to 1000000"
    ),
    lower: list("lower", input.lower ?? []).map((lower, index) => lowerOf(`lower[${index}]`, lower)),
    others: ("perSecond" in (input.others ?? {})
      ? [input.others as Others]
      : list("others", (input.others ?? []) as Array<Others>)
    ).map((others, index) => othersOf(`others[${index}]`, others)),
    abandoned: choice("abandoned", ["forgotten", "counted"], input.abandoned ?? "forgotten"),
    counting: countingOf("counting", input.counting ?? {}),
    countingByQuota: Object.fromEntries(
      Object.entries(record("countingByQuota", input.countingByQuota ?? {})).map(([name, options]) => [
        name,
        countingOf(`countingByQuota.${name}`, options)
      ])
    )
  }
}

/** A scenario from what `JSON.parse` gave; throws `ScenarioError`. */
export const decode = (json: unknown): Scenario => make(json as Input)

/**
 * The quotas that the server enforces, each named as in the record: with windows, penalties and lags made `speed` times
 * shorter. A client that is to keep up with a fast server is given the same.
 */
export const quotas = (
  promised: Readonly<Record<string, Quota.Quota>>,
  speed = 1
): Readonly<Record<string, Quota.Quota>> =>
  Object.fromEntries(
    Object.entries(promised).map(([name, quota]) => [
      name,
      Quota.make({
        ...Quota.definition(quota),
        name,
        window: Latency.quicken(quota.windowMillis, speed),
        penalty: Latency.quicken(quota.penaltyMillis, speed),
        releaseLag: Latency.quicken(quota.releaseLagMillis, speed)
      })
    ])
  )

/** Throws when the scenario speaks of a quota that is not among these. */
export const checkQuotas = (scenario: Scenario, promised: Readonly<Record<string, Quota.Quota>>): void => {
  const named: ReadonlyArray<readonly [string, string | undefined]> = [
    ...scenario.lower.map(({ quota }, index) => [`lower[${index}].quota`, quota] as const),
    ...scenario.others.map(({ quota }, index) => [`others[${index}].quota`, quota] as const),
    ...Object.keys(scenario.countingByQuota).map((name) => ["countingByQuota", name] as const)
  ]
  for (const [field, quota] of named) {
    if (quota !== undefined && !Object.hasOwn(promised, quota)) {
      refuse(field, `one of the provider's quotas, ${Object.keys(promised).join(", ")}`, quota)
    }
  }
}

const lowerOf = (field: string, lower: Lower): Scenario["lower"][number] => {
  record(field, lower, ["quota", "limit", "at", "until"])
  const atMillis = millis(`${field}.at`, lower.at ?? 0, 0)
  return {
    quota: text(`${field}.quota`, lower.quota),
    limit: number(
      `${field}.limit`,
      lower.limit,
      (limit) => Number.isSafeInteger(limit) && limit >= 0,
      "a whole number, 0 or more"
    ),
    atMillis,
    untilMillis: lower.until === undefined ? Infinity : millis(`${field}.until`, lower.until, atMillis)
  }
}

const othersOf = (field: string, others: Others): Others => {
  record(field, others, ["perSecond", "quota", "key", "cost"])
  number(
    `${field}.perSecond`,
    others.perSecond,
    (rate) => rate > 0 && rate <= 100_000,
    "a number above 0 and up to 100000"
  )
  if (others.quota !== undefined) text(`${field}.quota`, others.quota)
  if (others.key !== undefined) text(`${field}.key`, others.key)
  number(`${field}.cost`, others.cost ?? 1, isNatural, "a whole number, 1 or more")
  return others
}

const countingOf = (field: string, options: Counter.Options): Counter.Options => {
  record(field, options, Object.keys(countingRules))
  for (const [name, value] of Object.entries(options)) {
    const rule = countingRules[name as keyof Counter.Options]
    if (!rule[0](value)) refuse(`${field}.${name}`, rule[1], value)
  }
  return options
}

type Rule = readonly [holds: (value: unknown) => boolean, says: string]
const oneOf = (...options: ReadonlyArray<unknown>): Rule => [
  (value) => options.includes(value),
  `one of ${options.join(", ")}`
]
const isNatural = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 1
const isWhole = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0
const countingRules: Readonly<Record<keyof Counter.Options, Rule>> = {
  closed: oneOf(true, false),
  tickMillis: [isNatural, "whole milliseconds, 1 or more"],
  start: oneOf("clock", "phase", "firstRequest"),
  phaseMillis: [isWhole, "whole milliseconds, 0 or more"],
  seed: [Number.isSafeInteger, "a whole number"],
  algorithm: oneOf("rolling", "fixed", "slidingCounter", "idleReset"),
  limit: [isNatural, "a whole number, 1 or more"],
  countsRefused: oneOf(true, false),
  releaseLagMillis: [isWhole, "whole milliseconds, 0 or more"]
}

const latencyOf = (field: string, input: Latency.Input): Latency.Latency => {
  try {
    return Latency.fromInput(input)
  } catch (error) {
    return refuse(field, `a latency (${error instanceof Error ? error.message : String(error)})`, input)
  }
}

const millis = (field: string, input: Duration.Input, minimum: number): number => {
  const value = Option.getOrUndefined(Option.map(Duration.fromInput(input), Duration.toMillis))
  return value !== undefined && Number.isFinite(value) && value >= minimum
    ? Math.round(value)
    : refuse(
        field,
        `a duration, such as "1 minute" or 60000${minimum === -Infinity ? "" : `, of at least ${minimum} ms`}`,
        input
      )
}

const number = (field: string, value: number, holds: (value: number) => boolean, rule: string): number =>
  typeof value === "number" && holds(value) ? value : refuse(field, rule, value)

const choice = <A extends string>(field: string, options: ReadonlyArray<A>, value: A): A =>
  options.includes(value) ? value : refuse(field, `one of ${options.join(", ")}`, value)

const text = (field: string, value: string): string =>
  typeof value === "string" && value !== "" ? value : refuse(field, "a text that is not empty", value)

const list = <A>(field: string, value: ReadonlyArray<A>): ReadonlyArray<A> =>
  Array.isArray(value) ? value : refuse(field, "a list", value)

const record = <A extends object>(field: string, value: A, known?: ReadonlyArray<string>): A => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return refuse(field, "an object", value)
  const stray = known && Object.keys(value).find((name) => !known.includes(name))
  return stray === undefined ? value : refuse(field, `only the fields ${known?.join(", ")}`, stray)
}

const refuse = (field: string, rule: string, value: unknown): never => {
  throw new ScenarioError({ field, rule, value })
}
