/** `npm start`: four workers, one key of a simulated SuiteOp and one Redis; one of the workers is killed half way. */
import { NodeRedis, NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Effect, Fiber, Layer, Schedule } from "effect"
import * as Fleet from "./Fleet.ts"
import * as Orders from "./Orders.ts"
import * as RedisServer from "./RedisServer.ts"
import * as Simulated from "./Simulated.ts"
import * as Table from "./Table.ts"

const names = ["one", "two", "three", "four"]
const all = Array.from({ length: 300 }, (_, unit) => `turnover-2026-11-26-unit-${unit}`)

const main = Effect.gen(function* () {
  const redisUrl = yield* RedisServer.url
  const suiteop = yield* Simulated.serve
  yield* Console.log(`suiteop is simulated at ${suiteop.url}, the books are in ${redisUrl}`)
  const fleet = `fleet-${process.pid}`
  const env = {
    FLEET: fleet,
    REDIS_URL: redisUrl,
    SUITEOP_URL: suiteop.url,
    SUITEOP_API_KEY: Simulated.apiKey
  }

  yield* Effect.gen(function* () {
    const orders = yield* Orders.Orders
    yield* Effect.addFinalizer(() => Effect.ignore(orders.forget))
    const workers = yield* Effect.forEach(names, (name) => Fleet.start(name, env), { concurrency: "unbounded" })
    yield* Console.log(`${workers.length} workers are there`)

    const startedAt = performance.now()
    yield* orders.offer(all)
    yield* untilDone(all.length / 2)
    const [, , victim] = workers
    if (victim) {
      yield* victim.kill
      yield* Console.log(
        `worker ${victim.name} is killed; ${yield* Fiber.join(victim.givenBack)} orders were in its hands`
      )
    }
    const done = yield* untilDone(all.length)
    const millis = performance.now() - startedAt

    yield* Effect.forEach(workers, ({ stop }) => Effect.ignore(stop), { concurrency: "unbounded" })
    const { refusals, requests } = yield* suiteop.stats
    yield* Console.log(
      Table.of({ names, done, requests, refusals, millis, bestMillis: Simulated.bestMillis(all.length) })
    )
  }).pipe(Effect.provide(Orders.layer(fleet).pipe(Layer.provide(NodeRedis.layer({ url: redisUrl })))))
}).pipe(Effect.scoped)

/** Who has done what, once so many orders are done. */
const untilDone = (count: number) =>
  Orders.Orders.use((orders) => orders.done).pipe(
    Effect.repeat({ until: (done) => done.length >= count, schedule: Schedule.spaced("20 millis") }),
    Effect.timeout("1 minute")
  )

main.pipe(
  Effect.catchTag("NoRedis", (error) =>
    Effect.andThen(
      Console.error(error.message),
      Effect.sync(() => (process.exitCode = 1))
    )
  ),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
