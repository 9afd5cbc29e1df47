import { assert, describe, it } from "@effect/vitest"
import { RateLimiter } from "@sluice/core"
import { Outbox } from "@sluice/outbox"
import { Simulator } from "@sluice/simulator"
import { Clock, DateTime, Duration, Effect, Option } from "effect"
import * as Acme from "./support/Acme.ts"
import * as Live from "./support/Live.ts"

const { run, send } = Live

const tagOf = (ticket: Outbox.Ticket) => Effect.map(Outbox.status(ticket), ({ _tag }) => _tag)

/** A server, what it carried out, and what goes wrong at it. */
const acme = (mishaps: Record<string, Array<Acme.Mishap>> = {}, options?: Outbox.Options) => {
  const done: Array<Acme.Done> = []
  return { done, provided: Effect.provide(Live.layer(Acme.simulation(done, mishaps), options)) }
}

/** Nothing of `/slow` can be sent for an hour from now on. */
const spend = Effect.gen(function* () {
  for (const i of ["x", "y"]) yield* Outbox.await(yield* send(Acme.post(`/slow/${i}`)))
})

describe("subject", () => {
  it.effect("goes in order, one at a time, while others overtake", () => {
    const { done, provided } = acme({ "/things/a1": [{ status: 503 }, { status: 503 }] })
    return run(
      Effect.gen(function* () {
        const tickets = []
        for (const name of ["a1", "a2", "a3"]) {
          tickets.push(yield* send(Acme.put(`/things/${name}`, {}), { subject: "a" }))
        }
        for (const name of ["b1", "b2"]) {
          tickets.push(yield* send(Acme.put(`/things/${name}`, {}), { subject: "b" }))
        }
        yield* Effect.forEach(tickets, Outbox.await)
        const order = done.map(({ what }) => what.slice("PUT /things/".length, -3))
        assert.deepStrictEqual(order, ["b1", "b2", "a1", "a2", "a3"])
        // One at a time: the next leaves when the answer of the one before has come.
        for (const [i, name] of order.entries()) {
          const before = done[i - 1]
          const isSameSubject = i > 0 && order[i - 1]?.[0] === name[0]
          if (isSameSubject) assert.isAtLeast((done[i]?.at ?? 0) - (before?.at ?? 0), 40)
        }
      })
    ).pipe(provided)
  })

  it.effect("is held by one that failed, which tells who holds it, until that is sent again", () => {
    const { done, provided } = acme({ "/things/a1": [{ status: 422 }] })
    return run(
      Effect.gen(function* () {
        const first = yield* send(Acme.put("/things/a1", { name: "" }), { subject: "a" })
        const second = yield* send(Acme.put("/things/a2", {}), { subject: "a" })
        const other = yield* send(Acme.put("/things/b1", {}), { subject: "b" })
        yield* Outbox.await(other)
        yield* Effect.sleep("1 day")
        const status = yield* Outbox.status(first)
        assert.strictEqual(status._tag === "Failed" && status.why.message, 'The server answered 422: {"sorry":422}')
        const held = yield* Outbox.status(second)
        assert.deepStrictEqual(held._tag === "Waiting" && held.behind, Option.some(first.id))
        assert.deepStrictEqual(held._tag === "Waiting" && held.expectedAt, Option.none())
        yield* Outbox.retry(first, { request: Acme.put("/things/a1", { name: "Ada" }) })
        yield* Outbox.await(second)
        assert.deepStrictEqual(Acme.whats(done), [
          "PUT /things/b1 {}",
          'PUT /things/a1 {"name":"Ada"}',
          "PUT /things/a2 {}"
        ])
      })
    ).pipe(provided)
  })

  it.effect("goes on when the one that failed is given up", () => {
    const { done, provided } = acme({ "/things/a1": [{ status: 422 }] })
    return run(
      Effect.gen(function* () {
        const first = yield* send(Acme.put("/things/a1", {}), { subject: "a" })
        const second = yield* send(Acme.put("/things/a2", {}), { subject: "a" })
        assert.strictEqual((yield* Effect.flip(Outbox.await(first)))._tag, "TicketFailed")
        yield* Outbox.cancel(first)
        yield* Outbox.await(second)
        assert.deepStrictEqual(Acme.whats(done), ["PUT /things/a2 {}"])
      })
    ).pipe(provided)
  })
})

