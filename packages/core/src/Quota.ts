/**
 * What a provider promises, as data: so many units in so long, and how its server counts them.
 *
 * A quota counts nothing itself: `Admission` does the arithmetic, and the simulator enforces the same promise from the
 * other side. `@sluice/core/Policy` reads quotas from JSON.
 *
 * @example
 * ```ts
 * import { Quota } from "@sluice/core"
 *
 * const sustained = Quota.rolling(1000, "1 minute").pipe(Quota.named("sustained"))
 * const ours = sustained.pipe(Quota.share(0.5))
 * ```
 */
import { Duration, Function, Option, Pipeable } from "effect"
import { kinds, maxLimit, pacings, phases, QuotaError, rulesOf } from "./quota/Rules.ts"

export { maxLimit, QuotaError }

/**
 * How the server counts.
 *
 * - `rolling`: a log of the last `window`.
 * - `fixed`: a counter that starts anew each `window`; `phase` tells how its start may be known.
 * - `slidingCounter`: two buckets, the previous one weighted by what is left of it (Cloudflare, Kong).
 * - `tokenBucket`: holds `limit`, gets `refill` back each `window` (GCRA and leaky buckets alike).
 * - `idleReset`: a counter whose expiry every request pushes out, so that only silence for `window` frees it.
 * - `concurrency`: at most `limit` at a time.
 * - `unknown`: not told. Treated as the strictest of rolling, fixed and sliding counter: a hypothesis, not a promise.
 * - `unpublished`: limited, but by a number that nobody tells; only a refusal closes it.
 */
export type Kind = (typeof kinds)[number]

/** How the start of a fixed window may be known: clock multiples told by `Date`, the provider's reset header, or not. */
export type Phase = (typeof phases)[number]

/** A page that says so, and the day on which it was read (ISO date). */
export interface Source {
  readonly url: string
  readonly readOn: string
}

/** Spread out what is left of the window once the server reports fewer than `remaining`: when others use the key, or always. */
export interface SlowBelow {
  readonly remaining: number
  readonly when: "others" | "always"
}

/** What can be said of a quota beyond its kind, limit and window. */
export interface Options {
  /** Distinguishes the quotas of one provider; by default `"1000 per 1m"`. */
  readonly name?: string
  /** Fixed windows only; default `"unknown"`. */
  readonly phase?: Phase
  /** Whether a refused request uses the quota; default `true`, which is always safe. */
  readonly countsRefused?: boolean
  /**
   * Whether a request is counted when it arrives, before it is worked on: then the time that responses say it was worked
   * on is taken off the window. Default `false`, which is always safe.
   */
  readonly countsOnArrival?: boolean
  /** A refusal closes the quota for so long; default zero. */
  readonly penalty?: Duration.Input
  /** `burst` (default) sends as soon as a slot is free, `even` spreads the slots over the window. */
  readonly pacing?: "burst" | "even"
  /** A bare number means `when: "others"`; default never. */
  readonly slowBelow?: number | SlowBelow
  /** Added to the window: closed boundaries, coarse or several server clocks, late counting. Default 1 ms. */
  readonly slack?: Duration.Input
  /** How long after the end of a response its concurrency slot is still held; default zero. */
  readonly releaseLag?: Duration.Input
  /** A physical lower bound of the round trip that you know, credited against the window; default zero. */
  readonly latencyFloor?: Duration.Input
  /** Share by which the server's clock or rate may be off; default 0.001. */
  readonly rateMargin?: number
  /** Whether the numbers are our guess, so that what the provider says replaces them in either direction. */
  readonly assumed?: boolean
  /** The provider's own number where `limit` is only a part of it. */
  readonly published?: number
  readonly source?: Source
}

