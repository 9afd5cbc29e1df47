/** Workers as processes of their own. They end with the scope. */
import { Effect, Stream } from "effect"
import { ChildProcess } from "effect/process"
import { fileURLToPath } from "node:url"
import { Orders } from "./Orders.ts"

const program = fileURLToPath(new URL("./worker.ts", import.meta.url))

/** Starts a worker, and ends once it works. What it has in hand when it ends, however it does, is left for the others. */
export const start = Effect.fnUntraced(function* (name: string, env: Readonly<Record<string, string>>) {
  const orders = yield* Orders
  const args = [...process.execArgv, program, name]
  const child = yield* ChildProcess.make(process.execPath, args, { env, extendEnv: true, stderr: "inherit" })
  const gone = Effect.exit(child.exitCode).pipe(Effect.andThen(orders.giveBack(name)))
  const givenBack = yield* Effect.forkScoped(gone)
  yield* child.stdout.pipe(Stream.take(1), Stream.runDrain)
  return { name, givenBack, kill: child.kill({ killSignal: "SIGKILL" }), stop: child.kill() }
})
