/**
 * One call of the script, put together from what has ended and what is wanted, and its answer taken apart.
 *
 * Books are named by their place in the call, needs by their place in the claim. Whatever is said twice is done once:
 * leases have names, and slots have places in them.
 */
import type { Decision, Outcome } from "../Admission.ts"
import type { Stance } from "../admission/bookOf.ts"
import { readingOf, wholeOf } from "../admission/Told.ts"
import type { Claim } from "../Claim.ts"
import type { Quota } from "../Quota.ts"
import type { Instant, Signal } from "../Signal.ts"
import { keysOf, type Layout } from "./Keys.ts"

export interface Options {
  readonly layout: Layout
  readonly abandonMillis: number
  readonly maxPauseMillis: number | undefined
  readonly stance?: Stance | undefined
  /** What time it is, for recorded vectors; otherwise Redis says it. */
  readonly at?: number
  /** Which process it is taken for, in tests. */
  readonly server?: string
  /** Whether a desk must be there, as it was used a short while ago. */
  readonly isKnown?: (desk: string) => boolean
  /** Whether the answer shows the books. */
  readonly shows?: boolean
  /** Whether other workers are told what concerns them: closures, and whose turn it is. */
  readonly tells?: boolean
}

/** A worker's place among all who wait. */
export interface Standing {
  /** `worker/pool`: no other pool's. */
  readonly place: string
  /** How long those have waited for whom slots are wanted: the first, some between at even distances, and the last. */
  readonly waitedMillis: ReadonlyArray<number>
  readonly priority: number
}

/** Until when there is no room, in how long that is, and in how long to ask again if nobody calls before. */
export type Wait = Extract<Decision, { readonly _tag: "Wait" }> & {
  readonly afterMillis: number
  readonly askAfterMillis: number
  /** What was said of its turn when: the higher number is the later. */
  readonly turn: number
}

/** A claim as it was answered: `slots` of it were granted, or why none was, and how long that lasts. */
export type Answer =
  /** Where more slots were wanted, they wait. */
  | { readonly _tag: "Granted"; readonly slots: number; readonly rest?: Wait }
  | Wait
  | (Extract<Decision, { readonly _tag: "Shut" | "Never" }> & { readonly afterMillis: number })
  /** Redis holds books of another quota for this counter. */
  | { readonly _tag: "Differs"; readonly need: number }

/** One counter's books, as they stand after the call. */
export interface Shown {
  readonly at: number
  readonly ceiling: number
  readonly limit: number
  readonly inFlight: number
  readonly occupied: number
  readonly foreign: number
  readonly free: number
  readonly refused: number
  readonly closedUntil: number
  readonly largest: number
}

/** A lease and what is said of it: what is another at each call stands by itself, as the script knows the rest from before. */
type Said = ReadonlyArray<string>

export class Call {
  private readonly options: Options
  private readonly desks: Array<string> = []
  private readonly counters: Array<string> = []
  private readonly quotas: Array<string> = []
  private readonly deskOf: Array<number> = []
  private longestWindowMillis = 0
  private readonly ends: Array<Said> = []
  private readonly releases: Array<Said> = []
  private readonly renewals: Array<Said> = []
  private readonly leaves: Array<Said> = []
  private readonly wants: Array<Said> = []
  private readonly steps: Array<unknown> = []

  constructor(options: Options) {
    this.options = options
  }

  /** Ends a slot of a lease (0: all that are held), with what the response said, how long it took and how long ago it ended. */
  end(
    claim: Claim,
    lease: string,
    slot: number,
    outcome: Outcome,
    signal: Signal,
    wallMillis?: number,
    latencyMillis?: number,
    ageMillis = 0
  ): this {
    const said = signalOf(signal, claim, wallMillis)
    const terms = JSON.stringify([slot, outcome, this.places(claim), said])
    this.ends.push([lease, String(latencyMillis ?? ""), String(ageMillis), terms])
    return this
  }

  /** Ends the response of an answered slot. */
  release(claim: Claim, lease: string, slot: number, end: "read" | "cut"): this {
    const held = claim.needs.filter(({ quota }) => quota.kind === "concurrency")
    this.releases.push([lease, JSON.stringify([slot, end, held.map((need) => this.place(need.key, need.quota))])])
    return this
  }

