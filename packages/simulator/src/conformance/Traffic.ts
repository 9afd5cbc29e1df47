/**
 * Whether the provider's client is never refused by the provider's simulation, and still uses what it is allowed.
 *
 * The client is made as users make it and sends from as many fibers as there are requests, in virtual time, over networks
 * that differ. How fast it could be at best is known from the simulation's counters: a client that needs more than twice
 * that counts its requests dearer than the server does.
 */
import type { Response, Simulation } from "@sluice/core/Simulation"
import { Cause, Clock, Duration, Effect, Exit, Redacted } from "effect"
import type { HttpClientRequest } from "effect/http"
import * as BestTime from "../BestTime.ts"
import * as Scenario from "../Scenario.ts"
import * as Simulator from "../Simulator.ts"
import type { Finding, Refute } from "./Check.ts"
import { groupOf } from "./Classified.ts"
import * as Simulated from "./Simulated.ts"
import { key, type Setting, startMillis } from "./Subject.ts"
import { show, type Violation } from "./Violation.ts"
import * as VirtualTime from "./VirtualTime.ts"

/** Requests that draw on the same counters. */
interface Group {
  readonly requests: readonly [
    HttpClientRequest.HttpClientRequest,
    ...ReadonlyArray<HttpClientRequest.HttpClientRequest>
  ]
  readonly count: number
}

interface Network {
  readonly title: string
  readonly scenario: Scenario.Input
  /** How many requests are sent, in all groups together. */
  readonly requests: number
  /** Whether the pace is judged: latencies that come near to a window cost what the receipt rule says. */
  readonly isPaced: boolean
}

const networks = (seed: number): ReadonlyArray<Network> => [
  {
    title: "5 to 50 ms each way",
    scenario: { seed, latency: { before: { uniform: [5, 50] }, after: { uniform: [5, 50] } } },
    requests: 1100,
    isPaced: true
  },
  {
    title: "80 ms each way with a long tail, a server's clock 1.7 s behind",
    scenario: { seed: seed + 1, latency: { before: tail, after: tail }, skew: -1700 },
    requests: 300,
    isPaced: false
  },
  {
    title: "no latency, a server's clock an hour ahead",
    scenario: { seed: seed + 2, skew: "1 hour" },
    requests: 300,
    isPaced: false
  }
]
const tail = { lognormal: { median: 80, sigma: 0.8, cap: 3000 } }

export const examine = (setting: Setting, refute: Refute): Effect.Effect<Finding> =>
  Effect.gen(function* () {
    const evidence: Array<string> = []
    for (const network of networks(setting.seed)) {
      const found = yield* travel(setting, refute, network)
      if (typeof found !== "string") return found
      evidence.push(found)
    }
    return evidence.join("; ")
  })

const travel = (setting: Setting, refute: Refute, network: Network): Effect.Effect<Finding> =>
  Effect.gen(function* () {
    const all = groupsOf(setting, network.requests)
    // To count together what the server counts apart is a choice, and costs pace only where both are sent.
    const groups = network.isPaced
      ? all.map(({ count, requests: [first] }): Group => ({ count, requests: [first] }))
      : all
    const best = bestOf(setting, network, groups)
    const sent = groups.reduce((sum, { count }) => sum + count, 0)
    const input = `${sent} requests at once, ${network.title} (scenario ${show(network.scenario)})`
    const longest = Math.max(60_000, ...best.filter(Number.isFinite))
    const ran = yield* Effect.result(run(setting, groups, network.scenario, Duration.millis(6 * longest + 3_600_000)))
    if (ran._tag === "Failure") {
      return refute({
        rule: "The requests end.",
        input,
        value: ran.failure.message,
        advice: "Look whether a cost is larger than its quota, or a quota smaller than the page says."
      })
    }
    const { doneAfter, exit, stats } = ran.success
    const refused = stats.timeline.find(({ isRefused }) => isRefused)
    if (stats.refusals > 0 || Exit.isFailure(exit)) {
      const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
      return refute({
        rule: "The client is never refused by its own simulation.",
        input,
        value:
          `${stats.refusals} of ${stats.requests} requests are refused` +
          (refused ? `, first by ${show(refused.quota)} after ${refused.atMillis - startMillis} ms` : "") +
          (error === undefined ? "" : `; ${show(error)}`),
        advice:
          "Compare quotas and classify with what the simulation meters: a limit too high, a cost too low, a counter too narrow, " +
          "or a request that draws on nothing."
      })
    }
    if (stats.intercepted > 0) {
      return refute({
        rule: "Typical requests are counted.",
        input,
        value: `${stats.intercepted} of ${stats.requests} are answered before anything is counted`,
        advice: "Compare the provider's `authorization` with what the simulation's `intercept` asks for."
      })
    }
    if (!network.isPaced) return `${sent} requests, ${network.title}`
    return judgePace(refute, input, groups, best, doneAfter)
  })

