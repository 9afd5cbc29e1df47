/**
 * `npm start`: people save more than may be sent, and the service is started anew in the middle. `-- --live` serves on port
 * 3000 for your own accounts, by `PRAYERLETTERS_TOKEN` and `PRODUCTLANE_API_KEY`, and sends what is saved there.
 */
import { createServer } from "node:http"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { NodeHttpClient, NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { RateLimiter } from "@sluice/core"
import { Dashboard } from "@sluice/dashboard"
import { Outbox, OutboxStoreSqlite } from "@sluice/outbox"
import { PrayerLetters } from "@sluice/providers/prayerletters"
import { Productlane } from "@sluice/providers/productlane"
import { Config, Effect, Layer } from "effect"
import { HttpRouter } from "effect/http"
import { routes } from "./Routes.ts"
import { outbox } from "./Saving.ts"
import * as Simulated from "./Simulated.ts"
import { rush, wait } from "./Visit.ts"

// #region service
const service = (filename: string, port: number) =>
  HttpRouter.serve(Layer.mergeAll(routes, Outbox.routes(), Dashboard.routes()), {
    disableLogger: true,
    disableListenLog: port === 0
  }).pipe(
    Layer.provide(outbox),
    Layer.provide(OutboxStoreSqlite.layer({ filename })),
    Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port }))
  )
// #endregion

const live = service("outbox.db", 3000).pipe(
  Layer.provide([
    PrayerLetters.layerConfig({ apiKey: Config.Redacted("PRAYERLETTERS_TOKEN") }),
    Productlane.layerConfig({ apiKey: Config.Redacted("PRODUCTLANE_API_KEY") })
  ]),
  Layer.launch
)

const simulated = Effect.gen(function* () {
  const filename = join(mkdtempSync(join(tmpdir(), "background-writes-")), "outbox.db")
  // Each run is the program from its start to its end: what waits in between is in the file alone.
  const run = <A, E, R>(visit: Effect.Effect<A, E, R>) =>
    Effect.provide(visit, Layer.fresh(service(filename, 0)), { local: true })
  yield* run(rush)
  yield* run(wait)
}).pipe(Effect.provide(Simulated.clients))

const around = Effect.provide([NodeHttpClient.layerUndici, RateLimiter.layer])
if (process.argv.includes("--live")) live.pipe(around, NodeRuntime.runMain)
else simulated.pipe(around, NodeRuntime.runMain)
