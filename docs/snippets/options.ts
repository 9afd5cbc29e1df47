/** Fragments of docs/choosing-options.md, run by options.test.ts. */
import { Quota, RateLimiter, RetrySchedule } from "@sluice/core"
import { SuiteOp } from "@sluice/providers/suiteop"
import { Console, Effect, Layer, Redacted, Schedule } from "effect"

const apiKey = Redacted.make("sk_test_1")

// #region deadline
const tasks = Effect.gen(function* () {
  const suiteop = yield* SuiteOp.Client
  return yield* suiteop.get("/api/v1/tasks")
})

const forAPage = tasks.pipe(
  RateLimiter.within("2 seconds"),
  Effect.catchReason("AdmissionError", "DeadlineExceeded", (reason) => Console.log(reason.message))
)
const orNothing = tasks.pipe(RateLimiter.failFast)
const orWhen = tasks.pipe(
  RateLimiter.failFast,
  Effect.catchTag(["AdmissionError", "SuiteOpRateLimited"], ({ retryAt }) => Effect.succeed(retryAt))
)
// #endregion

// #region priority
const nightly = tasks.pipe(RateLimiter.priority("low"))
const clicked = tasks.pipe(RateLimiter.priority("high"))
// #endregion

// #region share
const ours = SuiteOp.layer({
  apiKey,
  quotas: {
    sustained: SuiteOp.quotas.sustained.pipe(Quota.share(0.5)),
    burst: SuiteOp.quotas.burst.pipe(Quota.share(0.5))
  }
})
// #endregion

// #region cap
const capped = SuiteOp.layer({ apiKey, quotas: { "our own": Quota.concurrency(10) } })
// #endregion

// #region tenant
const forAcme = tasks.pipe(RateLimiter.tenant("acme"))
const forGlobex = tasks.pipe(RateLimiter.tenant("globex", { weight: 3 }))
// #endregion

// #region retry
const gently = SuiteOp.layer({
  apiKey,
  retry: RetrySchedule.serverDirected({
    jitter: "500 millis",
    maxAttempts: 3,
    maxElapsed: "1 minute",
    budget: RetrySchedule.budget({ ratio: 0.1 })
  })
})
const alsoBrokenConnections = Schedule.min([
  SuiteOp.retrySchedule,
  Schedule.exponential("200 millis").pipe(
    Schedule.while(({ input }) => !(input instanceof SuiteOp.RateLimited)),
    Schedule.upTo({ times: 3 })
  )
])
// #endregion

// #region limiter
const limiter = RateLimiter.layerWith({ queueBound: 1000, longWait: "5 seconds", drain: "10 seconds" })
const all = Layer.mergeAll(ours, RateLimiter.layerLogRefusals).pipe(Layer.provideMerge(limiter))
// #endregion

export {
  all,
  alsoBrokenConnections,
  capped,
  clicked,
  forAcme,
  forAPage,
  gently,
  limiter,
  nightly,
  orNothing,
  orWhen,
  ours,
  forGlobex
}