/** A quota as data. Times are whole milliseconds; `refill` and `step` concern token buckets only. */
export interface Quota extends Pipeable.Pipeable {
  readonly name: string
  readonly kind: Kind
  readonly limit: number
  readonly windowMillis: number
  readonly refill: number
  readonly step: number
  readonly phase: Phase
  readonly countsRefused: boolean
  readonly countsOnArrival: boolean
  readonly penaltyMillis: number
  readonly pacing: "burst" | "even"
  readonly slowBelow: SlowBelow | undefined
  readonly slackMillis: number
  readonly releaseLagMillis: number
  readonly latencyFloorMillis: number
  readonly rateMargin: number
  readonly assumed: boolean
  readonly published: number
  readonly source: Source | undefined
}

/** Everything that makes a quota; the form in which policies are written in JSON. */
export interface Definition extends Options {
  readonly kind: Kind
  readonly limit?: number
  readonly window?: Duration.Input
  readonly refill?: number
  readonly step?: number
}

/** Kinds whose arithmetic weighs units with milliseconds, and the largest product that stays an exact integer. */
const weighing: ReadonlySet<Kind> = new Set(["slidingCounter", "unknown", "tokenBucket"])
const maxWeight = 2 ** 51

/** Builds a quota from its definition; throws `QuotaError`. */
export const make = (definition: Definition): Quota => {
  const { kind, source } = definition
  const rateMargin = definition.rateMargin ?? 0.001
  const isUnpublished = kind === "unpublished"
  const window = definition.window ?? (kind === "concurrency" ? 0 : undefined)
  const name = definition.name ?? `${isUnpublished ? kind : definition.limit}${perWindow(window)}`
  const { flag, millis, oneOf, refuse, whole } = rulesOf(name, definition)
  if (!(rateMargin >= 0 && rateMargin <= 0.5)) refuse("rateMargin", "a fraction from 0 to 0.5", rateMargin)
  if (name === "") refuse("name", "a text that is not empty", name)
  const limit = whole("limit", isUnpublished ? maxLimit : undefined)
  const step = whole("step", 1)
  if (kind === "tokenBucket" && step > limit) refuse("step", `at most the limit, ${limit}`, step)
  const windowMillis = millis("window", window, kind === "concurrency" ? 0 : 1)
  if (weighing.has(kind) && limit * windowMillis > maxWeight) {
    refuse("window", `at most ${Math.floor(maxWeight / limit)} ms with a limit of ${limit}, to stay exact`, window)
  }
  const published = whole("published", limit)
  if (published < limit) refuse("published", `at least the limit, ${limit}`, published)
  return {
    ...Pipeable.Prototype,
    name,
    kind: oneOf("kind", kinds),
    limit,
    windowMillis,
    refill: whole("refill", limit),
    step,
    phase: oneOf("phase", phases, "unknown"),
    countsRefused: flag("countsRefused", true),
    countsOnArrival: flag("countsOnArrival", false),
    penaltyMillis: millis("penalty", 0),
    pacing: oneOf("pacing", pacings, "burst"),
    slowBelow: slowBelowOf(definition.slowBelow, refuse),
    slackMillis: millis("slack", 1),
    releaseLagMillis: millis("releaseLag", 0),
    latencyFloorMillis: millis("latencyFloor", 0),
    rateMargin,
    assumed: flag("assumed", false),
    published,
    source
  }
}

/** At most `limit` in any span of `window`, by a log of the server's. */
export const rolling = (limit: number, window: Duration.Input, options?: Options): Quota =>
  make({ ...options, kind: "rolling", limit, window })

/** At most `limit` in each window; say with `phase` how the start of a window can be known. */
export const fixed = (limit: number, window: Duration.Input, options?: Options): Quota =>
  make({ ...options, kind: "fixed", limit, window })

/** At most `limit` in each civil day, month or year, as long as the longest of them lasts (a day has 25 hours in autumn). */
export const calendar = (limit: number, unit: keyof typeof longestHours, options?: Options): Quota =>
  make({ name: `${limit} per ${unit}`, ...options, kind: "fixed", limit, window: Duration.hours(longestHours[unit]) })
const longestHours = { day: 25, month: 31 * 24 + 1, year: 366 * 24 }

/** At most `limit` by the weighted count of the last two windows. */
export const slidingCounter = (limit: number, window: Duration.Input, options?: Options): Quota =>
  make({ ...options, kind: "slidingCounter", limit, window })

