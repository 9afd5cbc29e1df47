/** Every algorithm by which servers count, each with its price: the units in a millisecond that a client could get at best. */
import * as Quota from "@sluice/core/Quota"
import type { Result, World } from "./World.ts"

/**
 * What nobody could surpass who sees what the client sees. It depends on how long requests are under way, which a run
 * tells: a slot is away for its flight and for a window, with the window's margin and slack.
 */
export type Price = (result: Result, quota: Quota.Quota) => number

export interface Server {
  readonly name: string
  readonly quotas: readonly [Quota.Quota, ...Array<Quota.Quota>]
  /** Left out where the client does not ask without pause, so that there is nothing to compare. */
  readonly price?: Price
  /** The share of the price to reach when nothing goes wrong; default 0.99. */
  readonly least?: number
  readonly world?: Partial<World>
  /** Names of the latencies under which the price holds; default all of them. */
  readonly within?: ReadonlyArray<string>
  /** How many requests it takes to see something, in parts of what others get; default 1. */
  readonly weight?: number
}

const cooling = ({ windowMillis, rateMargin, slackMillis }: Quota.Quota) =>
  windowMillis * (1 + rateMargin) + slackMillis
const perSlot: Price = ({ heldMillis }, quota) => quota.limit / (cooling(quota) + heldMillis)
const perWindow: Price = (_, quota) => quota.limit / quota.windowMillis
/** A window begins with the first request after the last one's end, which is told to a second that may be rounded either way. */
const perToldWindow: Price = (_, quota) => quota.limit / (quota.windowMillis + 1700)
/** Known roughly only, and less under jitter; that every instant is the earliest one which is safe is shown elsewhere. */
const perSlidingSlot: Price = (result, quota) => (1 - 1 / quota.limit) * perSlot(result, quota)
const perRefill: Price = (_, quota) => quota.refill / (quota.windowMillis * (1 + quota.rateMargin))
const perFlight: Price = ({ heldMillis }, quota) => quota.limit / heldMillis

const bucket = { capacity: 20, refill: 10, every: 1000 }
const bursts = { everyMillis: 800, size: 12 }
const steady = ["none", "constant"]

