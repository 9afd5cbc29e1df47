import { createServer } from "node:http"
import { NodeHttpServer } from "@effect/platform-node"
import { RateLimiter } from "@sluice/core"
import * as Telemetry from "@sluice/core/Telemetry"
import { Layer } from "effect"
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
