/** Starts a judge's server in a folder of its own. It ends with the scope, and the folder with it. */
import { connect, createServer } from "node:net"
import { Data, Effect, Fiber, FileSystem, Schedule, Stream } from "effect"
import { ChildProcess } from "effect/process"
import type { Judge } from "./Judge.ts"
import { missing } from "./Judges.ts"

export class ServerFailed extends Data.TaggedError("ServerFailed")<{ readonly message: string }> {}

/** What is started, and what it is called when it fails. */
export type Program = Pick<Judge, "binary" | "program" | "title">

/** Its base URL, once it listens. Fails with what it printed if it ends before. */
export const start = Effect.fnUntraced(function* (judge: Program) {
  const why = missing(judge)
  if (why !== undefined) return yield* new ServerFailed({ message: `${judge.title}: ${why}.` })
  // Somebody else may take the port between its choice and its use.
  return yield* Effect.retry(attempt(judge), { times: 2 })
})

const attempt = Effect.fnUntraced(function* ({ program, title }: Program) {
  const files = yield* FileSystem.FileSystem
  const failed = ({ message }: { readonly message: string }) => new ServerFailed({ message: `${title}: ${message}` })
  const folder = yield* Effect.mapError(files.makeTempDirectoryScoped({ prefix: "sluice-" }), failed)
  const port = yield* freePort
  const { args, command, files: texts = {} } = program({ port, folder })
  for (const [name, text] of Object.entries(texts)) {
    yield* Effect.mapError(files.writeFileString(`${folder}/${name}`, text), failed)
  }

  const server = yield* Effect.mapError(
    ChildProcess.make(command, args, { cwd: folder, stdin: "ignore", forceKillAfter: "2 seconds" }),
    failed
  )
  let printed = ""
  const reading = yield* server.all.pipe(
    Stream.decodeText(),
    Stream.runForEach((text) => Effect.sync(() => (printed = (printed + text).slice(-2000)))),
    Effect.ignore,
    Effect.forkScoped
  )
  const ended = Effect.gen(function* () {
    const code = yield* Effect.mapError(server.exitCode, failed)
    yield* Effect.timeoutOption(Fiber.await(reading), "1 second")
    return yield* failed({ message: `ended with ${code} before it listened. ${printed}`.trim() })
  })
  const listening = Effect.retry(connected(port), { schedule: Schedule.spaced("20 millis") }).pipe(
    Effect.timeoutOrElse({
      duration: "10 seconds",
      orElse: () => failed({ message: `does not listen on ${port}.` })
    })
  )
  yield* Effect.raceFirst(listening, ended)
  return `http://127.0.0.1:${port}`
})

const freePort = Effect.callback<number, ServerFailed>((resume) => {
  const server = createServer()
  server.on("error", ({ message }) => resume(new ServerFailed({ message })))
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    server.close(() => resume(Effect.succeed(port)))
  })
})

/** Sends nothing, and so is counted by nobody. */
const connected = (port: number) =>
  Effect.callback<void, ServerFailed>((resume) => {
    const socket = connect(port, "127.0.0.1")
    socket.on("connect", () => {
      socket.destroy()
      resume(Effect.void)
    })
    socket.on("error", ({ message }) => resume(new ServerFailed({ message })))
    return Effect.sync(() => socket.destroy())
  })
