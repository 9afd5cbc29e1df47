/**
 * What the limiter tells, as few enough lines to be read.
 *
 * The first of its kind is told at once. Those that are like it in the seconds after that are told together when the seconds are
 * over, with the numbers of the last one; and where too many differ at once, those of one kind are one line.
 */
import type { RateLimiter } from "@sluice/core"
import { type Happening, keptHappenings, type Numbers, type Quota } from "@sluice/page/Limits"
import { DateTime, Option, Predicate } from "effect"

type Untold = Omit<Happening, "id">

const quietMillis = 10_000
/** For what befalls calls one by one where it is crowded. */
const quietMillisOfCalls = 60_000
const ofCalls: ReadonlySet<Happening["kind"]> = new Set(["turnedAway", "longWait"])
const maxUntold = 100

export class Happenings {
  private readonly untold = new Map<string, Untold>()
  /** When more that are alike may be told. */
  private readonly quietUntil = new Map<string, number>()
  private readonly turnedAway = new Map<string, number>()
  private told: ReadonlyArray<Happening> = []
  private lastId = 0

  /** Takes in an event that came at that instant. */
  add(event: RateLimiter.LimiterEvent, at: number): void {
    const untold = read(event, at)
    if (untold.kind === "turnedAway") {
      for (const name of ["", nameOf(untold.partition, untold.quotas[0] ?? "")]) {
        this.turnedAway.set(name, (this.turnedAway.get(name) ?? 0) + 1)
      }
    }
    const own = [untold.kind, untold.isExpected, untold.partition, untold.cause, ...untold.quotas].join("|")
    const isLost = this.untold.size >= maxUntold && !this.untold.has(own)
    const like = isLost ? untold.kind : own
    const known = this.untold.get(like)
    const times = (known?.times ?? 0) + 1
    this.untold.set(like, isLost ? { ...untold, partition: "", quotas: [], numbers: [], times } : { ...untold, times })
  }

  /** All that is to be told by then, the last ones only. The list is the same as long as nothing was added. */
  tell(now: number, quotas: Iterable<Quota>): ReadonlyArray<Happening> {
    const due = [...this.untold].filter(([like]) => (this.quietUntil.get(like) ?? 0) <= now)
    if (due.length === 0) return this.told
    const providers = providersOf(quotas)
    const added = due.map(([like, untold]) => {
      this.untold.delete(like)
      this.quietUntil.set(like, now + (ofCalls.has(untold.kind) ? quietMillisOfCalls : quietMillis))
      const provider = untold.provider || (providers.get(nameOf(untold.partition, untold.quotas[0] ?? "")) ?? "")
      return { ...untold, provider, id: ++this.lastId }
    })
    for (const [like, until] of this.quietUntil) if (until <= now) this.quietUntil.delete(like)
    this.told = [...this.told, ...added].slice(-keptHappenings)
    return this.told
  }

  /** How many calls were turned away since this was asked last, by quota; of all for undefined. */
  takeTurnedAway(): (quota: Quota | undefined) => number {
    const counts = new Map(this.turnedAway)
    this.turnedAway.clear()
    return (quota) => counts.get(quota === undefined ? "" : nameOf(quota.partition, quota.quota)) ?? 0
  }
}

const nameOf = (partition: string, quota: string) => `${partition}|${quota}`

/** Events name no provider: it is known where only one has a quota of that name for that partition. */
const providersOf = (quotas: Iterable<Quota>): ReadonlyMap<string, string> => {
  const providers = new Map<string, string>()
  for (const { partition, provider, quota } of quotas) {
    const name = nameOf(partition, quota)
    providers.set(name, (providers.get(name) ?? provider) === provider ? provider : "")
  }
  return providers
}

/** Of a refusal nothing is read but its provider: the rest is what a server wrote. */
const read = (event: RateLimiter.LimiterEvent, at: number): Untold => {
  const base: Untold = {
    at,
    times: 1,
    kind: "abandoned",
    provider: "",
    partition: event.partition,
    quotas: [],
    isExpected: true,
    until: null,
    cause: "",
    numbers: []
  }
  switch (event._tag) {
    case "Refused": {
      const { closedUntil, quotas, refusal, why } = event
      const said = Predicate.hasProperty(refusal, "provider") ? refusal.provider : ""
      const numbers = quotas.map((each) => numbersOf(each.quota, each))
      return {
        ...base,
        kind: "refused",
        provider: typeof said === "string" ? said.slice(0, 100) : "",
        quotas: quotas.map(({ quota }) => quota),
        isExpected: why !== "unexpected",
        cause: why,
        until: millisOf(closedUntil),
        numbers
      }
    }
    case "Paused":
      return { ...base, kind: "paused", quotas: event.quotas, until: millisOf(event.until), cause: event.cause }
    case "Resumed":
      return { ...base, kind: "resumed", quotas: event.quotas }
    case "Learned": {
      const { foreign, limit, limitInForce, quota, was } = event
      const numbers = [{ quota, limit, limitInForce, foreign, held: null, cooling: null, was: { ...was } }]
      return { ...base, kind: "learned", quotas: [quota], numbers }
    }
    case "TurnedAway": {
      const quotas = Option.toArray(event.quota)
      const numbers = event.numbers ? [numbersOf(quotas[0] ?? "", event.numbers)] : []
      return { ...base, kind: "turnedAway", quotas, cause: event.reason, numbers }
    }
    case "LongWait":
      return { ...base, kind: "longWait", quotas: [event.quota], until: millisOf(event.expectedAt) }
    case "Abandoned":
      return { ...base, quotas: event.quotas }
  }
}

type Told = NonNullable<Extract<RateLimiter.LimiterEvent, { readonly _tag: "TurnedAway" }>["numbers"]>

const numbersOf = (quota: string, { cooling, foreign, inFlight, limit, limitInForce }: Told): Numbers => ({
  quota,
  limit,
  limitInForce,
  foreign,
  held: inFlight,
  cooling,
  was: null
})

const millisOf = (at: DateTime.Utc) => DateTime.toEpochMillis(at)
