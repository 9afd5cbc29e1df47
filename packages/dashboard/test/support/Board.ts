/** A server on 127.0.0.1 with the dashboard of a limiter in memory. */
import { createServer } from "node:http"
import { NodeHttpServer } from "@effect/platform-node"
import { RateLimiter } from "@sluice/core"
import { Dashboard } from "@sluice/dashboard"
import { Effect, Layer } from "effect"
import { HttpRouter, HttpServer } from "effect/http"

export const layer = (options: Dashboard.Options = {}, limiter: RateLimiter.Options = {}) =>
  HttpRouter.serve(Dashboard.routes(options), { disableLogger: true, disableListenLog: true }).pipe(
    Layer.provideMerge(RateLimiter.layerWith(limiter)),
    Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" }))
  )

/** Where the server is. */
export const origin = Effect.map(HttpServer.HttpServer, ({ address }) => HttpServer.formatAddress(address))
