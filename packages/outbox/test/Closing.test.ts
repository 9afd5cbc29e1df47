/** What becomes of calls when an outbox is closed, and when several outboxes have one store. */
import { assert, describe, it } from "@effect/vitest"
import { RateLimiter } from "@sluice/core"
import { Outbox, OutboxStore, OutboxStoreSqlite } from "@sluice/outbox"
import { Simulator } from "@sluice/simulator"
import { Clock, Context, Effect, Exit, Fiber, Layer, Scope } from "effect"
import * as Acme from "./support/Acme.ts"
import * as Live from "./support/Live.ts"

const { run } = Live

/** The store and the provider, without an outbox. */
const around = (done: Array<Acme.Done>) =>
  Layer.merge(OutboxStoreSqlite.layer({ filename: ":memory:" }), Acme.layer).pipe(
    Layer.provideMerge(RateLimiter.layer),
    Layer.provideMerge(Simulator.layer(Acme.simulation(done), Live.scenario))
  )

/** An outbox of its own, and how it is closed. */
const open = (options: Outbox.Options = {}) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const layer = Layer.fresh(Outbox.layer([Acme], { ...Live.options, ...options }))
    const context = yield* Scope.provide(Layer.build(layer), scope)
    return { outbox: Context.get(context, Outbox.Outbox), close: Scope.close(scope, Exit.void) }
  })

const stateOf = ({ id }: Outbox.Ticket) =>
  OutboxStore.OutboxStore.use((store) => Effect.map(store.get(id), ({ isInDoubt, state }) => [state, isInDoubt]))

describe("closing", () => {
  const drained: Array<Acme.Done> = []
  it.effect("gives back what waits, and lets what is under way be answered", () =>
    run(
      Effect.gen(function* () {
        const { close, outbox } = yield* open({ drain: "10 seconds" })
        const tickets = yield* Effect.forEach(["/things/1", "/slow/1", "/slow/2", "/slow/3"], (path) =>
          outbox.send(Acme.provider, Acme.post(path))
        )
        yield* Effect.sleep(10)
        const [took] = yield* Effect.timed(close)
        assert.strictEqual(yield* Clock.currentTimeMillis, 40)
        assert.isDefined(took)
        assert.deepStrictEqual(yield* Effect.forEach(tickets, stateOf), [
          ["done", false],
          ["done", false],
          ["done", false],
          ["waiting", false]
        ])
      })
    ).pipe(Effect.provide(around(drained)))
  )

  const cut: Array<Acme.Done> = []
  it.effect("leaves in doubt what is not answered in time", () =>
    run(
      Effect.gen(function* () {
        const { close, outbox } = yield* open({ drain: "10 millis" })
        const post = yield* outbox.send(Acme.provider, Acme.post("/things/1"))
        const held = yield* outbox.send(Acme.provider, Acme.post("/things/2"), { whenInDoubt: "hold" })
        yield* Effect.sleep(25)
        yield* close
        assert.strictEqual(yield* Clock.currentTimeMillis, 35)
        assert.deepStrictEqual(yield* Effect.forEach([post, held], stateOf), [
          ["waiting", true],
          ["failed", true]
        ])
        const next = yield* open()
        yield* next.outbox.await(post)
        assert.deepStrictEqual(Acme.whats(cut), ["POST /things/1", "POST /things/2", "POST /things/1"])
        yield* next.close
      })
    ).pipe(Effect.provide(around(cut)))
  )
})

describe("several outboxes on one store", () => {
  const done: Array<Acme.Done> = []
  it.effect("send each call once, and tell each other's senders of it", () =>
    run(
      Effect.gen(function* () {
        const boxes = yield* Effect.replicateEffect(open({ pollInterval: "1 second" }), 3)
        const [first] = boxes
        const tickets = yield* Effect.forEach(
          Array.from({ length: 30 }, (_, i) => i),
          (i) =>
            boxes[i % 3]?.outbox.send(Acme.provider, Acme.put(`/things/${i}`, {}), { subject: `${i % 7}` }) ??
            Effect.die("three")
        )
        yield* Effect.forEach(tickets, (ticket) => first?.outbox.await(ticket) ?? Effect.die("three"), {
          concurrency: "unbounded"
        })
        assert.strictEqual(done.length, 30)
        assert.strictEqual(new Set(Acme.whats(done)).size, 30)
        yield* Effect.forEach(boxes, ({ close }) => close)
      })
    ).pipe(Effect.provide(around(done)))
  )

  const apart: Array<Acme.Done> = []
  it.effect("store in one process what another sends, and cancel what it has in its queue", () =>
    run(
      Effect.gen(function* () {
        const scope = yield* Effect.scope
        const sender = Context.get(
          yield* Scope.provide(Layer.build(Outbox.layerSender({ pollInterval: "1 minute" })), scope),
          Outbox.Outbox
        )
        const tickets = yield* Effect.forEach([1, 2, 3], (i) => sender.send(Acme.provider, Acme.post(`/slow/${i}`)))
        const { close } = yield* open({ pollInterval: "1 minute" })
        const third = tickets[2] ?? assert.fail()
        const waiting = yield* Effect.forkChild(Effect.flip(sender.await(third)), { startImmediately: true })
        yield* Effect.sleep("2 minutes")
        assert.deepStrictEqual(yield* Effect.forEach(tickets, (ticket) => Effect.map(stateOf(ticket), ([s]) => s)), [
          "done",
          "done",
          "taken"
        ])
        yield* sender.cancel(third)
        assert.strictEqual((yield* Fiber.join(waiting))._tag, "TicketCancelled")
        yield* Effect.sleep("3 hours")
        assert.strictEqual(apart.length, 2)
        yield* close
      })
    ).pipe(Effect.scoped, Effect.provide(around(apart)))
  )
})
