import { assert, describe, it } from "@effect/vitest"
import { RateLimiter, type Simulation } from "@sluice/core"
import { Outbox, OutboxStoreSqlite } from "@sluice/outbox"
import { SuiteOp } from "@sluice/providers/suiteop"
import { simulation } from "@sluice/providers/suiteop/simulation"
import { Simulator } from "@sluice/simulator"
import { Clock, DateTime, Effect, Layer, Option, Redacted, Schema, Stream } from "effect"
import { HttpClientRequest } from "effect/http"
import * as Acme from "./support/Acme.ts"
import * as Live from "./support/Live.ts"

const { run, send } = Live

describe("send", () => {
  const done: Array<Acme.Done> = []
  it.effect("answers at once, and the call is sent", () =>
    run(
      Effect.gen(function* () {
        const ticket = yield* send(Acme.put("/things/1", { name: "Ada" }))
        assert.strictEqual((yield* Outbox.status(ticket))._tag, "Waiting")
        assert.deepStrictEqual(done, [])
        const answer = yield* Outbox.await(ticket)
        assert.deepStrictEqual(done, [{ at: 20, what: 'PUT /things/1 {"name":"Ada"}' }])
        assert.strictEqual(yield* Clock.currentTimeMillis, 40)
        assert.deepInclude(answer, { status: 200, body: { done: 'PUT /things/1 {"name":"Ada"}', by: "acme" } })
        assert.notProperty(answer.headers, "set-cookie")
        assert.deepStrictEqual(yield* Outbox.status(ticket), {
          _tag: "Done",
          at: DateTime.makeUnsafe(40),
          attempts: 1,
          answer,
          mergedInto: Option.none()
        })
      })
    ).pipe(Effect.provide(Live.layer(Acme.simulation(done))))
  )

  const crowd: Array<Acme.Done> = []
  it.effect("never sends what would be refused, and tells when each is expected", () =>
    run(
      Effect.gen(function* () {
        const tickets = yield* Effect.forEach(
          Array.from({ length: 23 }, (_, i) => i),
          (i) => send(Acme.put(`/things/${i}`, {}))
        )
        yield* Effect.sleep(1)
        const expected = yield* Effect.forEach(tickets, (ticket) =>
          Effect.map(Outbox.status(ticket), (status) =>
            status._tag === "Waiting" && status.expectedAt._tag === "Some"
              ? DateTime.toEpochMillis(status.expectedAt.value)
              : 0
          )
        )
        const [summary] = yield* Outbox.summary
        assert.deepInclude(summary, { provider: "acme", waiting: 18, sending: 5, failed: 0 })
        const until = Option.getOrThrow(summary?.until ?? Option.none())
        assert.strictEqual(DateTime.toEpochMillis(until), expected[22])
        yield* Effect.forEach(tickets, Outbox.await)
        const { refusals, requests } = yield* Simulator.Simulator.use(({ stats }) => stats)
        assert.deepStrictEqual([requests, refusals], [23, 0])
        assert.deepStrictEqual(
          crowd.map(({ what }) => what),
          tickets.map((_, i) => `PUT /things/${i} {}`)
        )
        crowd.forEach(({ at }, i) => {
          assert.isAtMost(expected[i] ?? 0, at, `ticket ${i} was expected too late`)
          // Not more than a window and the latencies early, and the last ones are known to wait for four windows.
          assert.isAtLeast(expected[i] ?? 0, at - 1300, `ticket ${i} was expected too early`)
        })
        assert.isAtLeast(expected[22] ?? 0, 3000)
      })
    ).pipe(Effect.provide(Live.layer(Acme.simulation(crowd))))
  )

  const mixed: Array<Acme.Done> = []
  it.effect("lets a short wait go before a long one", () =>
    run(
      Effect.gen(function* () {
        for (let i = 0; i < 20; i++) yield* send(Acme.post(`/slow/${i}`))
        yield* Outbox.await(yield* send(Acme.put("/things/1", {})))
        assert.isBelow(yield* Clock.currentTimeMillis, 100)
      })
    ).pipe(Effect.provide(Live.layer(Acme.simulation(mixed))))
  )

  const urgent: Array<Acme.Done> = []
  it.effect("sends what is urgent first", () =>
    run(
      Effect.gen(function* () {
        for (let i = 0; i < 20; i++) yield* send(Acme.put(`/things/${i}`, {}))
        yield* Outbox.await(yield* send(Acme.put("/things/urgent", {}), { priority: 1 }))
        assert.isBelow(urgent.length, 16)
      })
    ).pipe(Effect.provide(Live.layer(Acme.simulation(urgent), { concurrency: 2 })))
  )

  it.effect("stores a call once under a name of its sender's", () => {
    const done: Array<Acme.Done> = []
    return run(
      Effect.gen(function* () {
        const first = yield* send(Acme.post("/things/1"), { id: "order-7" })
        const second = yield* send(Acme.post("/things/1"), { id: "order-7" })
        assert.strictEqual(first.id, second.id)
        yield* Outbox.await(second)
        yield* send(Acme.post("/things/1"), { id: "order-7" })
        yield* Effect.sleep("1 minute")
        assert.strictEqual(done.length, 1)
      })
    ).pipe(Effect.provide(Live.layer(Acme.simulation(done))))
  })
})

