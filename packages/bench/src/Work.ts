/** One peer does all of a policy's calls, submitted at once, until they are done or its time is up. */
import type { BestTime } from "@sluice/simulator"
import { Clock, Effect, Scope } from "effect"
import type { HttpClient } from "effect/http"
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
