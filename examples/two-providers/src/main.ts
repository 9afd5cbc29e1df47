/** `npm start`; `-- --serve` stays, and `-- --live` asks your own accounts, by `PRODUCTLANE_API_KEY` and `ATTIO_API_KEY`. */
import { createServer } from "node:http"
import { NodeHttpClient, NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { RateLimiter } from "@sluice/core"
import { Attio } from "@sluice/providers/attio"
import { Productlane } from "@sluice/providers/productlane"
import { Config, Effect, Layer } from "effect"
import { HttpRouter } from "effect/http"
import { attioOptions, Inbox, productlaneOptions } from "./Inbox.ts"
import { routes } from "./Routes.ts"
import * as Simulated from "./Simulated.ts"
import { visit } from "./Visit.ts"

const Live = Layer.merge(
  Productlane.layerConfig({ ...productlaneOptions, apiKey: Config.Redacted("PRODUCTLANE_API_KEY") }),
  Attio.layerConfig({ ...attioOptions, apiKey: Config.Redacted("ATTIO_API_KEY") })
)

const [isServing, isLive] = ["--serve", "--live"].map((flag) => process.argv.includes(flag))

// #region server
const Server = HttpRouter.serve(routes, { disableLogger: true, disableListenLog: !isServing }).pipe(
  Layer.provide(Inbox.layer),
  Layer.provide(isLive ? Live : Simulated.layer),
  Layer.provide(RateLimiter.layer),
  Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: isServing ? 3000 : 0 })),
  Layer.provideMerge(NodeHttpClient.layerUndici)
)
// #endregion

const main = isServing ? Layer.launch(Server) : Effect.provide(visit, Server)
main.pipe(NodeRuntime.runMain)