/** A bucket of `capacity` that gets `refill` back `every` so long, continuously or `step` at once. */
export const tokenBucket = (
  bucket: {
    readonly capacity: number
    readonly refill: number
    readonly every: Duration.Input
    readonly step?: number
  },
  options?: Options
): Quota =>
  make({
    ...options,
    kind: "tokenBucket",
    limit: bucket.capacity,
    refill: bucket.refill,
    window: bucket.every,
    step: bucket.step ?? 1
  })

/** At most `limit` until the server has seen nothing for `window`. */
export const idleReset = (limit: number, window: Duration.Input, options?: Options): Quota =>
  make({ ...options, kind: "idleReset", limit, window })

/** At most `limit` at a time, from admission until the response has been read. */
export const concurrency = (limit: number, options?: Options): Quota =>
  make({ name: `${limit} at a time`, ...options, kind: "concurrency", limit })

/** At most `limit` per `window`, by a rule that is not told. */
export const unknown = (limit: number, window: Duration.Input, options?: Options): Quota =>
  make({ ...options, kind: "unknown", limit, window })

/** A limit whose number is not told: nothing is held back until a refusal closes it. */
export const unpublished = (window: Duration.Input, options?: Options): Quota =>
  make({ ...options, kind: "unpublished", window })

/** The same quota under another name. */
export const named: {
  (name: string): (self: Quota) => Quota
  (self: Quota, name: string): Quota
} = Function.dual(2, (self: Quota, name: string): Quota => make({ ...definition(self), name }))

/** The same quota with other options. */
export const withOptions: {
  (options: Options): (self: Quota) => Quota
  (self: Quota, options: Options): Quota
} = Function.dual(2, (self: Quota, options: Options): Quota => make({ ...definition(self), ...options }))

/**
 * A part of the quota, rounded down and at least one unit, for one of several users of a key. What the others use up to
 * the published number is then not taken for theft.
 */
export const share: {
  (part: number): (self: Quota) => Quota
  (self: Quota, part: number): Quota
} = /* @__PURE__ */ Function.dual(2, (self: Quota, part: number): Quota => {
  if (!(part > 0 && part <= 1)) {
    throw new QuotaError({ quota: self.name, field: "share", rule: "a fraction above 0 and up to 1", value: part })
  }
  const limit = Math.max(1, Math.floor(self.limit * part))
  const slower = self.kind === "tokenBucket" ? { window: Math.ceil(self.windowMillis / part) } : {}
  return make({ ...definition(self), ...slower, limit, step: Math.min(self.step, limit), published: self.published })
})

/** The definition that makes this quota, with every option written out. */
export const definition = (self: Quota): Definition => {
  const { latencyFloorMillis, penaltyMillis, pipe: _, releaseLagMillis, slackMillis, windowMillis, ...same } = self
  const { slowBelow, source, ...rest } = same
  return {
    ...rest,
    window: windowMillis,
    penalty: penaltyMillis,
    slack: slackMillis,
    releaseLag: releaseLagMillis,
    latencyFloor: latencyFloorMillis,
    ...(slowBelow && { slowBelow }),
    ...(source && { source })
  }
}

/** Whether the value is a quota that `make` has built. */
export const isQuota = (input: unknown): input is Quota =>
  typeof input === "object" && input !== null && "kind" in input && "windowMillis" in input && "published" in input

const perWindow = (window: Duration.Input | undefined) =>
  Option.match(window === undefined ? Option.none() : Duration.fromInput(window), {
    onNone: () => "",
    onSome: (duration) => ` per ${Duration.format(duration)}`
  })

const slowBelowOf = (
  value: number | SlowBelow | undefined,
  refuse: (field: string, rule: string, value: unknown) => never
): SlowBelow | undefined => {
  const slowBelow = typeof value === "number" ? { remaining: value, when: "others" as const } : value
  if (slowBelow && !(slowBelow.remaining >= 0)) refuse("slowBelow", "a number of remaining units, 0 or more", value)
  return slowBelow
}
