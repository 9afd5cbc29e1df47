/**
 * The program that is killed: stores calls, acknowledges each on its standard output, and works until nothing waits.
 *
 * `node program.ts <file> <server> <die at step, or 0> <send | work>`
 */
import { writeSync } from "node:fs"
import { RateLimiter, Pipeline } from "@sluice/core"
import { Outbox, OutboxStoreSqlite } from "@sluice/outbox"
import { SuiteOp } from "@sluice/providers/suiteop"
import { Effect, Layer, Redacted } from "effect"
import { FetchHttpClient, HttpClientRequest } from "effect/http"
import * as Acme from "../support/Acme.ts"
import { step, watch } from "./steps.ts"

const [filename = "", server = "", dieAt = "0", mode = "send"] = process.argv.slice(2)
const apiKey = Redacted.make("secret")

const watched: typeof fetch = async (input, init) => {
  step("send: about to be sent", Number(dieAt))
  const response = await fetch(input, init)
  step("send: answered", Number(dieAt))
  return response
}

const live = Outbox.layer([SuiteOp, Acme], { takeOverAfter: "400 millis", pollInterval: "50 millis", drain: 0 }).pipe(
  Layer.provide(OutboxStoreSqlite.layer({ filename })),
  Layer.provide([
    SuiteOp.layer({ apiKey, baseUrl: `${server}/keyed` }),
    Layer.effect(Acme.Client, Pipeline.make(Acme.provider, { apiKey, baseUrl: `${server}/plain` }))
  ]),
  Layer.provide(RateLimiter.layer),
  Layer.provide(FetchHttpClient.layer),
  Layer.provide(Layer.succeed(FetchHttpClient.Fetch, watched))
)

const task = HttpClientRequest.post("/api/v1/tasks").pipe(HttpClientRequest.bodyJsonUnsafe({ id: "key" }))

/** A call is acknowledged when its sender has been answered: from then on it must not be lost. */
const send = (id: string, storing: Effect.Effect<unknown, unknown, Outbox.Outbox>) =>
  Effect.andThen(
    storing,
    Effect.sync(() => writeSync(1, `acknowledged ${id}\n`))
  )

const program = Effect.gen(function* () {
  if (mode === "send") {
    yield* send("key", Outbox.send(SuiteOp.provider, task, { id: "key" }))
    yield* send("plain", Outbox.send(Acme.provider, Acme.post("/things/plain", { id: "plain" }), { id: "plain" }))
    yield* send(
      "hold",
      Outbox.send(Acme.provider, Acme.post("/things/hold", { id: "hold" }), { id: "hold", whenInDoubt: "hold" })
    )
    const write = (id: string) =>
      Outbox.send(Acme.provider, Acme.put("/things/put", { id }), { id, subject: "put", supersede: true })
    yield* send("put-1", write("put-1"))
    yield* send("put-2", write("put-2"))
    const change = (id: string) =>
      Outbox.send(Acme.provider, Acme.patch("/things/patch", { [id]: 1 }), { id, subject: "patch", merge: true })
    yield* Effect.forEach(["patch-1", "patch-2"], (id) => send(id, change(id)), { concurrency: 2 })
  }
  while ((yield* Outbox.find({ states: ["waiting", "sending"] })).length > 0) yield* Effect.sleep("20 millis")
  for (const { status, ticket } of yield* Outbox.find()) writeSync(1, `ended ${ticket.id} ${status._tag}\n`)
})

watch(Number(dieAt))
Effect.runPromise(Effect.provide(program, live)).catch((error: unknown) => {
  writeSync(2, `${String(error)}\n`)
  process.exitCode = 1
})
