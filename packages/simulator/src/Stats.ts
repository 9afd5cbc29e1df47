/** What a simulated server saw: totals, counts by quota and by key, and a timeline of the counters. */
import * as Seeded from "./Seeded.ts"

/** One counter's decision. Instants are the client's wall clock, so that they can be laid beside its own. */
export interface Point {
  readonly atMillis: number
  readonly simulation: string
  readonly quota: string
  readonly key: string
  readonly cost: number
  readonly isRefused: boolean
  /** It was a stranger's request, not the client's. */
  readonly isForeign: boolean
}

export interface Stats {
  /** All requests of the client, whatever became of them. */
  readonly requests: number
  /** Requests that a quota refused. */
  readonly refusals: number
  /** Requests that were answered before anything was counted. */
  readonly intercepted: number
  /** The same by the status of their answers, 429 among them where a refusal was forced. */
  readonly interceptedByStatus: Readonly<Record<number, number>>
  /** Requests to an endpoint that the simulation does not have. */
  readonly unrouted: number
  /** By simulation, then by quota. */
  readonly quotas: Readonly<Record<string, Readonly<Record<string, QuotaCount>>>>
  /** By simulation, then by key (partition). */
  readonly keys: Readonly<Record<string, Readonly<Record<string, KeyCount>>>>
  /** In order; its oldest points are dropped once there are too many. */
  readonly timeline: ReadonlyArray<Point>
  /** How many points were dropped from the front of the timeline. */
  readonly dropped: number
}

/** `counted` and `refused` are the client's requests, `units` what they took, `foreign` the stranger's counted requests. */
export interface QuotaCount {
  readonly counted: number
  readonly refused: number
  readonly units: number
  readonly foreign: number
}

export interface KeyCount {
  readonly requests: number
  readonly refusals: number
}

/** A timeline keeps so many points at least. */
export const maxPoints = 100_000

export const empty: Stats = {
  requests: 0,
  refusals: 0,
  intercepted: 0,
  interceptedByStatus: {},
  unrouted: 0,
  quotas: {},
  keys: {},
  timeline: [],
  dropped: 0
}

export interface Recorder {
  readonly point: (point: Omit<Point, "simulation">) => void
  readonly request: (keys: ReadonlyArray<string>, isRefused: boolean) => void
  readonly intercepted: (status: number) => void
  readonly unrouted: () => void
  readonly stats: () => Stats
}

/** Collects in bounded memory: all but the newest `limit` points may be dropped. */
export const recorder = (simulation: string, limit = maxPoints): Recorder => {
  const totals = { requests: 0, refusals: 0, intercepted: 0, unrouted: 0 }
  const statuses: Record<number, number> = {}
  const quotas = new Map<string, { counted: number; refused: number; units: number; foreign: number }>()
  const keys = new Map<string, { requests: number; refusals: number }>()
  let timeline: Array<Point> = []
  let dropped = 0

  return {
    point(point) {
      const count = entry(quotas, point.quota, () => ({ counted: 0, refused: 0, units: 0, foreign: 0 }))
      if (point.isForeign) count.foreign += point.isRefused ? 0 : 1
      else if (point.isRefused) count.refused++
      else {
        count.counted++
        count.units += point.cost
      }
      timeline.push({ simulation, ...point })
      if (timeline.length >= limit * 2) {
        dropped += timeline.length - limit
        timeline = timeline.slice(-limit)
      }
    },
    request(requestKeys, isRefused) {
      totals.requests++
      if (isRefused) totals.refusals++
      for (const key of new Set(requestKeys)) {
        const count = entry(keys, key, () => ({ requests: 0, refusals: 0 }))
        count.requests++
        if (isRefused) count.refusals++
      }
    },
    intercepted(status) {
      totals.requests++
      totals.intercepted++
      statuses[status] = (statuses[status] ?? 0) + 1
    },
    unrouted() {
      totals.unrouted++
    },
    stats() {
      const excess = Math.max(0, timeline.length - limit)
      return {
        ...totals,
        interceptedByStatus: { ...statuses },
        quotas: { [simulation]: plain(quotas) },
        keys: { [simulation]: plain(keys) },
        timeline: timeline.slice(excess),
        dropped: dropped + excess
      }
    }
  }
}

/** Several servers' stats as one: totals add up, timelines are merged by instant. */
export const merge = (all: ReadonlyArray<Stats>): Stats =>
  all.length === 1
    ? (all[0] ?? empty)
    : all.reduce(
        (left, right) => ({
          requests: left.requests + right.requests,
          refusals: left.refusals + right.refusals,
          intercepted: left.intercepted + right.intercepted,
          interceptedByStatus: added(left.interceptedByStatus, right.interceptedByStatus),
          unrouted: left.unrouted + right.unrouted,
          quotas: { ...left.quotas, ...right.quotas },
          keys: { ...left.keys, ...right.keys },
          timeline: [...left.timeline, ...right.timeline].toSorted((a, b) => a.atMillis - b.atMillis),
          dropped: left.dropped + right.dropped
        }),
        empty
      )

/**
 * The counts in one line: "241 calls, 0 refused". Refused is what a quota refused and what was answered with a 429 all the
 * same; other answers that were given before anything was counted, and calls to endpoints that are not simulated, are told
 * if there are any.
 */
export const summary = ({ interceptedByStatus, refusals, requests, unrouted }: Stats): string => {
  const { 429: forced = 0, ...others } = interceptedByStatus
  return [
    `${requests} ${requests === 1 ? "call" : "calls"}`,
    `${refusals + forced} refused`,
    ...Object.entries(others).map(([status, count]) => `${count} answered ${status}`),
    ...(unrouted > 0 ? [`${unrouted} not simulated`] : [])
  ].join(", ")
}

/** The same with a fingerprint in the place of each key, for whatever leaves the process: keys may be credentials. */
export const masked = (stats: Stats): Stats => ({
  ...stats,
  keys: Object.fromEntries(
    Object.entries(stats.keys).map(([simulation, keys]) => [
      simulation,
      Object.fromEntries(Object.entries(keys).map(([key, count]) => [fingerprint(key), count]))
    ])
  ),
  timeline: stats.timeline.map((point) => ({ ...point, key: fingerprint(point.key) }))
})

const fingerprint = (key: string) => `key-${Seeded.hash(key).toString(16).padStart(8, "0")}`

const entry = <A>(map: Map<string, A>, key: string, initial: () => A): A => {
  const found = map.get(key)
  if (found !== undefined) return found
  const created = initial()
  map.set(key, created)
  return created
}

const added = (left: Readonly<Record<number, number>>, right: Readonly<Record<number, number>>) => {
  const sums: Record<number, number> = { ...left }
  for (const [status, count] of Object.entries(right)) sums[Number(status)] = (sums[Number(status)] ?? 0) + count
  return sums
}

const plain = <A extends object>(map: ReadonlyMap<string, A>): Readonly<Record<string, A>> =>
  Object.fromEntries(Array.from(map, ([key, count]) => [key, { ...count }]))
