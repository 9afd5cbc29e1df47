/**
 * The counters of one server: a request is counted by all of its meters at one instant, or by none.
 *
 * Everything below HTTP: synchronous, so that runs of millions of requests can drive it from an event heap.
 */
import type { Quota } from "@sluice/core/Quota"
import type { Meter, Reading } from "@sluice/core/Simulation"
import * as Counter from "./Counter.ts"
import * as Latency from "./Latency.ts"
import * as Scenario from "./Scenario.ts"
import * as Seeded from "./Seeded.ts"
import type { Point } from "./Stats.ts"

export interface Metering {
  /** The promises that are enforced: the provider's, made faster if the scenario says so. */
  readonly quotas: Readonly<Record<string, Quota>>
  /**
   * Counts or refuses. Instants are the client's wall clock and are corrected by the skew; `endsAtMillis` is when
   * the request's places of concurrency quotas become free, by default at once.
   */
  readonly count: (meters: ReadonlyArray<Meter>, nowMillis: number, endsAtMillis?: number) => Outcome
  /** Refuses like `count`, but leaves it to `add` to count what was not refused: a server whose counters lag. */
  readonly judge: (meters: ReadonlyArray<Meter>, nowMillis: number) => Outcome
  /** Counts whether it fits or not. */
  readonly add: (meters: ReadonlyArray<Meter>, nowMillis: number, endsAtMillis?: number) => void
  /** Tells the state of these meters' counters, as `Counter.put` does; strangers are never the same twice. */
  readonly put: (meters: ReadonlyArray<Meter>, nowMillis: number, put: (value: number) => void) => void
}

/** The counters after the request; `refused` are those that had no room, and is empty if it was counted. */
export interface Outcome {
  readonly readings: ReadonlyArray<Reading>
  readonly refused: ReadonlyArray<Reading>
}

export const make = (
  promised: Readonly<Record<string, Quota>>,
  scenario: Scenario.Scenario,
  startMillis: number,
  onPoint: (point: Omit<Point, "simulation">) => void = () => {}
): Metering => {
  Scenario.checkQuotas(scenario, promised)
  const { seed, skewMillis, speed } = scenario
  const slots = new Map<string, Slot>()
  const known = new WeakMap<Meter, Slot>()

  const slotOf = (meter: Meter): Slot => {
    const last = known.get(meter)
    if (last) return last
    const slot = slotNamed(meter)
    known.set(meter, slot)
    return slot
  }
  const slotNamed = ({ quota, key }: Meter): Slot => {
    const id = `${quota.name}\u0000${key}`
    const found = slots.get(id)
    if (found !== undefined) return found
    const options = { ...scenario.counting, ...scenario.countingByQuota[quota.name] }
    const phaseMillis =
      options.phaseMillis ?? Seeded.hash(String(options.seed ?? seed), id) % Math.max(1, quota.windowMillis)
    const slot: Slot = {
      quota: quota.name,
      key,
      counter: Counter.make(quota, { ...options, phaseMillis }),
      strangers: scenario.others
        .filter((others) => (others.quota ?? quota.name) === quota.name && (others.key ?? key) === key)
        .map((others, index) => stranger(others, scenario, Seeded.make(seed, "others", String(index), id), startMillis))
    }
    slots.set(id, slot)
    return slot
  }

  const limitAt = (slot: Slot, nowMillis: number, requested = Infinity) => {
    let limit = Math.min(slot.counter.limit, requested)
    for (const lower of scenario.lower) {
      const elapsed = (nowMillis - startMillis) * speed
      if (lower.quota === slot.quota && elapsed >= lower.atMillis && elapsed < lower.untilMillis) {
        limit = Math.min(limit, lower.limit)
      }
    }
    return limit
  }

  const letStrangersSpend = (slot: Slot, nowMillis: number) => {
    for (let next = nextStranger(slot); next !== undefined && next.nextAt <= nowMillis; next = nextStranger(slot)) {
      const atMillis = Math.floor(next.nextAt)
      const serverNow = atMillis + skewMillis
      const { fits } = slot.counter.read(serverNow, next.cost, limitAt(slot, atMillis))
      if (fits) slot.counter.count(serverNow, next.cost, serverNow + next.holdMillis())
      else slot.counter.refuse(serverNow, next.cost)
      onPoint({ atMillis, quota: slot.quota, key: slot.key, cost: next.cost, isRefused: !fits, isForeign: true })
      next.nextAt += next.gapMillis()
    }
  }

  const judged = (meters: ReadonlyArray<Meter>, nowMillis: number) => {
    const serverNow = nowMillis + skewMillis
    const parts = meters.map((meter): Part => {
      const slot = slotOf(meter)
      letStrangersSpend(slot, nowMillis)
      return { meter, slot, cost: meter.cost ?? 1, limit: limitAt(slot, nowMillis, meter.limit) }
    })
    const verdicts = parts.map(({ slot, cost, limit }, index) => {
      // Meters of one request that share a counter need room together.
      let needed = cost
      for (let i = 0; i < index; i++) if (parts[i]?.slot === slot) needed += parts[i]?.cost ?? 0
      return slot.counter.read(serverNow, needed, limit).fits
    })
    const isRefused = verdicts.includes(false)
    if (isRefused) {
      for (const [index, { slot, cost }] of parts.entries()) {
        if (verdicts[index] === false) slot.counter.refuse(serverNow, cost)
        else if (slot.counter.countsRefused) slot.counter.count(serverNow, cost)
        if (verdicts[index] === false) tell(slot, cost, nowMillis, true)
      }
    }
    return { parts, verdicts, isRefused }
  }

  const add = (slot: Slot, cost: number, nowMillis: number, endsAtMillis: number) => {
    slot.counter.count(nowMillis + skewMillis, cost, endsAtMillis + skewMillis)
    tell(slot, cost, nowMillis, false)
  }

  const tell = (slot: Slot, cost: number, atMillis: number, isRefused: boolean) =>
    onPoint({ atMillis, quota: slot.quota, key: slot.key, cost, isRefused, isForeign: false })

  const outcomeOf = ({ isRefused, parts, verdicts }: ReturnType<typeof judged>, nowMillis: number): Outcome => {
    const readings = parts.map((part, index) => readingOf(part, nowMillis + skewMillis, verdicts[index] === false))
    return { readings, refused: isRefused ? readings.filter((reading) => reading.isRefused) : none }
  }

  return {
    quotas: Scenario.quotas(promised, speed),
    count(meters, nowMillis, endsAtMillis = nowMillis) {
      const judgement = judged(meters, nowMillis)
      if (!judgement.isRefused) {
        for (const { slot, cost } of judgement.parts) add(slot, cost, nowMillis, endsAtMillis)
      }
      return outcomeOf(judgement, nowMillis)
    },
    judge: (meters, nowMillis) => outcomeOf(judged(meters, nowMillis), nowMillis),
    add(meters, nowMillis, endsAtMillis = nowMillis) {
      for (const meter of meters) add(slotOf(meter), meter.cost ?? 1, nowMillis, endsAtMillis)
    },
    put(meters, nowMillis, put) {
      for (const meter of meters) {
        const { counter, strangers } = slotOf(meter)
        if (strangers.length > 0) put(NaN)
        counter.put(nowMillis + skewMillis, put)
      }
    }
  }
}

