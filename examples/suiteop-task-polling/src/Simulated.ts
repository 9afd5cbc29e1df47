/** A SuiteOp on 127.0.0.1, with SuiteOp's limits. It takes any key; with one of your own, delete this file. */
import type { Simulation } from "@sluice/core"
import { SuiteOp } from "@sluice/providers/suiteop"
import { simulation } from "@sluice/providers/suiteop/simulation"
import { Simulator } from "@sluice/simulator"
import { Clock, Console, Effect, Layer, Redacted, Schema } from "effect"
import { Task } from "./TaskPolling.ts"

/** A SuiteOp where somebody works: a task is done one to ten seconds after it was created, and a lost cause never. */
export const working = (): Simulation.Simulation => {
  const tasks = new Map<string, { readonly task: Task; readonly doneAtMillis: number }>()
  const isCreated = Schema.is(Schema.Struct({ data: Task }))

  const creating =
    (create: Simulation.Route["handle"]): Simulation.Route["handle"] =>
    (request, params, context) => {
      const response = create(request, params, context)
      if (isCreated(response.body) && !tasks.has(response.body.data.id)) {
        const { data: task } = response.body
        const seconds = task.title.startsWith("Lost cause") ? Infinity : 1 + (tasks.size % 10)
        tasks.set(task.id, { task, doneAtMillis: context.nowMillis + seconds * 1000 })
      }
      return response
    }

  const list: Simulation.Route["handle"] = ({ query }, _params, { nowMillis }) => {
    const offset = Number(query.get("offset") ?? 0)
    const limit = Number(query.get("limit") ?? 20)
    const data = Array.from(tasks.values(), ({ doneAtMillis, task }) => ({
      ...task,
      status: doneAtMillis <= nowMillis ? "completed" : "open"
    }))
    const pagination = { total: data.length, limit, offset }
    return { status: 200, body: { data: data.slice(offset, offset + limit), meta: { pagination } } }
  }

  return {
    ...simulation,
    routes: simulation.routes.map((route) => ({
      ...route,
      handle: route.method === "POST" ? creating(route.handle) : list
    }))
  }
}

export const layer = Layer.unwrap(
  Effect.gen(function* () {
    const server = yield* Simulator.serve(working(), { latency: { before: "20 millis", after: "20 millis" } })
    yield* Console.log(`Simulated SuiteOp at ${server.url}`)
    const startedAt = yield* Clock.currentTimeMillis
    yield* Effect.addFinalizer(() =>
      Effect.gen(function* () {
        const { refusals, requests } = yield* server.stats
        const seconds = ((yield* Clock.currentTimeMillis) - startedAt) / 1000
        yield* Console.log(`${requests} calls, ${refusals} refused, ${seconds.toFixed(1)} s`)
      })
    )
    return SuiteOp.layer({ apiKey: Redacted.make("simulated"), baseUrl: server.url })
  }).pipe(Effect.orDie)
)
