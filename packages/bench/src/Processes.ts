/** Starts the processes of a run. They end with the scope. */
import { type ChildProcess, fork } from "node:child_process"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { NodeWorker } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { type Rpc, RpcClient, type RpcGroup } from "effect/rpc"
import { ClientRpcs, ServerRpcs } from "./Protocol.ts"

/** The file's path is seen from here. */
export const start = <Rpcs extends Rpc.Any>(group: RpcGroup.RpcGroup<Rpcs>, file: string) =>
  Effect.gen(function* () {
    let child: ChildProcess | undefined
    const worker = NodeWorker.layer(() => (child = fork(pathOf(file), { execArgv, env })))
    const protocol = RpcClient.layerProtocolWorker({ size: 1, concurrency: 8 }).pipe(Layer.provide(worker))
    const built = yield* Layer.build(Layer.fresh(protocol))
    // It has nothing to save, and the next run need not wait for its farewell.
    yield* Effect.addFinalizer(() => Effect.sync(() => child?.kill("SIGKILL")))
    return yield* Effect.provide(RpcClient.make(group), built)
  })

const execArgv = ["--conditions=@sluice/source"]
// Every client loads the same modules anew: compiled once, that is half the work.
const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), "node-compile-cache") }
const pathOf = (file: string) => fileURLToPath(new URL(file, import.meta.url))

export const server = start(ServerRpcs, "./serverProcess.ts")
export const client = start(ClientRpcs, "./clientProcess.ts")
