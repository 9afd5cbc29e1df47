/** One peer does all of a policy's calls, submitted at once, until they are done or its time is up. */
import type { BestTime } from "@sluice/simulator"
import { Clock, Effect, Scope } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import type { Peer } from "./Peer.ts"
import * as Policy from "./Policy.ts"
import type { Outcome } from "./Protocol.ts"

export interface Job {
  readonly peer: Peer
  readonly loaded: Policy.Loaded
  readonly url: string
  readonly startAtMillis: number
  readonly budgetMillis: number
  readonly onDone?: () => void
}

/** Who needs so many times the best time, and a leeway, is stopped. */
const patience = 1.5
const leewayMillis = 1500

/** How long anybody may take, in the provider's time. */
export const budgetMillis = ({ millis }: BestTime.BestTime, speed: number): number =>
  millis * patience + leewayMillis * speed

/** So many calls compile what a call needs. */
const warmUpCalls = 400

/**
 * Calls that no server sees, by instances of the peer that are thrown away: its code is compiled when the work begins. Each
 * instance does as many as its quotas have room for at once.
 */
export const warmUp = Effect.fnUntraced(
  function* ({ loaded, peer, url }: Pick<Job, "loaded" | "peer" | "url">) {
    const limits = Policy.limitsOf(loaded)
    const atOnce = Math.min(warmUpCalls, ...limits.map(({ limit }) => limit))
    const round = Effect.gen(function* () {
      const perform = yield* peer.make({ loaded, baseUrl: url, limits })
      const list = Array.from({ length: atOnce }, (_, index) => loaded.call(index))
      yield* Effect.forEach(list, perform, { concurrency: "unbounded", discard: true })
    }).pipe(Effect.scoped, Effect.ignore)
    for (let done = 0; done < warmUpCalls; done += atOnce) yield* round
  },
  Effect.provideService(
    HttpClient.HttpClient,
    HttpClient.make((request) => Effect.sync(() => HttpClientResponse.fromWeb(request, Response.json({}))))
  )
)

/** In the time of the `Clock`, which is the provider's. */
export const run = Effect.fnUntraced(function* (
  job: Job
): Effect.fn.Return<Outcome, never, HttpClient.HttpClient | Scope.Scope> {
  const { budgetMillis, loaded, onDone, peer, startAtMillis, url } = job
  const clock = yield* Clock.Clock
  const doneAt: Array<number> = []
  const failures: Array<string> = []
  const limits = Policy.limitsOf(loaded)
  const perform = yield* peer.make({ loaded, baseUrl: url, limits })
  const list = Array.from({ length: loaded.calls }, (_, index) => loaded.call(index))

  yield* Effect.sleep(Math.max(0, startAtMillis - clock.currentTimeMillisUnsafe()))
  const before = process.cpuUsage()
  const startMillis = clock.currentTimeMillisUnsafe()
  yield* Effect.forEach(
    list,
    (call) =>
      perform(call).pipe(
        Effect.tap(() => {
          doneAt.push(clock.currentTimeMillisUnsafe())
          onDone?.()
          return Effect.void
        }),
        Effect.catch(({ message }) => Effect.sync(() => failures.push(message)))
      ),
    { concurrency: "unbounded", discard: true }
  ).pipe(Effect.timeoutOption(budgetMillis))
  const isWhole = doneAt.length + failures.length === loaded.calls
  const endMillis = isWhole ? (doneAt.at(-1) ?? clock.currentTimeMillisUnsafe()) : clock.currentTimeMillisUnsafe()
  const { system, user } = process.cpuUsage(before)
  return {
    startMillis,
    doneAfterMillis: doneAt.map((at) => at - startMillis),
    elapsedMillis: Math.max(1, endMillis - startMillis),
    processorMillis: (user + system) / 1000,
    failures
  }
})
