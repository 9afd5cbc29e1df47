/** The five policies of the comparison: whose, which call, how many, and how much faster than life they are served. */
import * as Catalogue from "@sluice/cli/Catalogue"
import type { Call } from "@sluice/cli/Naive"
import * as Work from "@sluice/cli/Work"
import type { Quota } from "@sluice/core/Quota"
import type { Meter, Request } from "@sluice/core/Simulation"
import { Scenario } from "@sluice/simulator"
import { Effect } from "effect"

export interface Policy {
  readonly id: string
  readonly full: Size
  readonly quick: Size
  /** What it costs Sluice that somebody else may not pay. */
  readonly price: string
  /** Default: the call of the demo. */
  readonly call?: (index: number) => Call
}

export interface Size {
  readonly calls: number
  /** The provider's time passes so many times faster than the machine's, at both ends. */
  readonly speed: number
}

/**
 * Each with so many calls that its windows fill several times, at a speed at which that takes some twenty seconds, or a few:
 * slow enough for five clients and servers to leave the machine half idle. The last window is about half full, or one call
 * more or less would decide over a whole window. They begin one after the other, those first that take longest.
 */
export const policies: ReadonlyArray<Policy> = [
  {
    id: "suiteop",
    full: { calls: 1175, speed: 3 },
    quick: { calls: 325, speed: 2 },
    price:
      "Sluice keeps to both windows from answer to request, which costs one round trip of each: whoever counts from the sending is faster, until it is refused."
  },
  {
    id: "productlane",
    full: { calls: 2500, speed: 5 },
    quick: { calls: 850, speed: 6 },
    price:
      "X-RateLimit-Reset is told in whole seconds, a fifth of a second here, by which Sluice waits longer at the end of the minute; and a slot of the burst cools from the answer.",
    // Reads have the larger burst, which leaves smeared over a tenth of a second.
    call: () => ({ method: "GET", path: "/threads?limit=1" })
  },
  {
    id: "attio",
    full: { calls: 2450, speed: 1 },
    quick: { calls: 450, speed: 1 },
    price:
      "Sluice learns from Date where the clock second begins, and until it has, its slots cool for a second from the answer; then it begins each second as late as the clocks may differ."
  },
  {
    id: "prayerletters",
    full: { calls: 500, speed: 300 },
    quick: { calls: 300, speed: 900 },
    price:
      "Sluice keeps to a window from answer to request, which costs one round trip an hour: whoever counts from the sending is faster, until it is refused."
  },
  {
    id: "clarifai",
    full: { calls: 352, speed: 1 },
    quick: { calls: 67, speed: 1 },
    price:
      "Sluice keeps to a window from answer to request, which costs one round trip a second: whoever counts from the sending is faster, until it is refused."
  }
]

export interface Loaded extends Catalogue.Entry, Size {
  readonly price: string
  /** How the server is set up and what Sluice is told of it, where the title does not say it all. */
  readonly setup?: string
  /** Whether its answers tell the limit. */
  readonly tellsLimit?: boolean
  readonly call: (index: number) => Call
  readonly apiKey: string
  readonly authorization: string
}

const apiKey = "bench"

export const load = Effect.fnUntraced(function* (id: string, isQuick: boolean) {
  const policy = policies.find((policy) => policy.id === id)
  if (policy === undefined) {
    return yield* Catalogue.fail(`There is no policy ${id}. The known ones are ${ids.join(", ")}.`)
  }
  const [entry] = yield* Catalogue.load([id])
  if (entry === undefined) return yield* Catalogue.fail(`There is no provider ${id}.`)
  return {
    ...entry,
    ...(isQuick ? policy.quick : policy.full),
    price: policy.price,
    call: policy.call ?? Work.of(entry.simulation).call,
    apiKey,
    authorization: `${entry.module.provider.authorization} ${apiKey}`
  } satisfies Loaded
})

export const ids: ReadonlyArray<string> = policies.map(({ id }) => id)

/** The calls as the server sees them. */
export const requestsOf = ({ authorization, call, calls }: Loaded): ReadonlyArray<Request> =>
  Array.from({ length: calls }, (_, index) => {
    const { body, headers, method, path } = call(index)
    const url = new URL(path, "http://127.0.0.1")
    return {
      method,
      path: url.pathname,
      query: url.searchParams,
      headers: { ...headers, authorization },
      body: body === undefined ? "" : JSON.stringify(body)
    }
  })

/** What a peer is told of the policy: the windows that the calls can fill, the longest first. */
export interface Limit {
  /** In calls. */
  readonly limit: number
  /** In the provider's time. */
  readonly windowMillis: number
  /** In the machine's time. */
  readonly machineMillis: number
}

export const limitsOf = (loaded: Loaded): ReadonlyArray<Limit> => {
  const used = new Map<string, { readonly quota: Quota; calls: number; units: number }>()
  for (const { cost = 1, key, quota } of metersOf(loaded)) {
    const id = `${quota.name}\u0000${key}`
    const known = used.get(id) ?? { quota, calls: 0, units: 0 }
    used.set(id, known)
    known.calls++
    known.units += cost
  }
  return Array.from(used.values())
    .filter(({ quota, units }) => units > quota.limit)
    .map(({ calls, quota, units }) => {
      const windowMillis = windowOf(quota)
      return {
        limit: Math.floor((quota.limit * calls) / units),
        windowMillis,
        machineMillis: windowMillis / loaded.speed
      }
    })
    .toSorted((left, right) => right.windowMillis - left.windowMillis)
}

/** Who knows windows only is told of a bucket in how long it refills: so much in so long it gives again and again. */
const windowOf = ({ kind, limit, refill, windowMillis }: Quota) =>
  kind === "tokenBucket" ? Math.ceil((limit * windowMillis) / refill) : windowMillis

/** The windows whose beginning a scenario has to choose. */
export const fixedOf = (loaded: Loaded): ReadonlyArray<Quota> =>
  metersOf({ ...loaded, calls: 1 })
    .map(({ quota }) => quota)
    .filter(({ kind }) => kind === "fixed")

const metersOf = (loaded: Loaded): ReadonlyArray<Meter> => {
  const quotas = Scenario.quotas(loaded.simulation.quotas)
  return requestsOf(loaded).flatMap((request) => loaded.simulation.meters(request, quotas))
}
