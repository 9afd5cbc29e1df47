/** Imports threads from a file of JSON lines into Productlane, each of them once. */
import { PaceSchedule, Quota } from "@sluice/core"
import { Eta, Progress } from "@sluice/planner"
import { Productlane } from "@sluice/providers/productlane"
import { Console, Data, Duration, Effect, Schema, Stream } from "effect"
import { HttpBody, HttpClientResponse } from "effect/http"
import * as Journal from "./Journal.ts"
import * as Plan from "./Plan.ts"

// #region job
/** Productlane's sixty writes a minute, evenly: one a second, so that nobody else's write has to wait for long. */
const pace = Productlane.quotas.writes.pipe(Quota.withOptions({ pacing: "even" }))
const quotas = { writes: pace }

/** Sends what the journal does not know as made. A thread that is being sent is finished even if the import is stopped. */
export const run = Effect.fn("ThreadsImport.run")(function* (options: Plan.Options) {
  const { made, problems, ready } = yield* Plan.make(options)
  yield* Effect.forEach(problems, (problem) => Console.log(problem))
  const imported = yield* importAll(ready, options.journal)
  const rejected = problems.length + ready.length - imported
  yield* Console.log(`${imported} imported, ${rejected} rejected, ${made} imported before`)
})

const importAll = Effect.fnUntraced(function* (ready: ReadonlyArray<Plan.Ready>, path: string) {
  const journal = yield* Journal.writer(path)
  const progress = yield* Progress.make(Productlane.provider, { writes: ready.length }, { quotas })

  const send = Effect.fnUntraced(
    function* ({ row: { id, ...thread } }: Plan.Ready) {
      yield* journal({ id, state: "sending" })
      const created = yield* Effect.tapError(create(thread), (error) =>
        isNotMade(error) ? journal({ id, state: "not made" }) : Effect.void
      )
      yield* journal({ id, state: "made", thread: created.id })
      return 1
    },
    (sent, { line }) =>
      sent.pipe(
        Effect.catchTag("Rejected", ({ reason }) => Effect.as(progress.say(`line ${line}: ${reason}`), 0)),
        Effect.uninterruptible
      )
  )

  return yield* Stream.fromIterable(ready).pipe(
    Stream.schedule(PaceSchedule.fromQuota(pace)),
    Stream.mapEffect(send),
    Stream.runSum
  )
}, Effect.scoped)

/** Says what `run` would do, and sends nothing but reads. */
export const preview = Effect.fn("ThreadsImport.preview")(function* (options: Plan.Options) {
  const { made, problems, ready } = yield* Plan.make(options)
  yield* Effect.forEach(problems, (problem) => Console.log(problem))
  const there = yield* Stream.runCount(Productlane.pages("/threads"))
  const seconds = Math.ceil(Duration.toSeconds(Eta.eta(Productlane.provider, { writes: ready.length }, { quotas })))
  yield* Console.log(`${there} threads are there, of which ${made} came from this file.`)
  yield* Console.log(
    `${ready.length} more would be imported, in ${Duration.format(Duration.seconds(seconds))}, and ${problems.length} rejected.`
  )
})
// #endregion

const create = (thread: object) =>
  Effect.flatMap(
    Productlane.Client.use((client) => client.post("/threads", { body: HttpBody.jsonUnsafe(thread) })),
    HttpClientResponse.matchStatus({
      400: (response) => Effect.flatMap(HttpClientResponse.schemaBodyJson(Invalid)(response), reject),
      orElse: (response) =>
        Effect.flatMap(HttpClientResponse.filterStatusOk(response), HttpClientResponse.schemaBodyJson(Created))
    })
  )

const Created = Schema.Struct({ id: Schema.String })

const Invalid = Schema.Struct({
  error: Schema.Struct({
    details: Schema.Array(Schema.Struct({ path: Schema.String, message: Schema.String }))
  })
})

/** Productlane found something wrong with a thread, and goes on to take others. */
class Rejected extends Data.TaggedError("Rejected")<{ readonly reason: string }> {}

const reject = ({ error }: typeof Invalid.Type) =>
  new Rejected({ reason: error.details.map(({ message, path }) => `${path} ${message}`).join(", ") })

/** Whether certainly nothing was made: nothing was sent, or Productlane said no. After a connection that broke nobody knows. */
const isNotMade = (error: Effect.Error<ReturnType<typeof create>>) =>
  error._tag === "HttpClientError" ? (error.response?.status ?? 500) < 500 : error._tag !== "SchemaError"