const none: ReadonlyArray<Reading> = []

interface Slot {
  readonly quota: string
  readonly key: string
  readonly counter: Counter.Counter
  readonly strangers: ReadonlyArray<Stranger>
}

interface Part {
  readonly meter: Meter
  readonly slot: Slot
  readonly cost: number
  readonly limit: number
}

interface Stranger {
  readonly cost: number
  readonly gapMillis: () => number
  readonly holdMillis: () => number
  nextAt: number
}

const stranger = (
  others: Scenario.Others,
  scenario: Scenario.Scenario,
  seeded: Seeded.Seeded,
  startMillis: number
): Stranger => {
  const gapMillis = () => (-Math.log(seeded.nextFraction()) * 1000) / (others.perSecond * scenario.speed)
  const holdMillis = Latency.sampler(scenario.after, seeded, scenario.speed)
  return { cost: others.cost ?? 1, gapMillis, holdMillis, nextAt: startMillis + gapMillis() }
}

const nextStranger = ({ strangers }: Slot): Stranger | undefined =>
  strangers.reduce<Stranger | undefined>(
    (first, one) => (first === undefined || one.nextAt < first.nextAt ? one : first),
    undefined
  )

const readingOf = ({ meter, slot, cost, limit }: Part, serverNow: number, isRefused: boolean): Reading => {
  const { remaining, resetAtMillis, retryAtMillis } = slot.counter.read(serverNow, isRefused ? cost : 0, limit)
  return {
    meter,
    limit,
    remaining,
    resetAtMillis,
    // What can never fit is told to come back a window later: servers write numbers, not "never".
    retryAtMillis: !isRefused
      ? serverNow
      : Number.isFinite(retryAtMillis)
        ? retryAtMillis
        : Math.max(resetAtMillis, serverNow + meter.quota.windowMillis),
    isRefused
  }
}
