import { assert, describe, it } from "@effect/vitest"
import { RateLimiter } from "@sluice/core"
import { SuiteOp } from "@sluice/providers/suiteop"
import { simulation } from "@sluice/providers/suiteop/simulation"
import { Simulator } from "@sluice/simulator"
import { Effect, Exit, Fiber, Layer, Redacted, Schedule, Stream } from "effect"
import { execFile } from "node:child_process"
import { existsSync, realpathSync } from "node:fs"
import { findPackageJSON } from "node:module"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { work } from "../src/Job.ts"
import { Orders } from "../src/Orders.ts"
import * as OrdersInMemory from "./OrdersInMemory.ts"

const simulated = Layer.merge(
  OrdersInMemory.layer,
  SuiteOp.layer({ apiKey: Redacted.make("key") }).pipe(Layer.provide(RateLimiter.layer))
).pipe(Layer.provideMerge(Simulator.layer(simulation, { latency: { before: "20 millis", after: "20 millis" } })))

const untilDone = (count: number) =>
  Orders.use((orders) => orders.done).pipe(
    Effect.repeat({ until: (done) => done.length >= count, schedule: Schedule.spaced("10 millis") })
  )

describe("work", () => {
  it.effect("lets the others do what a worker had in hand when it died, and makes no task twice", () =>
    Effect.gen(function* () {
      const orders = yield* Orders
      yield* orders.offer(Array.from({ length: 120 }, (_, unit) => `unit-${unit}`))
      const fleet = Effect.gen(function* () {
        const one = yield* Effect.forkChild(work("one"))
        const other = yield* Effect.forkChild(work("other"))
        yield* untilDone(45)
        yield* Fiber.interrupt(one)
        const count = yield* orders.giveBack("one")
        const done = yield* untilDone(120)
        yield* Fiber.interrupt(other)
        return { count, done }
      })
      const { exit, stats } = yield* Simulator.fastForward(fleet)
      const { count, done } = yield* exit
      assert.isAtLeast(count, 1)
      assert.lengthOf(done, 120)
      assert.deepStrictEqual([...new Set(done)].toSorted(), ["one", "other"])
      assert.strictEqual(stats.refusals, 0)
      const tasks = yield* Simulator.fastForward(Stream.runCount(SuiteOp.pages("/api/v1/tasks")))
      assert.deepStrictEqual(tasks.exit, Exit.succeed(240 + 120))
    }).pipe(Effect.provide(simulated))
  )
})

const isThere =
  process.env["REDIS_URL"] !== undefined ||
  ["redis-server", "valkey-server"].some((name) =>
    (process.env["PATH"] ?? "").split(":").some((folder) => existsSync(join(folder, name)))
  )
const isLeftOut = !isThere && !process.env["CI"]
if (isLeftOut)
  console.log("left out: a fleet of processes, as there is no redis-server, no valkey-server and no REDIS_URL")

describe("npm start", () => {
  it.skipIf(isLeftOut)("has 300 orders done by four processes, one of which dies, none refused", async () => {
    const output = await start()
    assert.match(output, /^worker three is killed; \d+ orders were in its hands$/m)
    const [, ...counts] = /^one +(\d+).*\ntwo +(\d+).*\nthree +(\d+).*\nfour +(\d+)/m.exec(output) ?? []
    assert.strictEqual(
      counts.reduce((sum, count) => sum + Number(count), 0),
      300
    )
    assert.match(output, /^3\d\d calls, 0 refused, /m)
  })
})

const start = () =>
  new Promise<string>((resolve, reject) => {
    const main = fileURLToPath(new URL("../src/main.ts", import.meta.url))
    execFile(process.execPath, [...conditions, main], { timeout: 50_000 }, (error, stdout, stderr) =>
      error ? reject(new Error(`${stdout}${stderr}`, { cause: error })) : resolve(stdout)
    )
  })

/** In Sluice's own repository, where packages are no more than links, their sources are run. */
const core = realpathSync(findPackageJSON("@sluice/core", import.meta.url) ?? ".")
const conditions = core.includes("node_modules") ? [] : ["--conditions=@sluice/source"]
