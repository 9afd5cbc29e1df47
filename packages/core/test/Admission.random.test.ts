import { assert, describe, it } from "@effect/vitest"
import * as Quota from "@sluice/core/Quota"
import { afterAll } from "vitest"
import { type Result, run, type World } from "./admission/World.ts"

/** Units in a second that nobody could surpass who sees what the client sees; see each row. */
type Price = (result: Result, quota: Quota.Quota) => number

/** A slot is away for its flight and for a window with its margin and slack. */
const perSlot: Price = ({ heldMillis }, quota) => quota.limit / (cooling(quota) + heldMillis)
const cooling = ({ windowMillis, rateMargin, slackMillis }: Quota.Quota) =>
  windowMillis * (1 + rateMargin) + slackMillis
/** Every unit of every window. */
const perWindow: Price = (_, quota) => quota.limit / quota.windowMillis
/** A window begins with the first request after the last one's end, which is told to a second that may be rounded either way. */
const perToldWindow: Price = (_, quota) => quota.limit / (quota.windowMillis + 1700)
/**
 * The sliding counter's price is known roughly only, and less under jitter; that every instant is the earliest which the
 * exact rule allows is shown by `Admission.sliding.test.ts`.
 */
const perSlidingSlot: Price = (result, quota) => (1 - 1 / quota.limit) * perSlot(result, quota)
const perRefill: Price = (_, quota) => quota.refill / (quota.windowMillis * (1 + quota.rateMargin))
const perBatch: Price = ({ heldMillis }, quota) => quota.limit / (cooling(quota) + heldMillis)
const perFlight: Price = ({ heldMillis }, quota) => quota.limit / heldMillis

const zero = {}
const constant = { before: 40, after: 25 }
const uniform = { before: { uniform: [0, 90] }, after: { uniform: [0, 40] } } as const
const heavy = {
  before: { lognormal: { median: 40, sigma: 0.8 } },
  after: { lognormal: { median: 20, sigma: 1 } }
} as const
const latencies = { zero, constant, uniform, heavy }
const bursts = { everyMillis: 3000, size: 6 }

const rows = new Map<string, { requests: number; refusals: number; least: number }>()
let seed = 0

/** Runs worlds of one server with every latency; `share` is what is asked of the price, or nothing where it is not compared. */
const server = (
  name: string,
  quotas: ReadonlyArray<Quota.Quota>,
  world: Partial<World>,
  price: Price | undefined,
  options: { readonly latencies?: Readonly<Record<string, Partial<World>>>; readonly share?: number } = {}
) => {
  for (const [latency, spans] of Object.entries(options.latencies ?? latencies)) {
    const ownSeed = ++seed
    it(`is not refused by ${name}, latency ${latency}`, () => {
      const result = run({ quotas, requests: 2000, ...world, ...spans, seed: ownSeed })
      const row = rows.get(name) ?? { requests: 0, refusals: 0, least: Infinity }
      rows.set(name, row)
      row.requests += result.requests
      row.refusals += result.refusals
      assert.strictEqual(result.refusals, 0, `seed ${ownSeed}: refusals`)
      assert.strictEqual(result.foreign, 0, `seed ${ownSeed}: units that were taken for others'`)
      const [quota] = quotas
      if (!price || !quota) return
      // The first batch is free: it finds every slot empty.
      const share = (result.units - quota.limit) / result.elapsedMillis / price(result, quota)
      row.least = Math.min(row.least, share)
      assert.isAtLeast(share, options.share ?? 0.99, `seed ${ownSeed}: share of the price`)
    })
  }
}

afterAll(() => {
  const total = [...rows.values()].reduce((sum, row) => sum + row.requests, 0)
  const lines = [...rows].map(
    ([name, row]) =>
      `  ${name.padEnd(52)} ${String(row.requests).padStart(8)} ${String(row.refusals).padStart(4)}` +
      `  ${row.least === Infinity ? "" : `${(row.least * 100).toFixed(1)} %`}`
  )
  console.log(`server, requests, refusals, least share of its price\n${lines.join("\n")}\n  total ${total}`)
})

