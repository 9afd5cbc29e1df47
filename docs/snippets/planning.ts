/** The program of docs/planning.md. */
import { RateLimiter } from "@sluice/core"
import { Eta, Planner, Progress } from "@sluice/planner"
import { Attio } from "@sluice/providers/attio"
import { simulation } from "@sluice/providers/attio/simulation"
import { Duration, Effect } from "effect"

// #region plan
export const program = Effect.gen(function* () {
  const plan = yield* Planner.plan(
    Attio.provider,
    { reads: 50_000, writes: { calls: 2000, workers: 2 } },
    { workers: 4, latency: "80 millis", deadline: "10 minutes", simulation }
  )
  const [reads] = plan.classes
  return { doneAfter: Duration.millis(plan.doneAfterMillis), readsByDeadline: reads?.doneByDeadline }
})
// #endregion

// #region eta
export const left = (reads: number) =>
  Effect.map(RateLimiter.status("acme"), (status) =>
    Eta.eta(Attio.provider, { reads }, { status, workers: 4, latency: "80 millis", simulation })
  )
// #endregion

// #region progress
export const readAll = (paths: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const attio = yield* Attio.Client
    const progress = yield* Progress.make(Attio.provider, { reads: paths.length }, { label: "people" })
    yield* Effect.forEach(paths, (path) => Effect.flatMap(attio.get(path), ({ text }) => text), { concurrency: 4 })
    yield* progress.say("all are read")
  }).pipe(Effect.scoped)
// #endregion
