/**
 * Small random histories: vectors that are the same again for the same seed.
 *
 * A server's clock that may step, readings true and false, refusals with and without an instant, answers that never come:
 * as long as it can be said, it comes before.
 */
import type { Outcome, Permit } from "@sluice/core/Admission"
import * as Quota from "@sluice/core/Quota"
import type { Instant, Reading, Signal } from "@sluice/core/Signal"
import { Player, type Result, type Step, type Vector } from "./Vector.ts"

/** The same numbers for the same seed (mulberry32). */
export const randomOf = (seed: number) => {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const upTo = (most: number) => Math.floor(next() * (most + 1))
  const pick = <A>(values: readonly [A, ...ReadonlyArray<A>]): A => values[upTo(values.length - 1)] ?? values[0]
  return { chance: (share: number) => next() < share, upTo, between: (a: number, b: number) => a + upTo(b - a), pick }
}
type Random = ReturnType<typeof randomOf>

export const families = [
  "rolling",
  "large",
  "clock",
  "reset",
  "slidingCounter",
  "tokenBucket",
  "idleReset",
  "concurrency",
  "unknown",
  "unpublished",
  "mixed",
  "doubt",
  "long"
] as const
export type Family = (typeof families)[number]

const lengths: Partial<Record<Family, number>> = { doubt: 160, long: 400 }

/** A history of 40 calls, or so many; the long ones are long enough for what takes a hundred answers to be believed. */
export const historyOf = (family: Family, seed: number, length = lengths[family] ?? 40): Vector => {
  const random = randomOf(seed * families.length + families.indexOf(family))
  const isOfAnyKind = family === "mixed" || family === "long"
  const isDoubted = family === "doubt"
  const quotas = Array.from(
    { length: isDoubted ? 1 : family === "mixed" ? random.between(2, 3) : random.between(1, 2) },
    (_, i) =>
      quotaOf(
        isDoubted ? random.pick(windows) : isOfAnyKind || i > 0 ? random.pick(kindred) : family,
        `q${i}`,
        random,
        family === "long" ? 10 : 1
      )
  )
  const claim = (count: number) =>
    quotas
      .slice(0, count)
      .map(({ limit }, i) => [i, random.chance(0.7) ? 1 : random.between(1, Math.min(limit + 1, 3))] as const)
  const maxPauseMillis = random.pick([undefined, undefined, 50, 2000])
  const vector = {
    family,
    seed,
    abandonMillis: random.pick([40, 500, 60_000]),
    ...(maxPauseMillis !== undefined && { maxPauseMillis }),
    ...(random.chance(0.15) && { stance: "unknown" as const }),
    quotas: quotas.map(Quota.definition),
    claims: [claim(quotas.length), claim(random.pick([1, quotas.length]))]
  }
  const longest = Math.max(10, ...quotas.map(({ windowMillis }) => windowMillis))
  return { ...vector, steps: play(new Player(vector), length, longest, isDoubted, random) }
}

const windows = ["rolling", "clock", "reset"] as const

const kindred = [
  "rolling",
  "clock",
  "reset",
  "slidingCounter",
  "tokenBucket",
  "idleReset",
  "concurrency",
  "unpublished"
] as const

const quotaOf = (
  family: Exclude<Family, "mixed" | "doubt" | "long">,
  name: string,
  random: Random,
  times: number
): Quota.Quota => {
  const limit =
    family === "large"
      ? random.between(1001, 1200)
      : (random.chance(0.5) ? random.between(1, 4) : random.between(5, 24)) * times
  const window = random.pick([7, 50, 1000, 1000, 10_000, 60_000])
  const options: Quota.Options = {
    name,
    slack: random.pick([0, 1, 1, 5]),
    rateMargin: random.pick([0, 0.001, 0.05]),
    countsRefused: random.chance(0.8),
    countsOnArrival: random.chance(times > 1 ? 0.7 : 0.2),
    latencyFloor: random.chance(times > 1 ? 0.5 : 0.2) ? 3 : 0,
    penalty: random.chance(0.1) ? 30 : 0,
    pacing: random.chance(0.15) ? "even" : "burst",
    assumed: random.chance(0.3),
    ...(family !== "unpublished" && random.chance(0.2) && { published: 2 * limit }),
    ...(random.chance(0.2) && { slowBelow: { remaining: 3, when: random.pick(["always", "others"]) } })
  }
  switch (family) {
    case "large":
      return Quota.rolling(limit, random.pick([1000, 10_000, 60_000]), options)
    case "clock":
      return Quota.fixed(limit, window, { ...options, phase: "clock" })
    case "reset":
      return Quota.fixed(limit, window, { ...options, phase: random.chance(0.8) ? "reset" : "unknown" })
    case "tokenBucket":
      return Quota.tokenBucket(
        {
          capacity: limit,
          refill: random.between(1, limit),
          every: window,
          step: random.between(1, Math.min(3, limit))
        },
        options
      )
    case "concurrency":
      return Quota.concurrency(limit, { ...options, releaseLag: random.pick([0, 5, 20]) })
    case "unpublished":
      return Quota.unpublished(window, options)
    default:
      return Quota[family](limit, window, options)
  }
}

