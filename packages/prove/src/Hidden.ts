/**
 * "100 per 10 s", and nothing else is told: servers that count by every algorithm which keeps to that, behind one quota.
 *
 * The client takes it for `unknown`, or for `rolling` as most would write it. A server may count late, within the slack
 * that the client was told; its windows begin by the clock, at a phase of their own, or with the first request.
 */
import * as Quota from "@sluice/core/Quota"
import * as Seeded from "@sluice/simulator/Seeded"
import { percent } from "./Case.ts"
import { clocks } from "./Servers.ts"
import { run, type World } from "./World.ts"

export const limit = 100
export const windowMillis = 10_000
const name = "published"
const lag = 50

/** What the client writes: the first stance is never refused, the second once at most. */
export const stances = ["unknown", "rolling"] as const
export type Stance = (typeof stances)[number]

type Server = Pick<World, "counting" | "faults" | "tells"> & { readonly served: Quota.Quota }

const rolling = Quota.rolling(limit, windowMillis, { name })
const fixed = Quota.fixed(limit, windowMillis, { name })
const sliding = Quota.slidingCounter(limit, windowMillis, { name })
const bucket = (capacity: number, step = 1) =>
  Quota.tokenBucket({ capacity, refill: limit, every: windowMillis, step }, { name })
const late = { lagMillis: lag }
const first = { start: "firstRequest" } as const
const clock = { start: "clock" } as const

export const servers: Readonly<Record<string, Server>> = {
  "fixed window, clock": { served: fixed, counting: clock },
  "fixed window, own phase": { served: fixed },
  "fixed window, from the first": { served: fixed, counting: first },
  "fixed window, late": { served: fixed, faults: late },
  "rolling log": { served: rolling },
  "rolling log, closed": { served: rolling, counting: { closed: true } },
  "rolling log, late": { served: rolling, faults: late },
  "sliding counter, clock": { served: sliding, counting: clock },
  "sliding counter, own phase": { served: sliding },
  "sliding counter, from the first": { served: sliding, counting: first },
  "sliding counter, tells": { served: sliding, tells: "floor" },
  "sliding counter, late": { served: sliding, faults: late },
  "token bucket": { served: bucket(limit) },
  "token bucket, twice the limit": { served: bucket(2 * limit) },
  "token bucket, all at once": { served: bucket(limit, limit) },
  "token bucket, late": { served: bucket(limit), faults: late }
}

/** The way to the instant of counting, and the way back. */
export const latencies: Readonly<Record<string, Pick<World, "before" | "after">>> = {
  none: {},
  constant: { before: 40, after: 25 },
  uniform: { before: { uniform: [5, 50] }, after: { uniform: [5, 50] } },
  tail: {
    before: { lognormal: { median: 40, sigma: 0.8, cap: 200 } },
    after: { lognormal: { median: 20, sigma: 0.8, cap: 100 } }
  }
}

export interface Task {
  readonly server: string
  readonly latency: string
  readonly stance: Stance
  readonly windows: number
  readonly seeds: number
}

/** Over all seeds: the most of what is unwelcome, the least of what is wanted. */
export interface Row extends Task {
  readonly requests: number
  readonly refusals: number
  /** Refusals of what was sent after the last refusal was known. */
  readonly episodes: number
  /** What was not refused, of `limit` per window, without the first batch, which finds every slot empty. */
  readonly share: number
}

export const tasks = (windows: number, seeds: number): ReadonlyArray<Task> =>
  Object.keys(servers).flatMap((server) =>
    Object.keys(latencies).flatMap((latency) => stances.map((stance) => ({ server, latency, stance, windows, seeds })))
  )

/** Runs a task; each seed has its phase, its clocks and its latencies. */
export const runTask = (task: Task): Row => {
  const { server, latency, seeds, stance, windows } = task
  const { served, ...world } = servers[server] ?? { served: rolling }
  const slack = world.faults?.lagMillis ?? 0
  const results = Array.from({ length: seeds }, (_, i) => {
    const seed = Seeded.hash(String(i + 1), server, latency)
    return run({
      ...latencies[latency],
      ...world,
      served: [served],
      quotas: [Quota.make({ kind: stance, limit, window: windowMillis, name, slack: slack + 1 })],
      requests: windows * limit,
      seed,
      skewMillis: seed % windowMillis,
      drift: clocks[seed % clocks.length]?.drift ?? 0
    })
  })
  return {
    ...task,
    requests: results.reduce((sum, result) => sum + result.requests, 0),
    refusals: Math.max(...results.map((result) => result.refusals)),
    episodes: Math.max(...results.map((result) => result.notices)),
    share: Math.min(
      ...results.map(
        ({ elapsedMillis, refusals, units }) => ((units - refusals - limit) * windowMillis) / (elapsedMillis * limit)
      )
    )
  }
}

/** What has to be reached of the limit in so many windows: with `rolling` a batch may be refused, and a long tail costs more. */
const comparable = 300
const leastOf = ({ latency, stance }: Task) => (stance === "unknown" && latency !== "tail" ? 0.97 : 0.96)
const most: Readonly<Record<Stance, number>> = { unknown: 0, rolling: 1 }

/** What is promised and did not happen. */
export const failureOf = (row: Row): string | undefined => {
  if (row.episodes > most[row.stance]) return `${row.episodes} episodes of refusals, not ${most[row.stance]}`
  const least = row.windows >= comparable ? leastOf(row) : 0
  return row.share < least ? `${percent(row.share)} of the limit, not ${percent(least)}` : undefined
}