describe("supersede", () => {
  it.effect("lets the last of many that wait be the only one that is sent", () => {
    const { done, provided } = acme()
    return run(
      Effect.gen(function* () {
        yield* spend
        // Long enough apart to be in the limiter's queue.
        const write = (n: number) =>
          Effect.tap(send(Acme.put("/slow/1", { n }), { subject: "a", supersede: true }), Effect.sleep("1 minute"))
        const first = yield* write(1)
        const second = yield* write(2)
        const third = yield* write(3)
        const error = yield* Effect.flip(Outbox.await(first))
        assert.deepInclude(error, { _tag: "TicketSuperseded", by: second.id })
        assert.strictEqual(yield* tagOf(second), "Superseded")
        yield* Outbox.await(third)
        assert.deepStrictEqual(Acme.whats(done).slice(2), ['PUT /slow/1 {"n":3}'])
      })
    ).pipe(provided)
  })

  it.effect("leaves what goes elsewhere, what is of another subject, and what has been sent", () => {
    const { done, provided } = acme({ "/things/1": [{ status: 500 }] })
    return run(
      Effect.gen(function* () {
        const tickets = [
          yield* send(Acme.put("/things/1", { n: 1 }), { subject: "a" }),
          yield* send(Acme.post("/things/1"), { subject: "a" }),
          yield* send(Acme.put("/things/2", {}), { subject: "a" }),
          yield* send(Acme.put("/things/1", { n: 2 }), { subject: "b" })
        ]
        // By then the first has been answered by an error of the server's: it may have been carried out.
        yield* Effect.sleep(500)
        tickets.push(yield* send(Acme.put("/things/1", { n: 3 }), { subject: "a", supersede: true }))
        yield* Effect.forEach(tickets, Outbox.await)
        assert.deepStrictEqual(Acme.whats(done), [
          'PUT /things/1 {"n":2}',
          'PUT /things/1 {"n":1}',
          "POST /things/1",
          "PUT /things/2 {}",
          'PUT /things/1 {"n":3}'
        ])
      })
    ).pipe(provided)
  })

  it.effect("replaces one that failed, and holds nobody any more", () => {
    const { done, provided } = acme({ "/things/1": [{ status: 422 }] })
    return run(
      Effect.gen(function* () {
        const first = yield* send(Acme.put("/things/1", { name: "" }), { subject: "a", supersede: true })
        yield* Effect.flip(Outbox.await(first))
        const second = yield* send(Acme.put("/things/1", { name: "Ada" }), { subject: "a", supersede: true })
        yield* Outbox.await(second)
        assert.strictEqual(yield* tagOf(first), "Superseded")
        assert.deepStrictEqual(Acme.whats(done), ['PUT /things/1 {"name":"Ada"}'])
      })
    ).pipe(provided)
  })

  it.effect("needs a subject", () => {
    const { provided } = acme()
    return Effect.gen(function* () {
      const error = yield* Effect.flip(send(Acme.put("/things/1", {}), { supersede: true }))
      assert.deepInclude(error, { _tag: "CallError", field: "options.subject" })
    }).pipe(provided)
  })
})

describe("cancel", () => {
  it.effect("costs nothing, and is in nobody's way in the limiter's queue", () => {
    const { done, provided } = acme({}, { concurrency: 1 })
    return run(
      Effect.gen(function* () {
        yield* spend
        const first = yield* send(Acme.post("/slow/1"))
        const second = yield* send(Acme.post("/slow/2"))
        yield* Effect.sleep("1 minute")
        yield* Outbox.cancel(first)
        yield* Outbox.cancel(first)
        assert.strictEqual(yield* tagOf(first), "Cancelled")
        assert.strictEqual((yield* Effect.flip(Outbox.await(first)))._tag, "TicketCancelled")
        yield* Outbox.await(second)
        assert.deepStrictEqual(Acme.whats(done).slice(2), ["POST /slow/2"])
        const { requests } = yield* Simulator.Simulator.use(({ stats }) => stats)
        assert.strictEqual(requests, 3)
      })
    ).pipe(provided)
  })

  it.effect("comes too late for what is under way or done", () => {
    const { provided } = acme()
    return run(
      Effect.gen(function* () {
        const ticket = yield* send(Acme.post("/things/1"))
        yield* Effect.sleep(10)
        const underWay = yield* Effect.flip(Outbox.cancel(ticket))
        assert.deepInclude(underWay, { _tag: "TicketMoved", action: "cancel", state: "sending" })
        yield* Outbox.await(ticket)
        const done = yield* Effect.flip(Outbox.cancel(ticket))
        assert.deepInclude(done, { _tag: "TicketMoved", state: "done" })
        assert.include(done.message, "only what waits or has failed can be cancelled")
      })
    ).pipe(provided)
  })
})