  /** Lets a lease be held for so long from now, with its slots' states, a letter each: held, answered and ended. */
  renew(claim: Claim, lease: string, states: string, ttlMillis: number): this {
    const needs = claim.needs.map((need) => [this.place(need.key, need.quota), need.cost])
    this.renewals.push([lease, states, JSON.stringify([ttlMillis, needs])])
    return this
  }

  /** Waits no more. */
  leave(claim: Claim, place: string): this {
    const needs = claim.needs.map((need) => [this.place(need.key, need.quota), need.cost])
    this.leaves.push([place, JSON.stringify(needs)])
    return this
  }

  /**
   * Wants so many slots of a claim as a new lease, to be sent within `ttlMillis`; `reserved` is what others keep of each
   * need, and `standing` where to wait for what is not granted.
   */
  want(
    claim: Claim,
    lease: string,
    slots: number,
    ttlMillis: number | undefined,
    reserved?: ReadonlyArray<number>,
    standing?: Standing
  ): this {
    const needs = claim.needs.map((need, i) => [this.place(need.key, need.quota), need.cost, reserved?.[i] ?? 0])
    const at = standing ? JSON.stringify([standing.place, standing.priority, standing.waitedMillis]) : ""
    this.wants.push([lease, JSON.stringify([slots, ttlMillis ?? false, needs]), at])
    return this
  }

  /** Reports that Redis's clock went on by so much more than ours between two of its instants. */
  step(fromMillis: number, toMillis: number, excessMillis: number): this {
    this.steps.push([fromMillis, toMillis, excessMillis])
    return this
  }

  /** Adds a counter that is only to be shown. */
  look(claim: Claim): this {
    this.places(claim)
    return this
  }

  /** For so long after the call its desks are there, whatever else is said of them. */
  get keptMillis(): number {
    return 2 * this.longestWindowMillis + this.options.abandonMillis
  }

  /** The desks that it concerns, by their keys. */
  get deskKeys(): ReadonlyArray<string> {
    return this.desks
  }

  get keys(): ReadonlyArray<string> {
    return [...this.desks, ...this.counters.flatMap((counter) => keysOf(this.options.layout, counter).book)]
  }

  get args(): ReadonlyArray<string> {
    const { abandonMillis, at, isKnown, maxPauseMillis, server, shows } = this.options
    const call = {
      desks: this.desks.length,
      books: this.deskOf,
      abandon: abandonMillis,
      maxPause: maxPauseMillis,
      at,
      server,
      known: isKnown && this.desks.map(isKnown),
      shows,
      prefix: this.options.tells ? this.options.layout.prefix : undefined,
      ...(this.steps.length > 0 && { steps: this.steps }),
      ends: this.ends.length,
      releases: this.releases.length,
      renewals: this.renewals.length,
      leaves: this.leaves.length,
      wants: this.wants.length
    }
    const said = [this.renewals, this.ends, this.releases, this.leaves, this.wants].flat(2)
    return [JSON.stringify(call), ...this.quotas, ...said]
  }

  /** Takes the script's answer apart. */
  read(lines: ReadonlyArray<string>): {
    /** Redis's TIME. */
    readonly at: number
    /** The process that answered, by its run_id, and when it was started, to a second or two by its TIME; if it may be known. */
    readonly server: string | undefined
    readonly startedAt: number | undefined
    /** When something was lost last, by the desks' time; -Infinity for never. */
    readonly lostAt: number
    readonly closedUntil: ReadonlyArray<number | undefined>
    readonly answers: ReadonlyArray<Answer>
    readonly shown: ReadonlyMap<string, Shown>
  } {
    const [first = "", ...rest] = lines
    const [at, lostAt, server, startedSeconds] = first.split(" ")
    const ends = rest.splice(0, this.ends.length)
    const wants = rest.splice(0, this.wants.length)
    return {
      at: Number(at),
      lostAt: numberOf(lostAt),
      server: server || undefined,
      startedAt: startedSeconds === undefined ? undefined : 1000 * Number(startedSeconds),
      closedUntil: ends.map((line) => (line === "" ? undefined : Number(line))),
      answers: wants.map(answerOf),
      shown: new Map(rest.map((line, i) => [this.counters[i] ?? "", shownOf(line)]))
    }
  }

  private places(claim: Claim): ReadonlyArray<number> {
    return claim.needs.map((need) => this.place(need.key, need.quota))
  }

