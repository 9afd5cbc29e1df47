import { createServer } from "node:http"
import { NodeHttpServer } from "@effect/platform-node"
import { Claim, Quota, RateLimiter } from "@sluice/core"
import * as Explanation from "@sluice/core/Explanation"
import * as Telemetry from "@sluice/core/Telemetry"
import { Console, Effect, Layer } from "effect"
import { FetchHttpClient, HttpRouter } from "effect/http"
import { Otlp, PrometheusMetrics } from "effect/observability"

// #region limiter
export const limiter = Telemetry.layerMetrics({ partitions: 20 }).pipe(Layer.provideMerge(RateLimiter.layer))
// #endregion

// #region prometheus
export const metrics = HttpRouter.serve(PrometheusMetrics.layerHttp())
export const served = metrics.pipe(Layer.provide(NodeHttpServer.layer(createServer, { port: 9464 })))
// #endregion

// #region otlp
export const exported = (baseUrl: string) =>
  Otlp.layerJson({ baseUrl, resource: { serviceName: "jobs" } }).pipe(Layer.provide(FetchHttpClient.layer))
// #endregion

// #region log
export const logged = Telemetry.layerEvents({ format: "logfmt" }).pipe(Layer.provideMerge(RateLimiter.layer))
// #endregion

// #region explain
const rate = Quota.rolling(2, "1 second", { name: "rate" })
const day = Quota.rolling(1000, "1 day", { name: "day" })
const claim = Claim.make({ needs: [Claim.need(rate), Claim.need(day)], partition: "acme" })

export const explained = Effect.gen(function* () {
  const call = Effect.void.pipe(RateLimiter.withPermit(claim))
  yield* Effect.replicateEffect(call, 2)
  const error = yield* Effect.flip(RateLimiter.failFast(call))
  yield* Console.log(error.message)
  yield* Console.log(Explanation.format(yield* RateLimiter.explain(error)))
})
// #endregion
