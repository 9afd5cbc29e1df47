/** The example of packages/dashboard/README.md and docs/dashboard.md. */
// #region example
import { createServer } from "node:http"
import { NodeHttpServer } from "@effect/platform-node"
import { RateLimiter } from "@sluice/core"
import { Dashboard } from "@sluice/dashboard"
import { Layer } from "effect"
import { HttpRouter } from "effect/http"

export const DashboardLive = HttpRouter.serve(Dashboard.routes()).pipe(
  Layer.provide(RateLimiter.layer),
  Layer.provide(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 3000 }))
)
// #endregion
