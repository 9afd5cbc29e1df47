/** What each worker does: takes orders, and makes a task of each at SuiteOp. */
import { SuiteOp } from "@sluice/providers/suiteop"
import { Effect, Option, Schedule } from "effect"
import { HttpBody, HttpClientResponse } from "effect/http"
import { Orders } from "./Orders.ts"

/** So many calls at once; which of them may go is the limiter's business. */
const concurrency = 16

// #region job
/** The key is the order's own, so that an order which comes back from a dead worker's hands makes no second task. */
const create = (order: string) =>
  SuiteOp.Client.use((suiteop) =>
    suiteop.post("/api/v1/tasks", {
      headers: { "idempotency-key": order },
      body: HttpBody.jsonUnsafe({ title: `Clean ${order}`, propertyId: "prop_01" })
    })
  ).pipe(Effect.flatMap(HttpClientResponse.filterStatusOk))

/** One order. What fails stays in hand, and is tried again. */
const next = Effect.fnUntraced(function* (worker: string) {
  const orders = yield* Orders
  const order = yield* orders.take(worker)
  if (Option.isNone(order)) return yield* Effect.sleep("100 millis")
  yield* create(order.value).pipe(Effect.retry(Schedule.spaced("1 second")))
  yield* orders.finish(worker, order.value)
})

/** Works until it is interrupted. */
export const work = (worker: string) =>
  Effect.forEach(Array.from({ length: concurrency }), () => Effect.forever(next(worker)), {
    concurrency: "unbounded",
    discard: true
  })
// #endregion
