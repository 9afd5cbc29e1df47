/** What a plan is asked for, and the job that comes of it. */
import * as Claim from "@sluice/core/Claim"
import type { Quotas } from "@sluice/core/Provider"
import * as Quota from "@sluice/core/Quota"
import type { Simulation } from "@sluice/core/Simulation"
import * as Latency from "@sluice/simulator/Latency"
import { Duration, Option } from "effect"
import type { HttpClientRequest } from "effect/http"
import * as Classes from "./Classes.ts"
import type { Described } from "./Described.ts"
import type { Job, Load } from "./Job.ts"
import { Origin } from "./Origin.ts"
import { PlanError } from "./PlanError.ts"

/** Calls that need the same: how many, and what differs from the plan's options. */
export interface Portion {
  readonly calls: number
  /** So many of them at a time. */
  readonly workers?: number
  /** Who waits for a quota goes after those of higher priority; default 0. */
  readonly priority?: number
  /** Units of each quota that one of them takes; default what the provider says, or 1. */
  readonly cost?: number
  /** One of them, where the name is not one that the provider's quotas give. */
  readonly request?: HttpClientRequest.HttpClientRequest
}

/** Classes of calls by name, such as `{ reads: 50_000, writes: { calls: 2000, workers: 1 } }`. */
export type Work = Readonly<Record<string, number | Portion>>

/** A provider, or quotas by name. */
export type Subject = Described | Quotas

export interface Options {
  /** Calls of each class under way at a time, as `Effect.forEach` has with this concurrency; default 1. */
  readonly workers?: number
  /** How long a call takes: half of it there, half of it back; or both ways. Default zero. */
  readonly latency?: Latency.Input | { readonly before?: Latency.Input; readonly after?: Latency.Input }
  /** Of all random latencies. Default 1. */
  readonly seed?: number
  /** Calls done until then are told as well. */
  readonly deadline?: Duration.Input
  /** The provider from its own side; without it, a server that counts what the quotas promise and tells nothing but its date. */
  readonly simulation?: Simulation
  /** Quotas that hold in place of the published ones, by name: at the server, and for the client. */
  readonly quotas?: Quotas
  /** The client keeps to so much of each quota; default 1. */
  readonly share?: number
  /** Units that were answered just before the start, by quota; default none. */
  readonly used?: Readonly<Record<string, number>>
  /** The wall clock at the start, in epoch milliseconds: where windows stand. Default 0, the start of all of them. */
  readonly startMillis?: number
  /** Whether larger limits and more workers are tried as well; default true. */
  readonly alternatives?: boolean
  /** Whether rounds that come again are passed over; default true. What comes out is the same. */
  readonly skips?: boolean
}

/** Everything that is known before anything runs. Throws `PlanError`, or the error of a quota or a latency. */
export const jobOf = (subject: Subject, work: Work, options: Options): Job => {
  const provider = isProvider(subject) ? subject : undefined
  const published = { ...(provider ? provider.quotas : (subject as Quotas)), ...ownQuotas(subject, options) }
  const { share = 1 } = options
  const kept: Quotas = Object.fromEntries(
    Object.entries(published).map(([name, quota]) => [name, share === 1 ? quota : Quota.share(quota, share)])
  )
  const startMillis = whole("startMillis", options.startMillis ?? 0, 0)
  const sides = provider && options.simulation ? { provider, simulation: options.simulation } : undefined
  const serverQuotas = sides ? enforced(sides.simulation, provider?.quotas ?? {}, options.quotas ?? {}) : published
  const origin = () => new Origin({ quotas: serverQuotas, sides, startMillis })
  const classes = provider ? Classes.ofProvider(provider, kept, options.simulation) : Classes.ofQuotas(kept)
  const mapper = origin()
  const promisedTo = new Map(Object.entries(kept).map(([name, quota]) => [quota, published[name] ?? quota]))

  const loads = Object.entries(work).map(([name, given]): Load => {
    const portion = typeof given === "number" ? { calls: given } : given
    const known = classes.find((one) => one.name === name)
    const chosen = portion.request && provider ? Classes.ofRequest(provider, kept, portion.request) : known
    if (!chosen) throw unknownClass(name, classes)
    const { cost } = portion
    const draws =
      cost === undefined
        ? chosen.draws
        : chosen.draws.map((draw) => ({ ...draw, cost: whole(`${name}.cost`, cost, 1) }))
    for (const { quota } of draws) {
      if (quota.kind === "unpublished") {
        throw new PlanError({
          field: `quotas.${quota.name}`,
          rule: `a quota with a number, as ${name} draw on it and nobody tells how much it is; give one in its place`,
          value: "unpublished"
        })
      }
    }
    const claim = Claim.make({ origin: provider?.id ?? "", partition: "plan", needs: draws })
    const arrival =
      sides && chosen.request
        ? mapper.arrivalOf(chosen.request, chosen.other ?? chosen.request)
        : {
            request: undefined,
            meters: claim.needs.map(({ cost, key, quota }) => ({ quota: promisedTo.get(quota) ?? quota, key, cost }))
          }
    return {
      name,
      calls: whole(`work.${name}`, portion.calls, 0),
      workers: whole(`${name}.workers`, portion.workers ?? options.workers ?? 1, 1),
      priority: portion.priority ?? 0,
      claim,
      arrival: {
        ...arrival,
        meters: cost === undefined ? arrival.meters : arrival.meters.map((meter) => ({ ...meter, cost }))
      }
    }
  })
  if (loads.length === 0) throw new PlanError({ field: "work", rule: `calls of ${namesOf(classes)}`, value: "none" })
  const { after, before } = waysOf(options.latency ?? 0)
  return {
    loads,
    origin,
    before,
    after,
    startMillis,
    seed: options.seed ?? 1,
    deadlineMillis: options.deadline === undefined ? Infinity : millisOf("deadline", options.deadline),
    used: options.used ?? {},
    skips: options.skips ?? true
  }
}

