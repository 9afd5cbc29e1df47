/** The Redis of `REDIS_URL`, or one of our own that ends with its scope. With a Redis of yours, delete this file. */
import { NodeRedis } from "@effect/platform-node"
import { Config, Data, Effect, Option, Schedule } from "effect"
import { Redis } from "effect/persistence"
import { ChildProcess } from "effect/process"
import { createServer } from "node:net"

export class NoRedis extends Data.TaggedError("NoRedis") {
  override get message() {
    return (
      "There is no Redis here. Install one (apt install redis-server, brew install redis; valkey-server will do as well), " +
      "or say where yours is: REDIS_URL=redis://127.0.0.1:6379 npm start"
    )
  }
}

/** Where Redis is, once it takes connections. */
export const url = Effect.gen(function* () {
  const given = yield* Config.option(Config.String("REDIS_URL"))
  if (Option.isSome(given)) return given.value
  const port = yield* freePort
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
  const start = (program: string) => ChildProcess.make(program, args, { stdout: "ignore", stderr: "ignore" })
  yield* start("redis-server").pipe(
    Effect.catch(() => start("valkey-server")),
    Effect.mapError(() => new NoRedis())
  )
  const own = `redis://127.0.0.1:${port}`
  yield* Redis.Redis.use((redis) => redis.send("PING")).pipe(
    Effect.provide(NodeRedis.layer({ url: own }), { local: true }),
    Effect.retry({ schedule: Schedule.spaced("50 millis"), times: 100 })
  )
  return own
})

const freePort = Effect.callback<number>((resume) => {
  const probe = createServer().listen(0, "127.0.0.1", () => {
    const address = probe.address()
    probe.close(() => resume(Effect.succeed(typeof address === "object" && address ? address.port : 0)))
  })
})
