/**
 * The program that is killed: stores calls, cancels, retries and purges, acknowledges each on its standard output, and works
 * until nothing waits.
 *
 * `node program.ts <store as JSON> <server> <when to die as JSON, or null> <send | work>`
 */
import { writeSync } from "node:fs"
import { RateLimiter, Pipeline } from "@sluice/core"
import { Outbox } from "@sluice/outbox"
import { SuiteOp } from "@sluice/providers/suiteop"
import { DateTime, Effect, Layer, Redacted, Schedule } from "effect"
import { FetchHttpClient, HttpClientRequest } from "effect/http"
import * as Acme from "../support/Acme.ts"
import { type Store, storeOf } from "./Stores.ts"
import { type At, step, watch } from "./steps.ts"

const [wanted = "", server = "", death = "null", mode = "send"] = process.argv.slice(2)
const at: At | undefined = JSON.parse(death) ?? undefined
const apiKey = Redacted.make("secret")

const watched: typeof fetch = async (input, init) => {
  step("send: about to be sent", at)
  const response = await fetch(input, init)
  step("send: answered", at)
  return response
}

const store: Store = JSON.parse(wanted)

const live = Outbox.layer([SuiteOp, Acme], { takeOverAfter: "400 millis", pollInterval: "50 millis", drain: 0 }).pipe(
  Layer.provide(storeOf(store)),
  Layer.provide([
    SuiteOp.layer({ apiKey, baseUrl: `${server}/keyed` }),
    Layer.effect(Acme.Client, Pipeline.make(Acme.provider, { apiKey, baseUrl: `${server}/plain` }))
  ]),
  Layer.provide(RateLimiter.layerUnlimited),
  Layer.provide(FetchHttpClient.layer),
  Layer.provide(Layer.succeed(FetchHttpClient.Fetch, watched))
)

const task = HttpClientRequest.post("/api/v1/tasks").pipe(HttpClientRequest.bodyJsonUnsafe({ id: "key" }))

/** While the database is away, whatever is wanted of it is wanted again. */
const again = <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.retry(effect, {
    schedule: Schedule.spaced("30 millis"),
    while: (error) => error._tag === "OutboxStoreError"
  })

/** What is acknowledged must come true, whatever happens from then on. */
const acknowledged = <A, E extends { readonly _tag: string }, R>(what: string, effect: Effect.Effect<A, E, R>) =>
  Effect.andThen(
    again(effect),
    Effect.sync(() => writeSync(1, `acknowledged ${what}\n`))
  )

const acme = (id: string, options: Outbox.SendOptions, request = Acme.post(`/things/${id}`, { id })) =>
  acknowledged(`send ${id}`, Outbox.send(Acme.provider, request, { ...options, id }))

const corrected = Acme.post("/things/bad", { id: "bad" })
const retry = Outbox.retry(Outbox.ticket("bad"), { request: corrected }).pipe(
  // Where the answer was lost, it has been retried.
  Effect.catchTag("TicketMoved", () => Effect.void)
)

/** Behind the one that is wrong, all of its subject wait: so it is known what is superseded, merged and cancelled. */
const sending = Effect.gen(function* () {
  yield* acme("bad", { subject: "b" }, Acme.post("/things/bad", { id: "bad", wrong: true }))
  yield* acme("gone", { subject: "b" })
  for (const id of ["put-1", "put-2"]) {
    yield* acme(id, { subject: "b", supersede: true }, Acme.put("/things/put", { id }))
  }
  for (const id of ["patch-1", "patch-2"]) {
    yield* acme(id, { subject: "b", merge: true }, Acme.patch("/things/patch", { [id]: 1 }))
  }
  yield* acknowledged("send key", Outbox.send(SuiteOp.provider, task, { id: "key" }))
  yield* acme("plain", {})
  yield* acme("hold", { whenInDoubt: "hold" })
  while ((yield* again(Outbox.status(Outbox.ticket("bad"))))._tag !== "Failed") yield* Effect.sleep("10 millis")
  yield* acknowledged("cancel gone", Outbox.cancel(Outbox.ticket("gone")))
  yield* acknowledged("retry bad", retry)
})

/** Until nothing waits; whoever works sees to what is put right. */
const working = Effect.gen(function* () {
  for (;;) {
    const open = yield* again(Outbox.find({ states: ["waiting", "sending", "failed"] }))
    const isBad = open.some(({ status, ticket }) => ticket.id === "bad" && status._tag === "Failed")
    if (isBad) yield* again(retry)
    else if (open.every(({ status }) => status._tag === "Failed")) return
    yield* Effect.sleep("20 millis")
  }
})

const program = Effect.gen(function* () {
  if (mode === "send") yield* sending
  yield* working
  for (const { status, ticket } of yield* again(Outbox.find())) writeSync(1, `ended ${ticket.id} ${status._tag}\n`)
  const later = DateTime.add(yield* DateTime.now, { hours: 1 })
  yield* acknowledged("purge", Outbox.purge(later))
  for (const { ticket } of yield* again(Outbox.find())) writeSync(1, `left ${ticket.id}\n`)
  writeSync(1, "finished\n")
})

if (store.kind === "sqlite") watch(at)
Effect.runPromise(Effect.provide(program, live)).then(
  () => process.exit(0),
  (error: unknown) => {
    writeSync(2, `${String(error)}\n`)
    process.exit(1)
  }
)
