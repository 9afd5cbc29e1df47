/** The process in which a peer works; the bench starts one for each run. */
// One by one: the whole package takes a second of the processor to load.
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeWorkerRunner from "@effect/platform-node/NodeWorkerRunner"
import { Clock, Effect, Layer } from "effect"
import { HttpClient } from "effect/http"
import { RpcServer } from "effect/rpc"
import * as Peers from "./Peers.ts"
import * as Policy from "./Policy.ts"
import { ClientRpcs } from "./Protocol.ts"
import * as SharedClock from "./SharedClock.ts"
import * as Work from "./Work.ts"

/** Gives up idle connections well before the server does, which would otherwise close one that is just being used. */
const httpClient = NodeHttpClient.layerUndiciOptions({ keepAliveTimeout: 1000, keepAliveMaxTimeout: 1000 })

let done = 0

const handlers = ClientRpcs.toLayer({
  Work: ({ budgetMillis, isQuick, origin, peer: id, policy, startAtMillis, url }) =>
    Effect.gen(function* () {
      const peer = Peers.find(id)
      if (peer === undefined) return yield* Effect.die(`There is no peer ${id}.`)
      const loaded = yield* Effect.orDie(Policy.load(policy, isQuick))
      return yield* Effect.gen(function* () {
        yield* warmUp(new URL("/__stats", url).href)
        yield* Work.warmUp({ peer, loaded, url })
        return yield* Work.run({ peer, loaded, url, startAtMillis, budgetMillis, onDone: () => done++ })
      }).pipe(Effect.provideService(Clock.Clock, SharedClock.make(origin, loaded.speed)))
    }).pipe(Effect.provide(httpClient), Effect.scoped),
  Progress: () => Effect.sync(() => done)
})

/** Requests that nothing counts: modules are loaded and code is compiled, which is not the subject. */
const warmUp = (url: string) =>
  Effect.ignore(
    Effect.forEach(Array.from({ length: 100 }), () => HttpClient.get(url).pipe(Effect.flatMap(({ text }) => text)), {
      concurrency: 20
    })
  )

// Nobody is left to ask for anything.
process.on("disconnect", () => process.exit())

RpcServer.layer(ClientRpcs).pipe(
  Layer.provide(handlers),
  Layer.provide(RpcServer.layerProtocolWorkerRunner),
  Layer.provide(NodeWorkerRunner.layer),
  Layer.launch,
  NodeRuntime.runMain
)
