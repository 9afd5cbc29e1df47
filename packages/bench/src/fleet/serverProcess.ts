/** The process of the exact server; the bench starts it. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeWorkerRunner from "@effect/platform-node/NodeWorkerRunner"
import { Simulator } from "@sluice/simulator"
import { Effect, Layer, ScopedRef } from "effect"
import { RpcServer } from "effect/rpc"
import * as Exact from "./Exact.ts"
import { ServerRpcs } from "./Protocol.ts"

type Served = Effect.Success<ReturnType<typeof Simulator.serve>>
const none = Effect.sync((): Served | undefined => undefined)

const handlers = ServerRpcs.toLayer(
  Effect.gen(function* () {
    const current = yield* ScopedRef.make((): Served | undefined => undefined)
    return {
      Open: (quota) =>
        Effect.gen(function* () {
          yield* ScopedRef.set(current, Simulator.serve(Exact.simulation(quota), Exact.scenario))
          return (yield* ScopedRef.get(current))?.url ?? ""
        }).pipe(Effect.orDie),
      Close: () =>
        Effect.gen(function* () {
          const served = yield* ScopedRef.get(current)
          const { refusals = 0, requests = 0 } = served === undefined ? {} : yield* served.stats
          yield* ScopedRef.set(current, none)
          return { refusals, requests }
        })
    }
  })
)

// Nobody is left to ask for anything.
process.on("disconnect", () => process.exit())

RpcServer.layer(ServerRpcs).pipe(
  Layer.provide(handlers),
  Layer.provide(RpcServer.layerProtocolWorkerRunner),
  Layer.provide(NodeWorkerRunner.layer),
  Layer.launch,
  NodeRuntime.runMain
)