  /** The place of a counter in this call, from 1 as Lua counts. */
  private place(counter: string, quota: Quota): number {
    const known = this.counters.indexOf(counter)
    if (known >= 0) return known + 1
    const { desk } = keysOf(this.options.layout, counter)
    if (!this.desks.includes(desk)) this.desks.push(desk)
    this.deskOf.push(this.desks.indexOf(desk) + 1)
    this.longestWindowMillis = Math.max(this.longestWindowMillis, quota.windowMillis)
    this.quotas.push(quotaText(quota, this.options.stance ?? "published"))
    return this.counters.push(counter)
  }
}

/** The quota as the script reads it, and by which it knows that two workers mean the same. */
const quotaText = (quota: Quota, stance: Stance): string => {
  const known = texts[stance].get(quota) ?? quotaJson(quota, stance)
  texts[stance].set(quota, known)
  return known
}

const texts: Record<Stance, WeakMap<Quota, string>> = { published: new WeakMap(), unknown: new WeakMap() }

const quotaJson = (quota: Quota, stance: Stance): string =>
  JSON.stringify([
    stance === "unknown" && (quota.kind === "rolling" || quota.kind === "fixed") ? "unknown" : quota.kind,
    quota.limit,
    quota.windowMillis,
    quota.refill,
    quota.step,
    quota.phase,
    quota.countsRefused,
    quota.countsOnArrival,
    quota.penaltyMillis,
    quota.pacing,
    quota.slowBelow?.remaining ?? false,
    quota.slowBelow?.when === "always",
    quota.slackMillis,
    quota.releaseLagMillis,
    quota.latencyFloorMillis,
    quota.rateMargin,
    quota.assumed,
    quota.published
  ])

const instantOf = (instant: Instant | undefined) =>
  instant ? [instant.kind, instant.millis, instant.toleranceMillis] : undefined

/** Whether an instant is one of a clock, so that it has to be known what time it is. */
const names = (instant: Instant | undefined): boolean => instant?.kind === "at"

/** The signal with its readings and closures by the places of the claim's needs. */
const signalOf = (signal: Signal, claim: Claim, wall: number | undefined) => {
  const readings = claim.needs.map(({ quota }) => {
    const reading = readingOf(signal.readings, quota, claim)
    return reading
      ? [wholeOf(reading.limit, 1) ?? false, wholeOf(reading.remaining, 0) ?? false, instantOf(reading.reset) ?? false]
      : false
  })
  const named = claim.needs.flatMap(({ quota }, i) => (signal.closes?.includes(quota.name) ? [i + 1] : []))
  return {
    date: signal.serverDateMillis,
    served: signal.servedMillis,
    wall:
      signal.serverDateMillis === undefined &&
      (names(signal.retry) || signal.readings.some(({ reset }) => names(reset)))
        ? wall
        : undefined,
    retry: instantOf(signal.retry),
    readings: readings.some((reading) => reading) ? readings : undefined,
    closes: named.length > 0 || signal.closes?.length === 0 ? named : undefined
  }
}

const numberOf = (text: string | undefined): number =>
  text === "inf" ? Infinity : text === "-inf" ? -Infinity : Number(text)

const answerOf = (line: string): Answer => {
  const [tag, ...rest] = line.split(" ")
  const [need = NaN, other = NaN, afterMillis = 0, askAfterMillis = afterMillis, turn = 0] = rest.map(numberOf)
  switch (tag) {
    case "Admitted": {
      const answer = rest.length > 1 ? answerOf(rest.slice(1).join(" ")) : undefined
      return { _tag: "Granted", slots: need, ...(answer?._tag === "Wait" && { rest: answer }) }
    }
    case "Wait":
      return { _tag: "Wait", at: other, need, afterMillis, askAfterMillis, turn }
    case "Shut":
      return { _tag: "Shut", until: other, need, afterMillis }
    case "Never":
      return { _tag: "Never", need, largest: other, afterMillis }
    case "Differs":
      return { _tag: "Differs", need }
    default:
      throw new Error(`the script answered ${JSON.stringify(line)}`)
  }
}

const shownOf = (line: string): Shown => {
  const [at, ceiling, limit, inFlight, occupied, foreign, free, refused, closedUntil, largest] = line
    .split(" ")
    .map(numberOf)
  const known = (value: number | undefined) => value ?? NaN
  return {
    at: known(at),
    ceiling: known(ceiling),
    limit: known(limit),
    inFlight: known(inFlight),
    occupied: known(occupied),
    foreign: known(foreign),
    free: known(free),
    refused: known(refused),
    closedUntil: known(closedUntil),
    largest: known(largest)
  }
}
