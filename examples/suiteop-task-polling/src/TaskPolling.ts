/** Gives tasks to SuiteOp and waits until all of them are done, or the time is up. */
import { Claim, Quota, RateLimiter } from "@sluice/core"
import { SuiteOp } from "@sluice/providers/suiteop"
import { Console, type Duration, Effect, Schedule, Schema, Stream } from "effect"
import { HttpBody, HttpClient, HttpClientResponse } from "effect/http"

/** A task as it is ordered; `key` is our own name for it, and never given to another. */
export interface Order {
  readonly key: string
  readonly title: string
  readonly propertyId: string
}

export const Task = Schema.Struct({ id: Schema.String, title: Schema.String, status: Schema.String })
export type Task = typeof Task.Type

const isDone = ({ status }: Task) => status === "completed"

/** A refusal is waited out by the client; a server that is down for a moment is waited for here. */
const isTransient = (error: { readonly _tag: string; readonly response?: { readonly status: number } | undefined }) =>
  error._tag === "HttpClientError" && (error.response?.status ?? 500) >= 500

// #region job
/** A fifth of the thousand a minute, spread evenly: the rest of the key is for other work. */
const pace = SuiteOp.quotas.sustained.pipe(Quota.share(0.2), Quota.withOptions({ pacing: "even" }))

/** A client that keeps to the pace as well, request by request. */
const paced = Effect.gen(function* () {
  const suiteop = yield* SuiteOp.Client
  const limiter = yield* RateLimiter.RateLimiter
  return HttpClient.transform(suiteop, (call) =>
    call.pipe(RateLimiter.withPermit(Claim.of(pace)), Effect.provideService(RateLimiter.RateLimiter, limiter))
  )
})

/** Creates all tasks at once, as fast as the quota allows, and waits for them. */
export const run = Effect.fn("TaskPolling.run")(function* (orders: ReadonlyArray<Order>, deadline: Duration.Input) {
  const tasks = yield* Effect.forEach(orders, create, { concurrency: "unbounded" })
  yield* Console.log(`${tasks.length} tasks created`)
  return yield* untilDone(tasks, deadline)
})

/** Waits for the tasks that are there already; only reads. */
export const watch = Effect.fn("TaskPolling.watch")(function* (deadline: Duration.Input) {
  const tasks = yield* all
  return yield* untilDone(
    tasks.filter((task) => !isDone(task)),
    deadline
  )
})

/** The key is the order's own, not a random one, so that the same order makes no second task when the program is run again. */
const create = ({ key, ...order }: Order) =>
  SuiteOp.Client.use((suiteop) =>
    suiteop.post("/api/v1/tasks", { headers: { "idempotency-key": key }, body: HttpBody.jsonUnsafe(order) })
  ).pipe(
    Effect.flatMap(HttpClientResponse.filterStatusOk),
    Effect.flatMap(HttpClientResponse.schemaBodyJson(Schema.Struct({ data: Task }))),
    Effect.map(({ data }) => data)
  )

/** One poll asks for all tasks, a hundred a request, however many are waited for. Calls that are not polls go first. */
const all = SuiteOp.pages("/api/v1/tasks", { item: Task }).pipe(
  Stream.runCollect,
  Effect.provideServiceEffect(SuiteOp.Client, paced),
  Effect.retry({ while: isTransient, schedule: Schedule.exponential("1 second"), times: 4 }),
  RateLimiter.priority("low")
)

/** Polls until none of the tasks is left, and gives those that are when the time is up. */
const untilDone = Effect.fnUntraced(function* (tasks: ReadonlyArray<Task>, deadline: Duration.Input) {
  const left = new Map(tasks.map((task) => [task.id, task]))
  const poll = Effect.flatMap(all, (now) => {
    for (const task of now.filter(isDone)) left.delete(task.id)
    return Console.log(`${tasks.length - left.size} of ${tasks.length} done`)
  })
  yield* poll.pipe(Effect.repeat({ while: () => left.size > 0 }), Effect.timeoutOption(deadline))
  return [...left.values()]
})
// #endregion