describe("expiresAt", () => {
  it.effect("fails at once what cannot be sent by then, and tells from when on it could", () => {
    const { done, provided } = acme()
    return run(
      Effect.gen(function* () {
        yield* spend
        const now = yield* DateTime.now
        const expiresAt = DateTime.add(now, { minutes: 10 })
        const ticket = yield* send(Acme.post("/slow/1"), { expiresAt, subject: "a" })
        const behind = yield* send(Acme.put("/things/2", {}), { subject: "a" })
        const error = yield* Effect.flip(Outbox.await(ticket))
        assert.strictEqual(yield* Clock.currentTimeMillis, DateTime.toEpochMillis(now))
        if (error._tag !== "TicketFailed" || error.why._tag !== "Expired") return assert.fail(error._tag)
        const earliest = DateTime.toEpochMillis(Option.getOrThrow(error.why.earliest)) - DateTime.toEpochMillis(now)
        assert.isAbove(earliest, 59 * 60_000)
        // What is no longer wanted holds nobody.
        yield* Outbox.await(behind)
        assert.strictEqual(done.length, 3)
      })
    ).pipe(provided)
  })

  it.effect("ends what has waited that long, wherever it waits", () => {
    const { done, provided } = acme({}, { concurrency: 1 })
    return run(
      Effect.gen(function* () {
        yield* spend
        yield* send(Acme.post("/slow/first"))
        // Behind the only place in the limiter's queue, which is taken for an hour.
        const ticket = yield* send(Acme.post("/slow/1"), {
          expiresAt: DateTime.add(yield* DateTime.now, { minutes: 10 })
        })
        const [took, error] = yield* Effect.timed(Effect.flip(Outbox.await(ticket)))
        assert.strictEqual(error._tag === "TicketFailed" && error.why._tag, "Expired")
        assert.strictEqual(Duration.toMillis(took), 600_000)
        yield* Effect.sleep("3 hours")
        assert.strictEqual(done.length, 3)
      })
    ).pipe(provided)
  })

  it.effect("takes an instant that is still to come", () => {
    const { provided } = acme()
    return Effect.gen(function* () {
      const expiresAt = yield* DateTime.now
      const error = yield* Effect.flip(send(Acme.post("/slow/1"), { expiresAt }))
      assert.deepInclude(error, { _tag: "CallError", field: "options.expiresAt" })
    }).pipe(provided)
  })
})

