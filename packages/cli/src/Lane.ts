/** One provider's work done twice side by side, each way against a simulated server of its own, in one and the same clock. */
import { NodeHttpClient } from "@effect/platform-node"
import * as RateLimiter from "@sluice/core/RateLimiter"
import type { Request } from "@sluice/core/Simulation"
import { BestTime, Scenario, Simulator, type Stats } from "@sluice/simulator"
import { Progress as Tracking } from "@sluice/planner"
import { Clock, Duration, Effect, Option, Redacted, type Scope } from "effect"
import { HttpClient } from "effect/http"
import type { Board } from "./Board.ts"
import type { Entry } from "./Catalogue.ts"
import * as Naive from "./Naive.ts"
import * as ScaledClock from "./ScaledClock.ts"
import type { Work } from "./Work.ts"

export interface Plan {
  readonly entry: Entry
  readonly work: Work
  readonly calls: number
  readonly seed: number
  /** How long the sample may run, by the machine's clock. */
  readonly budget: Duration.Duration
  /** Where its limiters are shown, if anywhere. */
  readonly board?: Board | undefined
}

/** Each side works with so many calls at a time. */
export const workers = 50

/** The two sides: through Sluice, and as the provider's page shows it. */
export const sides = ["sluice", "sample"] as const
export type Side = (typeof sides)[number]

/** What can be watched while a side is at work. */
export interface Progress {
  readonly calls: number
  done: number
  isOver: boolean
  /** How long the rest takes by the machine's clock, as far as it can be known. */
  leftMillis?: number | undefined
}

/** What became of one side. Spans are in the provider's time, which is `speed` times the machine's, unless they say otherwise. */
export interface Result {
  readonly calls: number
  readonly done: number
  /** Answers that were neither done nor refused, and errors: none, if all is well. */
  readonly failures: ReadonlyArray<string>
  /** By the server's count, as are refusals. */
  readonly requests: number
  readonly refusals: number
  /** Requests that got no work done. */
  readonly wasted: number
  readonly elapsedMillis: number
  readonly machineMillis: number
  /** What the best possible client would have needed for all calls from this side's first instant. */
  readonly best: BestTime.BestTime
  /** The best time for the calls that were done, as a share of the time that they took. */
  readonly share: number
  readonly doneAfterMillis: ReadonlyArray<number>
  readonly countedAfterMillis: ReadonlyArray<number>
  readonly refusedAfterMillis: ReadonlyArray<number>
}

/** From 5 to 50 ms on either way. */
export const latency: Scenario.Input["latency"] = { before: { uniform: [5, 50] }, after: { uniform: [5, 50] } }

/** Gives up idle connections well before the servers do, who would otherwise close one that is just being used. */
export const httpClient = NodeHttpClient.layerUndiciOptions({ keepAliveTimeout: 1000, keepAliveMaxTimeout: 1000 })

const apiKey = "demo"

/** Works both ways at once; `progress` is written to as it goes. */
export const run = (plan: Plan, progress: Readonly<Record<Side, Progress>>) =>
  Effect.suspend(() => {
    const clock = ScaledClock.make(plan.work.speed)
    return Effect.all(
      {
        sluice: side(plan, clock, progress.sluice, Option.none(), foretold(plan, progress.sluice)),
        sample: side(plan, clock, progress.sample, Option.some(plan.budget), asTheSample(plan))
      },
      { concurrency: "unbounded" }
    )
  })

/** Does a call to the end and gives the last status. */
type Perform = (call: Naive.Call) => Effect.Effect<number, Error, HttpClient.HttpClient>

const throughSluice =
  ({ board, entry, work }: Plan) =>
  (baseUrl: string): Effect.Effect<Perform, never, HttpClient.HttpClient | RateLimiter.RateLimiter> =>
    Effect.map(
      Effect.andThen(
        board?.show(work.speed) ?? Effect.void,
        entry.module.make({ apiKey: Redacted.make(apiKey), baseUrl })
      ),
      (client) => (call) =>
        client
          .execute(Naive.requestOf(call))
          .pipe(Effect.flatMap((response) => Effect.as(response.text, response.status)))
    )

/** The same, and for how long yet. */
const foretold = (plan: Plan, progress: Progress) => (baseUrl: string) =>
  Effect.gen(function* () {
    const { calls, entry, work } = plan
    const request = Naive.requestOf(work.call(0))
    const { state } = yield* Tracking.track(entry.module.provider, { all: { calls, request } })
    const look = Effect.map(state, ({ left }) => {
      progress.leftMillis = Option.getOrUndefined(Option.map(left, (left) => Duration.toMillis(left) / work.speed))
    })
    yield* Effect.forkScoped(Effect.forever(Effect.delay(look, Duration.times(lookEvery, work.speed))))
    return yield* throughSluice(plan)(baseUrl)
  })