describe("Admission", () => {
  const clocks = [
    { skewMillis: 0, drift: 0 },
    { skewMillis: 12_345.6, drift: 0.0005 },
    { skewMillis: 98_765.4, drift: -0.0005 }
  ]
  const drifting = (index: number) => clocks[index % clocks.length] ?? {}

  server("rolling log", [Quota.rolling(50, 10_000)], { ...drifting(1), tells: "floor", requests: 8000 }, perSlot)
  server("rolling log, closed", [Quota.rolling(20, 2000)], { ...drifting(2), counting: { closed: true } }, perSlot)
  server(
    "rolling log, lost and unsent",
    [Quota.rolling(20, 5000)],
    { ...drifting(1), lost: 0.02, unsent: 0.05, bursts, tells: "remaining" },
    perSlot
  )
  server(
    "rolling log, bursts of 1-3 units",
    [Quota.rolling(20, 2000)],
    { ...drifting(2), isSaturated: false, bursts: { everyMillis: 800, size: 12 } },
    undefined
  )
  server(
    "rolling log, large and in thousandths",
    [Quota.rolling(5000, 60_000)],
    { ...drifting(2), requests: 20_000 },
    perSlot,
    { latencies: { uniform } }
  )
  server(
    "rolling logs, three at once",
    [Quota.rolling(60, 20_000), Quota.rolling(10, 1000, { name: "burst" }), Quota.rolling(50_000, 86_400_000)],
    { ...drifting(1), bursts, requests: 6000 },
    perSlot
  )

  server(
    "rolling log, closed, by whole seconds",
    [Quota.rolling(20, 60_000, { slack: 1000 })],
    { ...drifting(1), counting: { closed: true, tickMillis: 1000 } },
    perSlot
  )
  server("fixed windows, unknown phase", [Quota.fixed(30, 5000)], { ...drifting(2), tells: "remaining" }, perSlot)
  server(
    "fixed windows from the first request",
    [Quota.fixed(30, 5000)],
    { ...drifting(1), counting: { start: "firstRequest" }, lost: 0.01 },
    perSlot
  )
  server(
    "fixed windows, clock",
    [Quota.fixed(100, 60_000, { phase: "clock" })],
    { ...drifting(1), tells: "floor", requests: 4000 },
    perWindow
  )
  server(
    "fixed windows, clock, lost",
    [Quota.fixed(100, 60_000, { phase: "clock" })],
    { ...drifting(2), tells: "remaining", lost: 0.01, bursts },
    undefined
  )
  server(
    "fixed windows, reset told, floored",
    [Quota.fixed(100, 60_000, { phase: "reset" })],
    { ...drifting(1), tells: "floor", requests: 4000 },
    perWindow
  )
  server(
    "fixed windows, reset told, rounded",
    [Quota.fixed(100, 60_000, { phase: "reset" })],
    { ...drifting(2), tells: "round", requests: 4000 },
    perWindow
  )
  server(
    "fixed windows, seconds told",
    [Quota.fixed(100, 60_000, { phase: "reset" })],
    { ...drifting(2), tells: "after", requests: 4000 },
    perWindow
  )
  server(
    "fixed windows from the first, reset told",
    [Quota.fixed(100, 60_000, { phase: "reset" })],
    { ...drifting(1), counting: { start: "firstRequest" }, tells: "ceil", requests: 4000 },
    perToldWindow
  )
  server(
    "fixed windows, reset told, lost",
    [Quota.fixed(100, 60_000, { phase: "reset" })],
    { ...drifting(1), tells: "round", lost: 0.01, bursts },
    undefined
  )

  server("sliding counter", [Quota.slidingCounter(20, 2000)], { ...drifting(2), tells: "remaining" }, perSlidingSlot, {
    share: 0.95
  })
  server(
    "sliding counter from the first request",
    [Quota.slidingCounter(20, 2000)],
    { ...drifting(1), counting: { start: "firstRequest" }, lost: 0.01, bursts },
    perSlidingSlot,
    { share: 0.95 }
  )

  server(
    "sliding counter, by tenths of seconds",
    [Quota.slidingCounter(20, 2000, { slack: 100 })],
    { ...drifting(2), counting: { tickMillis: 100 } },
    perSlidingSlot,
    { share: 0.95 }
  )
  server(
    "token bucket",
    [Quota.tokenBucket({ capacity: 20, refill: 10, every: 1000 })],
    { ...drifting(1), tells: "remaining" },
    perRefill
  )
  server(
    "token bucket, bursts and lost",
    [Quota.tokenBucket({ capacity: 20, refill: 10, every: 1000 })],
    { ...drifting(2), isSaturated: false, bursts: { everyMillis: 500, size: 10 }, lost: 0.02 },
    undefined
  )
  server(
    "token bucket in steps",
    [Quota.tokenBucket({ capacity: 20, refill: 10, every: 1000, step: 5 })],
    { ...drifting(2), tells: "remaining" },
    perRefill
  )

  server(
    "expiry that requests push out",
    [Quota.idleReset(20, 1000)],
    { ...drifting(1), tells: "remaining" },
    perBatch,
    { latencies: { zero, constant } }
  )
  server(
    "expiry that requests push out, bursts",
    [Quota.idleReset(20, 1000)],
    { ...drifting(2), isSaturated: false, bursts: { everyMillis: 200, size: 10 }, lost: 0.01 },
    undefined
  )
  server("concurrency", [Quota.concurrency(5)], { ...drifting(1), lost: 0.01, unsent: 0.01 }, perFlight, {
    latencies: { constant, uniform, heavy }
  })

  for (const algorithm of ["rolling", "fixed", "slidingCounter"] as const) {
    server(
      `not told, in truth ${algorithm}`,
      [Quota.unknown(20, 2000)],
      { ...drifting(1), counting: { algorithm }, tells: "remaining", bursts },
      undefined
    )
  }
  server(
    "not told, in truth a token bucket",
    [Quota.unknown(20, 2000, { name: "x" })],
    { ...drifting(2), served: [Quota.tokenBucket({ capacity: 20, refill: 20, every: 2000 }, { name: "x" })], bursts },
    undefined
  )
})