/** Classes of calls that there are names for. */
export const classesOf = (subject: Subject, simulation?: Simulation): ReadonlyArray<Classes.Class> =>
  isProvider(subject) ? Classes.ofProvider(subject, subject.quotas, simulation) : Classes.ofQuotas(subject)

export const isProvider = (subject: Subject): subject is Described =>
  typeof (subject as { readonly classify?: unknown }).classify === "function"

const unknownClass = (name: string, classes: ReadonlyArray<Classes.Class>) =>
  new PlanError({ field: "work", rule: `calls of ${namesOf(classes)}`, value: name })

const namesOf = (classes: ReadonlyArray<Classes.Class>) => classes.map(({ name }) => name).join(", ")

const ownQuotas = (subject: Subject, { quotas = {} }: Options): Quotas => {
  const published: Quotas = isProvider(subject) ? subject.quotas : subject
  return Object.fromEntries(
    Object.entries(quotas).map(([name, quota]) => {
      const replaced = published[name]
      if (!replaced) {
        const names = Object.keys(published).join(", ")
        throw new PlanError({ field: "quotas", rule: `names of the provider's quotas, ${names}`, value: name })
      }
      return [name, Quota.named(quota, replaced.name)]
    })
  )
}

/** What the simulated server enforces: a quota that is replaced is so by its name there, or by its promise. */
const enforced = (simulation: Simulation, published: Quotas, replaced: Quotas): Quotas =>
  Object.fromEntries(
    Object.entries(simulation.quotas).map(([name, quota]) => {
      const own = Object.entries(replaced).find(([other]) => other === name || isAlike(published[other], quota))
      return [name, own ? Quota.named(own[1], quota.name) : quota]
    })
  )

const isAlike = (a: Quota.Quota | undefined, b: Quota.Quota) =>
  a !== undefined && a.kind === b.kind && a.limit === b.limit && a.windowMillis === b.windowMillis

const waysOf = (latency: NonNullable<Options["latency"]>) => {
  if (typeof latency === "object" && latency !== null && ("before" in latency || "after" in latency)) {
    return { before: Latency.fromInput(latency.before ?? 0), after: Latency.fromInput(latency.after ?? 0) }
  }
  // What is given is the whole way, and no more.
  const whole = Latency.fromInput(latency as Latency.Input)
  if (whole.kind === "constant") {
    const out = Math.floor(whole.millis / 2)
    return { before: Latency.constant(out), after: Latency.constant(whole.millis - out) }
  }
  return { before: Latency.constant(0), after: whole }
}

const whole = (field: string, value: number, least: number): number => {
  if (Number.isSafeInteger(value) && value >= least) return value
  throw new PlanError({ field, rule: `a whole number, ${least} or more`, value })
}

const millisOf = (field: string, input: Duration.Input): number => {
  const millis = Option.getOrElse(Option.map(Duration.fromInput(input), Duration.toMillis), () => NaN)
  if (millis >= 0 && Number.isFinite(millis)) return Math.floor(millis)
  throw new PlanError({ field, rule: 'a duration such as "1 hour"', value: input })
}