/** When the last of each group would be done by the best client; Infinity for a group that never can be. */
const bestOf = (setting: Setting, { scenario }: Network, groups: ReadonlyArray<Group>): ReadonlyArray<number> => {
  const requests = groups.map(({ count, requests }) => {
    const own = requests.flatMap((request) => Simulated.requestOf(setting, request) ?? [])
    return Array.from({ length: count }).flatMap((_, i) => own[i % own.length] ?? [])
  })
  const each = BestTime.ofEach({
    simulation: setting.simulation,
    scenario: Scenario.make(scenario),
    requests: requests.flat(),
    startMillis
  })
  let from = 0
  return requests.map(({ length }) => (length === 0 ? Infinity : Math.max(...each.slice(from, (from += length)))))
}

/** Half, and a little for what latency and slack cost in every window. */
const leastShare = 0.45
/** Shorter work is done before any quota holds it back. */
const leastMillis = 500
/** What latency costs at the end, whatever the quotas are. */
const latencyMillis = 200

const judgePace = (
  refute: Refute,
  input: string,
  groups: ReadonlyArray<Group>,
  best: ReadonlyArray<number>,
  doneAfter: ReadonlyArray<number>
): string | Violation => {
  let least = 1
  for (const [index, { count, requests }] of groups.entries()) {
    const [bestMillis = 0, millis = 0] = [best[index], doneAfter[index]]
    if (bestMillis < leastMillis || !Number.isFinite(bestMillis)) continue
    const share = bestMillis / Math.max(bestMillis, millis - latencyMillis)
    least = Math.min(least, share)
    if (share >= leastShare) continue
    const [{ method, url }] = requests
    return refute({
      rule: "The client uses about half of what the server allows, or more.",
      input: `${count} times ${method} ${show(url)} and its like, of ${input}`,
      value: `${Math.round(share * 100)} %: ${millis} ms, where ${bestMillis} ms are the least that they can take`,
      advice:
        "Look whether classify draws too many units, on too many quotas, or on one that is smaller than the server's."
    })
  }
  return `${Math.round(least * 100)} % of the best pace at least`
}

/** Sends every group at once, and says when each was done. */
const run = (setting: Setting, groups: ReadonlyArray<Group>, scenario: Scenario.Input, atMost: Duration.Duration) =>
  Effect.gen(function* () {
    const doneAfter = groups.map(() => 0)
    const client = yield* setting.make({
      apiKey: Redacted.make(key),
      // A partition with a name takes no hash, whose end in real time the virtual clock would not wait for.
      partition: "conformance",
      retry: "none"
    })
    const send = (request: HttpClientRequest.HttpClientRequest) =>
      Effect.flatMap(client.execute(request), (response) => response.text)
    const work = Effect.forEach(
      groups,
      ({ count, requests }, index) =>
        Effect.forEach(Array.from({ length: count }), (_, i) => send(requests[i % requests.length] ?? requests[0]), {
          concurrency: "unbounded",
          discard: true
        }).pipe(
          Effect.andThen(Clock.currentTimeMillis),
          Effect.map((now) => {
            doneAfter[index] = now - startMillis
          })
        ),
      { concurrency: "unbounded", discard: true }
    )
    const { exit, stats } = yield* Simulator.fastForward(work, { atMost })
    return { doneAfter, exit, stats }
  }).pipe(Effect.provide(VirtualTime.layer(quick(setting.simulation), scenario)))

/** Requests by the counters that they draw on, each as often as fills its tightest quota some times over. */
const groupsOf = ({ provider, requests }: Setting, total: number): ReadonlyArray<Group> => {
  const grouped = Map.groupBy(requests, (request) => groupOf(provider, request))
  const most = Math.max(1, Math.floor(total / Math.max(1, grouped.size)))
  return [...grouped.values()].flatMap(([first, ...others]): ReadonlyArray<Group> => {
    if (first === undefined) return []
    const draws = provider.classify(first, provider.quotas)
    const rates = draws.map(({ cost, quota }) => ({
      fits: quota.limit / cost,
      rate: quota.limit / cost / quota.windowMillis
    }))
    const tightest = rates.toSorted((left, right) => left.rate - right.rate)[0]
    // Nobody can keep to a limit whose number nobody tells.
    const isUntold = draws.some(({ quota }) => quota.kind === "unpublished")
    const wanted = isUntold ? 5 : tightest === undefined ? most : Math.ceil(6 * tightest.fits)
    return [{ requests: [first, ...others], count: Math.min(most, wanted) }]
  })
}

/** The same server, whose pages are made once: what they say is another check's concern. */
const quick = (simulation: Simulation): Simulation => ({
  ...simulation,
  routes: simulation.routes.map((route) => {
    let made: Response | undefined
    return { ...route, handle: (...given) => (made ??= brief(route.handle(...given))) }
  })
})

const brief = ({ body, ...response }: Response): Response =>
  body === undefined ? response : { ...response, body: JSON.stringify(body).length > 2048 ? {} : body }