const lookEvery = Duration.millis(250)

const asTheSample =
  ({ entry, work }: Plan) =>
  (baseUrl: string): Effect.Effect<Perform> =>
    Effect.succeed((call) =>
      Naive.perform(call, work.manners, { baseUrl, authorization: `${entry.module.provider.authorization} ${apiKey}` })
    )

const side = (
  { calls, entry, seed, work }: Plan,
  clock: Clock.Clock,
  progress: Progress,
  budget: Option.Option<Duration.Duration>,
  client: (
    baseUrl: string
  ) => Effect.Effect<Perform, never, HttpClient.HttpClient | RateLimiter.RateLimiter | Scope.Scope>
) => {
  const scenario = { seed, latency }
  const doneAt: Array<number> = []
  const failures: Array<string> = []
  const list = Array.from({ length: calls }, (_, index) => work.call(index))

  const one = Effect.fnUntraced(function* (perform: Perform, call: Naive.Call) {
    const status = yield* Effect.catch(perform(call), (error) => Effect.succeed(error.message))
    if (typeof status === "number" && status < 400) {
      doneAt.push(clock.currentTimeMillisUnsafe())
      progress.done++
    } else failures.push(typeof status === "number" ? `${call.method} ${call.path} was answered ${status}` : status)
  })

  return inTimeOf(
    clock,
    Effect.gen(function* () {
      const served = yield* Simulator.serve(entry.simulation, scenario)
      const perform = yield* client(served.url)
      yield* connect(new URL("/__stats", served.url).href)
      const startMillis = clock.currentTimeMillisUnsafe()
      const all = Effect.forEach(list, (call) => one(perform, call), { concurrency: workers, discard: true })
      const ended = yield* Option.match(budget, {
        onNone: () => Effect.asSome(all),
        // The budget is the machine's: everything else here is in the provider's time.
        onSome: (budget) =>
          Effect.provideService(Effect.timeoutOption(inTimeOf(clock, all), budget), Clock.Clock, ScaledClock.make(1))
      })
      const endMillis = clock.currentTimeMillisUnsafe()
      progress.isOver = true
      const elapsedMillis = Math.max(1, (Option.isSome(ended) ? (doneAt.at(-1) ?? endMillis) : endMillis) - startMillis)
      const authorization = `${entry.module.provider.authorization} ${apiKey}`
      const requests = list.map((call) => seenByServer(call, authorization))
      const best = BestTime.make({
        simulation: entry.simulation,
        scenario: Scenario.make(scenario),
        requests,
        startMillis
      })
      const stats = yield* served.stats
      return {
        calls,
        done: progress.done,
        failures,
        requests: stats.requests,
        refusals: stats.refusals,
        wasted: stats.requests - progress.done,
        elapsedMillis,
        machineMillis: elapsedMillis / work.speed,
        best,
        share: BestTime.share(best, progress.done, elapsedMillis),
        doneAfterMillis: doneAt.map((at) => at - startMillis),
        ...requestsOf(stats, startMillis)
      } satisfies Result
    }).pipe(Effect.provide([RateLimiter.layer, httpClient], { local: true }), Effect.scoped)
  )
}

/** Opens the connections beforehand, by requests that nothing counts. */
const connect = (url: string) =>
  Effect.forEach(
    Array.from({ length: workers }),
    () => Effect.ignore(Effect.flatMap(HttpClient.get(url), (response) => response.text)),
    { concurrency: "unbounded", discard: true }
  )

const inTimeOf = <A, E, R>(clock: Clock.Clock, effect: Effect.Effect<A, E, R>) =>
  Effect.provideService(effect, Clock.Clock, clock)

/** The call as the simulated server will see it, for the arithmetic of the best time. */
const seenByServer = (call: Naive.Call, authorization: string): Request => {
  const url = new URL(call.path, "http://127.0.0.1")
  return {
    method: call.method,
    path: url.pathname,
    query: url.searchParams,
    headers: { ...call.headers, authorization },
    body: call.body === undefined ? "" : JSON.stringify(call.body)
  }
}

/** A request is counted by several quotas at one instant: what belongs together comes in a row, each quota once. */
export const requestsOf = ({ timeline }: Stats.Stats, startMillis: number) => {
  const countedAfterMillis: Array<number> = []
  const refusedAfterMillis: Array<number> = []
  let quotas = new Set<string>()
  let previous: Stats.Point | undefined
  for (const point of timeline) {
    const isSame =
      previous?.atMillis === point.atMillis && previous.isRefused === point.isRefused && !quotas.has(point.quota)
    if (!isSame) {
      quotas = new Set()
      const list = point.isRefused ? refusedAfterMillis : countedAfterMillis
      list.push(point.atMillis - startMillis)
    }
    quotas.add(point.quota)
    previous = point
  }
  return { countedAfterMillis, refusedAfterMillis }
}
