/** Four workers and eight senders on one store at the same time, in real time, while somebody follows. */
import { assert } from "@effect/vitest"
import { OutboxStore } from "@sluice/outbox"
import { Effect, Fiber } from "effect"
import { fresh } from "./storeContract.ts"

export const manyWorkers = Effect.gen(function* () {
  const store = yield* OutboxStore.OutboxStore
  const ids = Array.from({ length: 120 }, (_, i) => `${i}`)
  const route = { provider: "acme", route: "writes" }
  const begun: Array<string> = []
  const seen = new Map<string, string>()
  let revision = 0
  const look = Effect.gen(function* () {
    for (const ticket of yield* store.changes(revision, 50)) {
      revision = ticket.revision
      seen.set(ticket.id, ticket.state)
    }
  })
  const following = yield* Effect.forkChild(Effect.forever(Effect.andThen(look, Effect.sleep(1))))
  const insert = (id: string) => store.insert({ ...fresh(id), subject: `${Number(id) % 10}` }, 0)
  const storing = Effect.forEach(ids, insert, { concurrency: 8 })
  const working = (worker: string) =>
    Effect.gen(function* () {
      while (begun.length < ids.length) {
        const taken = yield* store.take(route, { worker, until: 1000, now: 0, limit: 3 })
        for (const { id } of taken) {
          if (yield* store.begin(id, { worker, until: 1000, now: 0 })) begun.push(id)
          const answer = { status: 200, headers: {}, body: "" }
          assert.isTrue(yield* store.end(id, worker, { _tag: "Done", answer }, 0))
        }
        yield* Effect.sleep(1)
      }
    })
  yield* Effect.all([storing, ...["a", "b", "c", "d"].map(working)], { concurrency: "unbounded" })
  yield* Effect.sleep(50)
  yield* Fiber.interrupt(following)
  yield* look
  assert.strictEqual(new Set(begun).size, ids.length)
  assert.strictEqual(begun.length, ids.length)
  assert.deepStrictEqual(
    [...seen].filter(([, state]) => state !== "done"),
    []
  )
  assert.strictEqual(seen.size, ids.length)
  // One at a time, in the order in which they were stored.
  const places = new Map((yield* store.find({ limit: 1000 })).tickets.map(({ id, place }) => [id, place]))
  for (let subject = 0; subject < 10; subject++) {
    const own = begun.filter((id) => Number(id) % 10 === subject).map((id) => places.get(id) ?? 0)
    assert.deepStrictEqual(
      own,
      own.toSorted((a, b) => a - b)
    )
  }
})