describe("await", () => {
  it.effect("reads the answer by the ticket's schema, also of a ticket made of its id", () =>
    run(
      Effect.gen(function* () {
        const answer = Schema.Struct({ by: Schema.Literal("acme") })
        const ticket = yield* Outbox.send(Acme.provider, Acme.post("/things/1"), { answer })
        const { body } = yield* Outbox.await(ticket)
        assert.deepStrictEqual(body, { by: "acme" })
        const again = Outbox.ticket(ticket.id, Schema.Struct({ by: Schema.Int }))
        const error = yield* Effect.flip(Outbox.await(again))
        assert.strictEqual(error._tag, "AnswerUnreadable")
        assert.include(error.message, '["by"]')
      })
    ).pipe(Effect.provide(Live.layer(Acme.simulation([]))))
  )

  it.effect("says that there is no such ticket", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Outbox.await(Outbox.ticket("nobody")))
      assert.strictEqual(error._tag, "TicketUnknown")
      assert.include(error.message, "nobody")
    }).pipe(Effect.provide(Live.layer(Acme.simulation([]))))
  )
})

describe("status", () => {
  const mishaps = { "/things/1": [{ status: 429, headers: { "Retry-After": "90" } }] }
  const done: Array<Acme.Done> = []
  it.effect("gives the provider's own error of what was refused and waits again", () =>
    run(
      Effect.gen(function* () {
        const ticket = yield* send(Acme.put("/things/1", {}))
        yield* Effect.sleep("1 second")
        const status = yield* Outbox.status(ticket)
        if (status._tag !== "Refused") return assert.fail(status._tag)
        assert.instanceOf(status.error, Acme.RateLimited)
        assert.deepInclude(status.error, { _tag: "AcmeRateLimited", advice: "come back later" })
        assert.strictEqual(status.attempts, 1)
        // The refusal came after 40 ms, and its quota is closed for 90 s from then on.
        assert.isAtLeast(DateTime.toEpochMillis(Option.getOrThrow(status.expectedAt)), 90_040)
        yield* Outbox.await(ticket)
        assert.strictEqual(done.length, 1)
        assert.isAtLeast(done[0]?.at ?? 0, 90_040)
      })
    ).pipe(Effect.provide(Live.layer(Acme.simulation(done, mishaps))))
  )
})

describe("changes", () => {
  it.effect("tells what becomes of every ticket", () =>
    run(
      Effect.gen(function* () {
        const seen: Array<Outbox.Change> = []
        yield* Effect.forkChild(
          Stream.runForEach(Outbox.changes, (change) => Effect.sync(() => seen.push(change))),
          { startImmediately: true }
        )
        const first = yield* send(Acme.put("/slow/1", {}), { subject: "one" })
        yield* Effect.sleep(1)
        yield* Outbox.await(first)
        const second = yield* send(Acme.put("/slow/2", {}))
        yield* Outbox.cancel(second)
        yield* Effect.sleep(1)
        const states = (ticket: Outbox.Ticket) => seen.flatMap(({ id, state }) => (id === ticket.id ? [state] : []))
        assert.deepStrictEqual([states(first).slice(-2), states(second).at(-1)], [["sending", "done"], "cancelled"])
        assert.deepInclude(seen.at(-1), { provider: "acme", subject: Option.none() })
        assert.deepInclude(seen[0], { provider: "acme", subject: Option.some("one") })
      })
    ).pipe(Effect.provide(Live.layer(Acme.simulation([]))))
  )
})

describe("SuiteOp", () => {
  const keys: Array<string | undefined> = []
  const watched: Simulation.Simulation = {
    ...simulation,
    intercept: (request, context) => {
      keys.push(request.headers["idempotency-key"])
      return simulation.intercept?.(request, context)
    }
  }
  const live = Outbox.layer([SuiteOp, Acme], Live.options).pipe(
    Layer.provide(OutboxStoreSqlite.layer({ filename: ":memory:" })),
    Layer.provide([SuiteOp.layer({ apiKey: Redacted.make("secret"), partition: "p" }), Acme.layer]),
    Layer.provideMerge(RateLimiter.layer),
    Layer.provideMerge(Simulator.layerAll([watched, Acme.simulation([])], Live.scenario))
  )

  it.effect("is sent the ticket's key, and other providers get their own calls", () =>
    run(
      Effect.gen(function* () {
        const create = HttpClientRequest.post("/api/v1/tasks").pipe(
          HttpClientRequest.bodyJsonUnsafe({ title: "Clean", propertyId: "p-1" })
        )
        const task = yield* Outbox.send(SuiteOp.provider, create)
        const thing = yield* send(Acme.post("/things/1"))
        assert.strictEqual((yield* Outbox.await(task)).status, 201)
        assert.strictEqual((yield* Outbox.await(thing)).status, 200)
        assert.deepStrictEqual(keys, [task.id])
      })
    ).pipe(Effect.provide(live))
  )
})