interface Under {
  readonly claim: number
  readonly permit: number
}

const play = (
  player: Player,
  length: number,
  longest: number,
  isDoubted: boolean,
  random: Random
): ReadonlyArray<Step & Result> => {
  const steps: Array<Step & Result> = []
  const held: Array<Under> = []
  const answered: Array<Under> = []
  const serverAhead = random.between(-3000, 3000)
  let now = random.between(0, 5000)
  let promisedAt = now
  let permit = 0
  const note = (step: Step): Result => {
    const result = player.play(step)
    steps.push({ ...step, ...result })
    return result
  }
  while (steps.length < length) {
    if (random.chance(0.3)) now = Math.max(now, promisedAt - random.upTo(1))
    else if (random.chance(0.6)) now += random.upTo(Math.ceil(longest / 12))
    else if (random.chance(0.1)) now += random.upTo((isDoubted ? 300 : 3) * longest)
    const choice = random.upTo(99)
    if (choice < 55 || held.length + answered.length === 0) {
      const under = { claim: random.upTo(1), permit: permit++ }
      const [tag, at] = note({ do: "ask", at: now, ...under }).gives.split(" ")
      if (tag === "Admitted") held.push(under)
      promisedAt = tag === "Wait" && Number(at) < now + 4 * longest ? Number(at) : promisedAt
    } else if (held.length > 0 && (choice < 90 || answered.length === 0)) {
      for (const under of held.splice(random.upTo(held.length - 1), 1)) {
        const outcome = isDoubted && random.chance(0.15) ? "refused" : outcomeOf(random, length)
        const signal = signalOf(player.permitOf(under), now, serverAhead, outcome, longest, random)
        const wall = random.chance(0.3) ? { wall: now + serverAhead + random.upTo(50) } : {}
        if (outcome === "answered" || outcome === "refused") answered.push(under)
        note({ do: "settle", at: now, ...under, outcome, signal, ...wall })
      }
    } else {
      for (const under of answered.splice(random.upTo(answered.length - 1), 1)) {
        note({ do: "release", at: now, ...under, end: random.chance(0.8) ? "read" : "cut" })
      }
    }
  }
  return steps
}

/** A refusal lets all that takes many answers begin anew, so that long histories have fewer of them. */
const outcomeOf = (random: Random, length: number): Outcome => {
  const choice = random.upTo(length > 100 ? 93 : 99)
  return choice < 78 ? "answered" : choice < 86 ? "unsent" : choice < 93 ? "abandoned" : "refused"
}

const signalOf = (
  permit: Permit,
  now: number,
  serverAhead: number,
  outcome: Outcome,
  longest: number,
  random: Random
): Signal => {
  const serverNow = now + serverAhead - random.upTo(Math.min(now - permit.admittedAt, 40))
  const jump = random.chance(0.02) ? random.between(-5000, 5000) : 0
  const instant = (): Instant =>
    random.chance(0.5)
      ? { kind: "after", millis: random.upTo(longest), toleranceMillis: random.pick([0, 1, 1000]) }
      : { kind: "at", millis: serverNow + random.upTo(longest), toleranceMillis: random.pick([0, 1, 1000]) }
  const readings = permit.claim.needs.flatMap(({ quota }): ReadonlyArray<Reading> => {
    if (random.chance(0.6)) return []
    return [
      {
        ...(random.chance(0.9) && { quota: quota.name }),
        ...(random.chance(0.2) && { limit: random.between(0, 2 * Math.min(quota.limit, 50)) }),
        ...(random.chance(0.5) && { remaining: random.upTo(Math.min(quota.limit, 50)) }),
        ...(random.chance(0.6) && { reset: instant() })
      }
    ]
  })
  const closes: readonly [ReadonlyArray<string>, ...ReadonlyArray<ReadonlyArray<string>>] = [
    [],
    ["q0"],
    ["q1"],
    ["another"]
  ]
  return {
    readings,
    ...(random.chance(0.5) && { serverDateMillis: Math.floor((serverNow + jump) / 1000) * 1000 }),
    ...(random.chance(0.3) && { servedMillis: random.upTo(30) }),
    ...(outcome === "refused" && random.chance(0.6) && { retry: instant() }),
    ...(outcome === "refused" && random.chance(0.3) && { closes: random.pick(closes) })
  }
}
