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
  { id: "suiteop", full: { calls: 1175, speed: 3 }, quick: { calls: 325, speed: 2 } },
  {
    id: "productlane",
    full: { calls: 2500, speed: 5 },
    quick: { calls: 850, speed: 6 },
    // Reads have the larger burst, which leaves smeared over a tenth of a second.
    call: () => ({ method: "GET", path: "/threads?limit=1" })
  },
  { id: "attio", full: { calls: 2450, speed: 1 }, quick: { calls: 450, speed: 1 } },
  { id: "prayerletters", full: { calls: 500, speed: 300 }, quick: { calls: 300, speed: 900 } },
  { id: "clarifai", full: { calls: 352, speed: 1 }, quick: { calls: 67, speed: 1 } }
]

export interface Loaded extends Catalogue.Entry, Size {
  readonly call: (index: number) => Call
  readonly authorization: string
}

export const apiKey = "bench"

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
    call: policy.call ?? Work.of(entry.simulation).call,
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
  readonly limit: number
  /** In the provider's time. */
  readonly windowMillis: number
  /** In the machine's time. */
  readonly machineMillis: number
}

export const limitsOf = (loaded: Loaded): ReadonlyArray<Limit> => {
  const counts = new Map<string, { readonly quota: Quota; count: number }>()
  for (const { key, quota } of metersOf(loaded)) {
    const id = `${quota.name}\u0000${key}`
    const known = counts.get(id)
    if (known) known.count++
    else counts.set(id, { quota, count: 1 })
  }
  return Array.from(counts.values())
    .filter(({ count, quota }) => count > quota.limit)
    .map(({ quota: { limit, windowMillis } }) => ({ limit, windowMillis, machineMillis: windowMillis / loaded.speed }))
    .toSorted((left, right) => right.windowMillis - left.windowMillis)
}

/** The windows whose beginning a scenario has to choose. */
export const fixedOf = (loaded: Loaded): ReadonlyArray<Quota> =>
  metersOf({ ...loaded, calls: 1 })
    .map(({ quota }) => quota)
    .filter(({ kind }) => kind === "fixed")

const metersOf = (loaded: Loaded): ReadonlyArray<Meter> => {
  const quotas = Scenario.quotas(loaded.simulation.quotas)
  return requestsOf(loaded).flatMap((request) => loaded.simulation.meters(request, quotas))
}
