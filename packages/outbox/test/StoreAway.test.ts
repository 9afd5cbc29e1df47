import { assert, describe, it } from "@effect/vitest"
import { RateLimiter } from "@sluice/core"
import { Outbox, OutboxError, OutboxStore, OutboxStoreSql } from "@sluice/outbox"
import * as SqliteClient from "@sluice/outbox/store/SqliteClient"
import { Simulator } from "@sluice/simulator"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import * as Acme from "./support/Acme.ts"
import * as Live from "./support/Live.ts"

const { run, send } = Live

/** Which operations fail now. */
type Away = Set<keyof OutboxStore.OutboxStore["Service"] | "dies" | "answers are lost">

/** The store, but what is in the set fails as a database does that cannot be reached. */
const failing = (away: Away) =>
  Layer.effect(
    OutboxStore.OutboxStore,
    Effect.map(OutboxStore.OutboxStore, (store) => {
      const wrapped = { ...store }
      for (const name of Object.keys(store) as Array<keyof typeof store>) {
        const original: unknown = store[name]
        const error = new OutboxError.OutboxStoreError({ operation: name, isRetryable: true, cause: "away" })
        const checked = (effect: unknown) =>
          Effect.suspend(() =>
            !away.has(name)
              ? (effect as Effect.Effect<unknown>)
              : away.has("answers are lost")
                ? Effect.andThen(effect as Effect.Effect<unknown>, Effect.fail(error))
                : away.has("dies")
                  ? Effect.die("no such thing")
                  : Effect.fail(error)
          )
        const member = Effect.isEffect(original)
          ? checked(original)
          : (...args: ReadonlyArray<unknown>) =>
              // Within the effect, so that nothing is asked of what is away.
              Effect.suspend(() => checked(Reflect.apply(original as () => unknown, store, args)))
        Object.assign(wrapped, { [name]: member })
      }
      return wrapped
    })
  )

const layer = (done: Array<Acme.Done>, away: Away, mishaps: Record<string, Array<Acme.Mishap>> = {}) =>
  Outbox.layer([Acme], Live.options).pipe(
    Layer.provide(failing(away)),
    Layer.provide(OutboxStoreSql.layer),
    Layer.provideMerge(SqliteClient.layer({ filename: ":memory:", busyTimeoutMillis: 0 })),
    Layer.provide(Acme.layer),
    Layer.provideMerge(RateLimiter.layer),
    Layer.provideMerge(Simulator.layer(Acme.simulation(done, mishaps), Live.scenario))
  )

describe("a full disk", () => {
  const done: Array<Acme.Done> = []
  const away: Away = new Set()
  it.effect("acknowledges nothing that it cannot hold, and loses nothing that it has", () =>
    run(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const first = yield* send(Acme.put("/slow/1", {}))
        const [{ page_count } = { page_count: 0 }] = yield* sql<{ page_count: number }>`PRAGMA page_count`
        yield* sql`PRAGMA max_page_count = ${sql.literal(String(page_count))}`
        const error = yield* Effect.flip(send(Acme.put("/slow/2", { text: "x".repeat(20_000) })))
        assert.deepInclude(error, { _tag: "OutboxStoreError", operation: "store a call", isRetryable: true })
        assert.include(error.message, "full")
        yield* sql`PRAGMA max_page_count = 100000`
        yield* Outbox.await(first)
        assert.deepStrictEqual(Acme.whats(done), ["PUT /slow/1 {}"])
        assert.strictEqual((yield* Outbox.find()).length, 1)
      })
    ).pipe(Effect.provide(layer(done, away)))
  )
})

describe("a store that is away", () => {
  it.effect.each(["begin", "end", "take", "tend", "routes", "nextAt"] as const)(
    "while it should %s: the call is sent once, when it is back",
    (operation) => {
      const done: Array<Acme.Done> = []
      const away: Away = new Set()
      return run(
        Effect.gen(function* () {
          away.add(operation)
          const ticket = yield* send(Acme.post("/things/1"))
          yield* Effect.sleep("5 minutes")
          assert.strictEqual(done.length, operation === "end" || operation === "nextAt" ? 1 : 0)
          away.clear()
          yield* Outbox.await(ticket)
          assert.strictEqual(done.length, 1)
          const { requests } = yield* Simulator.Simulator.use(({ stats }) => stats)
          assert.strictEqual(requests, 1)
        })
      ).pipe(Effect.provide(layer(done, away)))
    }
  )

  it.effect.each(["begin", "end", "take", "tend"] as const)(
    "and does what it should %s, but cannot say so: the call is sent once, when it is back",
    (operation) => {
      const done: Array<Acme.Done> = []
      const away: Away = new Set(["answers are lost", operation])
      return run(
        Effect.gen(function* () {
          const ticket = yield* send(Acme.post("/things/1"))
          yield* Effect.sleep("5 minutes")
          away.clear()
          yield* Outbox.await(ticket)
          // What is written down again and again notices that it need not.
          yield* Effect.sleep("1 minute")
          assert.strictEqual(done.length, 1)
        })
      ).pipe(Effect.provide(layer(done, away)), Effect.timeout("2 days"))
    }
  )

  it.effect.each(["begin", "end", "take", "tend", "routes", "nextAt", "changes", "renew"] as const)(
    "and dies while it should %s: the call is sent once, when it is back",
    (operation) => {
      const done: Array<Acme.Done> = []
      const away: Away = new Set(["dies", operation])
      return run(
        Effect.gen(function* () {
          const ticket = yield* send(Acme.post("/things/1"))
          yield* Effect.sleep("5 minutes")
          away.clear()
          // The store is looked at again after a poll interval, which is an hour here.
          yield* Outbox.await(ticket)
          assert.strictEqual(done.length, 1)
        })
      ).pipe(Effect.provide(layer(done, away)))
    }
  )

  it.effect("says so to who sends, and stores nothing", () => {
    const away: Away = new Set(["insert"])
    return Effect.gen(function* () {
      const error = yield* Effect.flip(send(Acme.post("/things/1")))
      assert.strictEqual(error._tag, "OutboxStoreError")
      away.clear()
      assert.deepStrictEqual(yield* Outbox.find(), [])
    }).pipe(Effect.provide(layer([], away)))
  })
})