describe("dead letters", () => {
  it.effect("are what was tried as often as it may be, with longer and longer pauses", () => {
    const { done, provided } = acme({ "/things/1": [503, 500, 503].map((status) => ({ status })) })
    return run(
      Effect.gen(function* () {
        const ticket = yield* send(Acme.put("/things/1", {}), { maxAttempts: 3 })
        const error = yield* Effect.flip(Outbox.await(ticket))
        assert.strictEqual(yield* Clock.currentTimeMillis, 3 * 40 + 1000 + 2000)
        assert.strictEqual(
          error.message,
          `Ticket ${ticket.id} failed: After 3 attempts: The server answered 503: {"sorry":503}`
        )
        const [letter, ...others] = yield* Outbox.find({ states: ["failed"] })
        assert.deepStrictEqual([letter?.ticket.id, letter?.call.url, others], [ticket.id, "/things/1", []])
        yield* Outbox.retry(ticket)
        yield* Outbox.await(ticket)
        assert.deepStrictEqual(yield* Outbox.find({ states: ["failed"] }), [])
        assert.strictEqual(done.length, 1)
        const moved = yield* Effect.flip(Outbox.retry(ticket))
        assert.deepInclude(moved, { _tag: "TicketMoved", action: "retry", state: "done" })
      })
    ).pipe(provided)
  })

  it.effect("are held where a call may have arrived and must not arrive twice", () => {
    const { done, provided } = acme({ "/things/1": [{ status: 502, carriedOut: true }] })
    return run(
      Effect.gen(function* () {
        const ticket = yield* send(Acme.post("/things/1"), { whenInDoubt: "hold" })
        const error = yield* Effect.flip(Outbox.await(ticket))
        assert.strictEqual(error._tag === "TicketFailed" && error.why._tag, "InDoubt")
        assert.strictEqual(done.length, 1)
        // Somebody has looked: it did not arrive.
        yield* Outbox.retry(ticket)
        yield* Outbox.await(ticket)
        assert.strictEqual(done.length, 2)
      })
    ).pipe(provided)
  })

  it.effect("are put last when they are sent again, if they have been overtaken", () => {
    const { done, provided } = acme()
    return run(
      Effect.gen(function* () {
        yield* spend
        const expiresAt = DateTime.add(yield* DateTime.now, { minutes: 1 })
        const first = yield* send(Acme.post("/slow/1"), { subject: "a", expiresAt })
        yield* Effect.flip(Outbox.await(first))
        const second = yield* send(Acme.post("/slow/2"), { subject: "a" })
        yield* Outbox.retry(first)
        const waiting = yield* Outbox.status(first)
        assert.deepStrictEqual(waiting._tag === "Waiting" && waiting.behind, Option.some(second.id))
        yield* Outbox.await(first)
        assert.deepStrictEqual(Acme.whats(done).slice(2), ["POST /slow/2", "POST /slow/1"])
      })
    ).pipe(provided)
  })
})

describe("find", () => {
  it.effect("lists by state, provider and subject, page by page", () => {
    const { provided } = acme()
    return run(
      Effect.gen(function* () {
        const tickets: Array<Outbox.Ticket> = []
        for (let i = 0; i < 5; i++) tickets.push(yield* send(Acme.put(`/things/${i}`, {}), { subject: `s${i % 2}` }))
        const first = yield* Outbox.find({ subject: "s0", limit: 2 })
        const second = yield* Outbox.find({ subject: "s0", limit: 2, after: first.at(-1)?.place })
        assert.deepStrictEqual(
          [...first, ...second].map(({ ticket }) => ticket.id),
          [0, 2, 4].map((i) => tickets[i]?.id)
        )
        assert.strictEqual((yield* Outbox.find({ states: ["waiting"] })).length, 5)
        assert.deepStrictEqual(yield* Outbox.find({ provider: "nobody" }), [])
        yield* Effect.forEach(tickets, Outbox.await)
        assert.strictEqual((yield* Outbox.find({ states: ["done"], provider: "acme" })).length, 5)
      })
    ).pipe(provided)
  })
})

describe("purge", () => {
  it.effect("forgets what ended well, and keeps dead letters", () => {
    const { provided } = acme({ "/things/1": [{ status: 422 }] })
    return run(
      Effect.gen(function* () {
        const failed = yield* send(Acme.put("/things/1", {}))
        const done = yield* send(Acme.put("/things/2", {}))
        yield* Outbox.await(done)
        yield* Effect.sleep("1 day")
        assert.strictEqual(yield* Outbox.purge(DateTime.subtract(yield* DateTime.now, { days: 2 })), 0)
        assert.strictEqual(yield* Outbox.purge(yield* DateTime.now), 1)
        assert.strictEqual((yield* Effect.flip(Outbox.status(done)))._tag, "TicketUnknown")
        assert.strictEqual(yield* tagOf(failed), "Failed")
      })
    ).pipe(provided)
  })
})

describe("the limiter", () => {
  it.effect("holds nothing for what is no longer wanted", () => {
    const { provided } = acme()
    return run(
      Effect.gen(function* () {
        yield* spend
        const ticket = yield* send(Acme.post("/slow/1"))
        yield* Effect.sleep("1 minute")
        yield* Outbox.cancel(ticket)
        yield* Effect.sleep("2 hours")
        const [slow] = (yield* RateLimiter.status("p")).filter(({ quota }) => quota === "slow")
        assert.deepInclude(slow ?? {}, { inFlight: 0, cooling: 0, free: 2 })
      })
    ).pipe(provided)
  })
})