export const servers: ReadonlyArray<Server> = [
  { name: "rolling log", quotas: [Quota.rolling(50, 10_000)], price: perSlot, world: { tells: "floor" } },
  { name: "rolling log, silent", quotas: [Quota.rolling(50, 10_000)], price: perSlot },
  {
    name: "rolling log, closed",
    quotas: [Quota.rolling(20, 2000)],
    price: perSlot,
    world: { counting: { closed: true }, tells: "ceil" }
  },
  {
    name: "rolling log, closed, whole seconds",
    quotas: [Quota.rolling(20, 60_000, { slack: 1000 })],
    price: perSlot,
    world: { counting: { closed: true, tickMillis: 1000 }, tells: "remaining" }
  },
  {
    name: "rolling log, in thousandths",
    quotas: [Quota.rolling(1001, 60_000)],
    price: perSlot,
    world: { tells: "remaining" },
    weight: 20
  },
  {
    name: "rolling log, only bursts",
    quotas: [Quota.rolling(20, 2000)],
    world: { isSaturated: false, bursts, tells: "round" }
  },
  {
    name: "rolling logs, three at once",
    quotas: [
      Quota.rolling(60, 20_000, { name: "sustained" }),
      Quota.rolling(10, 1000, { name: "burst" }),
      Quota.rolling(50_000, 86_400_000, { name: "daily" })
    ],
    price: perSlot,
    world: { bursts: { everyMillis: 3000, size: 6 }, tells: "floor" },
    weight: 3
  },
  {
    name: "rolling log, time at work told",
    quotas: [Quota.rolling(20, 1000, { countsOnArrival: true })],
    price: perSlot,
    world: { works: { uniform: [20, 300] }, tells: "remaining" },
    weight: 5
  },
  { name: "fixed window", quotas: [Quota.fixed(30, 5000)], price: perSlot, world: { tells: "remaining" } },
  {
    name: "fixed window, from the first",
    quotas: [Quota.fixed(30, 5000)],
    price: perSlot,
    world: { counting: { start: "firstRequest" }, tells: "remaining" }
  },
  {
    name: "fixed window, clock",
    quotas: [Quota.fixed(100, 60_000, { phase: "clock" })],
    price: perWindow,
    world: { tells: "floor" },
    weight: 2
  },
  {
    name: "fixed window, clock, a second",
    quotas: [Quota.fixed(100, 1000, { phase: "clock" })],
    price: perWindow,
    world: { tells: "floor" },
    weight: 8
  },
  {
    name: "fixed window, reset told",
    quotas: [Quota.fixed(100, 60_000, { phase: "reset" })],
    price: perWindow,
    world: { tells: "round" },
    weight: 2
  },
  {
    name: "fixed window, seconds told",
    quotas: [Quota.fixed(100, 60_000, { phase: "reset" })],
    price: perWindow,
    world: { tells: "after" },
    weight: 2
  },
  {
    name: "fixed window, from the first, told",
    quotas: [Quota.fixed(100, 60_000, { phase: "reset" })],
    price: perToldWindow,
    world: { counting: { start: "firstRequest" }, tells: "ceil" },
    weight: 2
  },
  {
    name: "sliding counter",
    quotas: [Quota.slidingCounter(20, 2000)],
    price: perSlidingSlot,
    least: 0.95,
    world: { tells: "remaining" }
  },
  {
    name: "sliding counter, tenths of seconds",
    quotas: [Quota.slidingCounter(20, 2000, { slack: 100 })],
    price: perSlidingSlot,
    least: 0.95,
    world: { counting: { tickMillis: 100, start: "firstRequest" } }
  },
  {
    name: "sliding counter, time at work told",
    quotas: [Quota.slidingCounter(20, 2000, { countsOnArrival: true })],
    price: perSlidingSlot,
    least: 0.94,
    world: { works: { uniform: [20, 300] }, tells: "remaining" },
    weight: 2
  },
  { name: "token bucket", quotas: [Quota.tokenBucket(bucket)], price: perRefill, world: { tells: "remaining" } },
  {
    name: "token bucket, in steps",
    quotas: [Quota.tokenBucket({ ...bucket, step: 5 })],
    price: perRefill,
    world: { tells: "remaining" }
  },
  {
    name: "expiry pushed out",
    quotas: [Quota.idleReset(20, 1000)],
    price: perSlot,
    within: steady,
    world: { tells: "remaining" }
  },
  {
    name: "expiry pushed out, only bursts",
    quotas: [Quota.idleReset(20, 1000)],
    world: { isSaturated: false, bursts }
  },
  {
    name: "concurrency",
    quotas: [Quota.concurrency(5)],
    price: perFlight,
    least: 0.98,
    within: ["constant", "uniform", "tail"]
  },
  ...(["rolling", "fixed", "slidingCounter"] as const).map((algorithm) => ({
    name: `not told, in truth ${algorithm}`,
    quotas: [Quota.unknown(20, 2000)] as const,
    world: { counting: { algorithm }, tells: "remaining" as const, bursts },
    weight: 0.5
  })),
  {
    name: "not told, in truth a bucket",
    quotas: [Quota.unknown(20, 2000, { name: "x" })],
    world: { served: [Quota.tokenBucket({ capacity: 20, refill: 20, every: 2000 }, { name: "x" })], bursts },
    weight: 0.5
  }
]

/** The way to the instant of counting, and the way back. */
export const latencies: Readonly<Record<string, Pick<World, "before" | "after">>> = {
  none: {},
  constant: { before: 40, after: 25 },
  uniform: { before: { uniform: [0, 90] }, after: { uniform: [0, 40] } },
  tail: {
    before: { lognormal: { median: 40, sigma: 0.8, cap: 1000 } },
    after: { lognormal: { median: 20, sigma: 1, cap: 400 } }
  }
}

/** The clocks of client and server, within the drift that is assumed: one of them for each case. */
export const clocks: ReadonlyArray<Pick<World, "skewMillis" | "drift">> = [
  { skewMillis: 0, drift: 0 },
  { skewMillis: 12_345.6, drift: 0.0005 },
  { skewMillis: 98_765.4, drift: -0.0005 }
]
