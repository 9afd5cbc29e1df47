/** One server, one latency, one fault: run, and judged by what was promised. */
import * as Quota from "@sluice/core/Quota"
import * as Seeded from "@sluice/simulator/Seeded"
import { clocks, latencies, type Server, servers } from "./Servers.ts"
import { type Trial, trials } from "./Trials.ts"
import { type Result, run } from "./World.ts"

/** A server under one latency, with all that is tried on it. */
export interface Group {
  readonly server: string
  readonly latency: string
}

export interface Row extends Group {
  readonly trial: string
  readonly seed: number
  readonly requests: number
  readonly refusals: number
  readonly notices: number
  /** Share of the price; nothing where there is no price to compare. */
  readonly share: number | undefined
  /** Whether an assumption was broken, so that some refusals are what it takes to notice. */
  readonly isBroken: boolean
  /** What was promised and did not happen. */
  readonly failure: string | undefined
}

export const groups: ReadonlyArray<Group> = servers.flatMap((server) =>
  Object.keys(latencies)
    // Without any latency nothing is ever under way, and a limit of so many at a time never binds.
    .filter((latency) => server.quotas[0].kind !== "concurrency" || latency !== "none")
    .map((latency) => ({ server: server.name, latency }))
)

export const trialsOf = (group: Group): ReadonlyArray<Trial> => {
  const server = serverOf(group)
  return trials.filter((trial) => trial.concerns?.(server) ?? true)
}

/** The part of all requests that a group's cases get each. */
export const weightOf = (group: Group): number => serverOf(group).weight ?? 1

/** Runs what is tried on a server, or one of it, with so many requests each; every random choice follows from the seed. */
export const runGroup = (group: Group, requests: number, seed: number, only?: string): ReadonlyArray<Row> => {
  const server = serverOf(group)
  // Whole windows, so that the last one is not half empty when the price is compared.
  const { limit } = server.quotas[0]
  const each = Math.ceil((requests * weightOf(group)) / limit) * limit
  let millis = 0
  return trialsOf(group).flatMap((trial, index) => {
    // What is tried first is nothing: how long it took tells where the episodes of the others lie.
    if (only !== undefined && only !== trial.name && index > 0) return []
    const own = Seeded.hash(String(seed), server.name, group.latency, trial.name)
    const result = runCase(server, group.latency, trial, each, own, millis)
    if (index === 0) millis = result.elapsedMillis
    return only === undefined || only === trial.name ? [judge(server, group.latency, trial, result, own)] : []
  })
}

/** A price is not compared over fewer windows. */
const comparable = 48

const runCase = (
  server: Server,
  latency: string,
  trial: Trial,
  requests: number,
  seed: number,
  millis: number
): Result => {
  const [quota] = server.quotas
  const clock = clocks[seed % clocks.length]
  const slacker = trial.slackMillis ?? 0
  return run({
    ...latencies[latency],
    served: server.quotas,
    ...server.world,
    quotas: server.quotas.map((one) => Quota.withOptions(one, { slack: one.slackMillis + slacker })),
    requests,
    seed,
    skewMillis: clock?.skewMillis ?? 0,
    drift: (clock?.drift ?? 0) + (trial.drift ?? 0),
    faults: trial.faults({ millis, quota, shortestMillis: Math.min(...server.quotas.map((one) => one.windowMillis)) }),
    calmFrom: millis / 2 + 3 * quota.windowMillis
  })
}

const judge = (server: Server, latency: string, trial: Trial, result: Result, seed: number): Row => {
  const [quota] = server.quotas
  const { units, elapsedMillis, requests, refusals, notices } = result
  const isPriced = (server.within?.includes(latency) ?? true) && units >= comparable * quota.limit
  // The first batch is free: it finds every slot empty.
  const share =
    isPriced && server.price ? (units - quota.limit) / elapsedMillis / server.price(result, quota) : undefined
  const isBroken = trial.breaks?.(server) ?? false
  const row = { server: server.name, latency, trial: trial.name, seed, requests, refusals, notices, share, isBroken }
  return { ...row, failure: isBroken ? unnoticed(server, trial, result) : broken(server, trial, result, share) }
}

const broken = (server: Server, trial: Trial, result: Result, share: number | undefined): string | undefined => {
  const least = server.least ?? 0.99
  if (result.refusals > 0) return `${result.refusals} refusals where none may be`
  if (trial.name !== "nothing") return undefined
  if (result.foreign > 0) return `${result.foreign} units taken for others'`
  if (share !== undefined && share < least) return `${percent(share)} of the price, not ${percent(least)}`
  return undefined
}

const unnoticed = (server: Server, trial: Trial, { notices, lateNotices }: Result): string | undefined => {
  // Each quota of a claim learns for itself; what lasts is met again, ever more seldom.
  const few = trial.few?.(server) ?? (trial.isLasting ? 5 + 4 * server.quotas.length : 6)
  const late = trial.isLasting ? 3 * server.quotas.length : 0
  if (notices > few) return `noticed ${notices} times, not ${few} at most`
  if (lateNotices > late) return `noticed ${lateNotices} times after it should have been known or over`
  return undefined
}

const serverOf = ({ server }: Group): Server => {
  const found = servers.find(({ name }) => name === server)
  if (!found) throw new RangeError(`No server is called ${server}.`)
  return found
}

export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`
