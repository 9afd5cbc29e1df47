/** A server that nobody here wrote and that judges Sluice: how it is started, how it counts, and what Sluice is told of that. */
import type { Quota, Source } from "@sluice/core/Quota"
import * as Pipeline from "@sluice/core/Pipeline"
import type { Simulation } from "@sluice/core/Simulation"
import type { Counter } from "@sluice/simulator"
import type * as Policy from "../Policy.ts"
import * as JudgeProvider from "./JudgeProvider.ts"

export interface Judge {
  readonly id: string
  readonly title: string
  /** Where it is told how it counts. */
  readonly docs: Source
  /** What Sluice is told of it, and why. */
  readonly setup: string
  /** What that costs Sluice. */
  readonly price: string
  /** What Sluice is told. */
  readonly quota: Quota
  /** Whether its answers tell the limit. */
  readonly tellsLimit: boolean
  /** What its headers call the quota, if anything. */
  readonly nameInHeaders?: string
  /** How it counts itself, from which the best possible time is computed; by default what Sluice is told. */
  readonly counts?: { readonly quota?: Quota; readonly cost?: number; readonly start?: Counter.Options["start"] }
  readonly calls: { readonly full: number; readonly quick: number }
  /** What has to be on the path, and the package of Debian that brings it; by default nothing. */
  readonly binary?: { readonly name: string; readonly package: string }
  readonly program: (place: Place) => Program
}

/** Where a server may live. */
export interface Place {
  readonly port: number
  readonly folder: string
}

/** What is started: in the foreground, in its folder, listening on 127.0.0.1, with one counter for each `Authorization`. */
export interface Program {
  readonly command: string
  readonly args: ReadonlyArray<string>
  /** What has to lie in the folder. */
  readonly files?: Readonly<Record<string, string>>
}

/** The judge as a policy of the bench, for a client of that key. */
export const load = (judge: Judge, isQuick: boolean, apiKey = "bench"): Policy.Loaded => {
  const { calls, id, price, setup, tellsLimit, title } = judge
  const provider = JudgeProvider.make(judge)
  return {
    id,
    title,
    setup,
    price,
    tellsLimit,
    apiKey,
    authorization: `${provider.authorization} ${apiKey}`,
    calls: isQuick ? calls.quick : calls.full,
    speed: 1,
    call: () => ({ method: "GET", path: "/" }),
    module: { provider, make: (options) => Pipeline.make(provider, options) },
    simulation: simulationOf(judge)
  }
}

/** Only its counting is simulated, for the best possible time: the judge answers for itself. */
const simulationOf = ({ counts, id, quota }: Judge): Simulation => ({
  id,
  baseUrl: "http://127.0.0.1",
  quotas: { requests: counts?.quota ?? quota },
  meters: ({ headers }, { requests }) =>
    requests ? [{ quota: requests, key: headers["authorization"] ?? "", cost: counts?.cost ?? 1 }] : [],
  headers: () => ({}),
  refuse: () => ({ status: 429 }),
  routes: []
})
