/** One of the processes that share a quota; the bench starts them for each run. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeWorkerRunner from "@effect/platform-node/NodeWorkerRunner"
import { Effect, Layer, Scope } from "effect"
import { HttpClient } from "effect/http"
import { RpcServer } from "effect/rpc"
import type { Admit, Setup } from "./Peer.ts"
import * as Peers from "./Peers.ts"
import { roomy } from "./Plan.ts"
import { WorkerRpcs } from "./Protocol.ts"
import * as Worker from "./Worker.ts"

/** Gives up idle connections before the server does, but none between the bursts of two windows. */
const httpClient = NodeHttpClient.layerUndiciOptions({ keepAliveTimeout: 3000, keepAliveMaxTimeout: 3000 })

const handlers = WorkerRpcs.toLayer(
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const client = yield* Layer.build(httpClient)
    let admit: Admit = () => Effect.die("It has not begun.")
    return {
      Begin: ({ isWarm, peer: id, ...setup }) =>
        Effect.gen(function* () {
          const peer = Peers.find(id)
          if (peer === undefined) return yield* Effect.die(`There is no peer ${id}.`)
          const make = (setup: Setup) => Effect.orDie(peer.make(setup))
          if (isWarm) {
            yield* make({ ...setup, ...roomy, name: `${setup.name}:warm` }).pipe(
              Effect.flatMap(Worker.warmUp),
              Effect.scoped,
              Effect.orDie
            )
          }
          admit = yield* Scope.provide(make(setup), scope)
        }),
      Acquire: (span) => Effect.orDie(Effect.suspend(() => Worker.acquire(admit, span))),
      Visit: ({ connections, url }) => Effect.provide(visits(new URL("/__stats", url).href, connections), client),
      Work: (span) => Effect.provide(Worker.work(admit, span), client),
      Take: ({ count }) => Effect.orDie(Effect.suspend(() => Worker.take(admit, count)))
    }
  })
)

const visits = (url: string, connections: number) =>
  Effect.ignore(
    Effect.forEach(
      Array.from({ length: connections }),
      () => HttpClient.get(url).pipe(Effect.flatMap(({ text }) => text)),
      { concurrency: "unbounded", discard: true }
    )
  )

// Nobody is left to ask for anything.
process.on("disconnect", () => process.exit())

RpcServer.layer(WorkerRpcs).pipe(
  Layer.provide(handlers),
  Layer.provide(RpcServer.layerProtocolWorkerRunner),
  Layer.provide(NodeWorkerRunner.layer),
  Layer.launch,
  NodeRuntime.runMain
)
