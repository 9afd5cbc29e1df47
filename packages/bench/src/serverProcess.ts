/** The process of a simulated provider; the bench starts it. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeWorkerRunner from "@effect/platform-node/NodeWorkerRunner"
import { Simulator } from "@sluice/simulator"
import { Clock, Effect, Layer, ScopedRef } from "effect"
import { RpcServer } from "effect/rpc"
import * as Network from "./Network.ts"
import * as Policy from "./Policy.ts"
import { ServerRpcs } from "./Protocol.ts"
import * as SharedClock from "./SharedClock.ts"

type Served = Effect.Success<ReturnType<typeof Simulator.serve>>

const handlers = ServerRpcs.toLayer(
  Effect.gen(function* () {
    const current = yield* ScopedRef.make((): Served | undefined => undefined)
    return {
      Open: ({ isQuick, network, origin, phaseMillis, policy, seed }) =>
        Effect.gen(function* () {
          const { simulation, speed } = yield* Policy.load(policy, isQuick)
          const scenario = { seed, latency: Network.latencyOf(network, speed), counting: { phaseMillis } }
          const clock = SharedClock.make(origin, speed)
          yield* ScopedRef.set(
            current,
            Simulator.serve(simulation, scenario).pipe(Effect.provideService(Clock.Clock, clock))
          )
          return (yield* ScopedRef.get(current))?.url ?? ""
        }).pipe(Effect.orDie),
      Close: () =>
        Effect.gen(function* () {
          const served = yield* ScopedRef.get(current)
          const { refusals = 0, requests = 0 } = served === undefined ? {} : yield* served.stats
          yield* ScopedRef.set(
            current,
            Effect.sync((): Served | undefined => undefined)
          )
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
