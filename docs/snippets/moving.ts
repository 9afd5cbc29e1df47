/** The same work before and after: docs/moving.md. */
import { Claim, Quota, RateLimiter } from "@sluice/core"
import { SuiteOp } from "@sluice/providers/suiteop"
import { Effect, Redacted } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { RateLimiter as EffectRateLimiter } from "effect/persistence"

const token = Redacted.make("sk_test_1")

// #region withRateLimiter-before
const before = Effect.gen(function* () {
  const client = (yield* HttpClient.HttpClient).pipe(
    HttpClient.mapRequest(HttpClientRequest.bearerToken(token)),
    HttpClient.withRateLimiter({
      limiter: yield* EffectRateLimiter.RateLimiter,
      key: "suiteop",
      limit: 50,
      window: "1 second",
      times: 8
    })
  )
  return client.get("https://api-us.suiteop.com/api/v1/tasks")
})
// #endregion

// #region withRateLimiter-after
const after = SuiteOp.Client.use((suiteop) => suiteop.get("/api/v1/tasks"))

const layer = SuiteOp.layer({ apiKey: token })
// #endregion

const fetchPage = (page: number) => Effect.delay(Effect.succeed(`page ${page}`), "30 millis")

// #region p-throttle-after
const perSecond = Quota.rolling(2, "1 second")
const throttled = (page: number) => RateLimiter.withPermit(fetchPage(page), Claim.of(perSecond))

const pages = Effect.forEach([1, 2, 3, 4, 5, 6], throttled, { concurrency: "unbounded" })
// #endregion

// #region bottleneck-after
const perMinute = Quota.rolling(100, "1 minute", { name: "minute" })
const atATime = Quota.concurrency(5)
const perHour = Quota.rolling(1000, "1 hour", { name: "hour" })

const job = (page: number, customer: string) =>
  fetchPage(page).pipe(
    RateLimiter.withPermit(
      Claim.make({
        partition: customer,
        needs: [Claim.need(perMinute, { cost: 2 }), Claim.need(perHour), Claim.need(atATime)]
      })
    ),
    RateLimiter.priority("high")
  )

const limiter = RateLimiter.layerWith({ queueBound: 500 })
// #endregion

export { after, before, job, layer, limiter, pages }
