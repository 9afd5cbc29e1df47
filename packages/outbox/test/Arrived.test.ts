import { assert, describe, it } from "@effect/vitest"
import { RateLimiter } from "@sluice/core"
import { Outbox, OutboxStoreSqlite } from "@sluice/outbox"
import { Simulator } from "@sluice/simulator"
import { DateTime, Effect, Layer, Option } from "effect"
import * as Acme from "./support/Acme.ts"
import * as Live from "./support/Live.ts"

const { run, send } = Live

/** A server that answers by a mistake of its own, and somebody who can tell whether it carried the call out. */
const asking = (carriedOut: boolean) => {
  const done: Array<Acme.Done> = []
  const doubts: Array<Outbox.Doubt> = []
  const state = { isAway: false }
  const arrived: Outbox.Arrived = (doubt) =>
    Effect.suspend(() => {
      doubts.push(doubt)
      if (state.isAway) return Effect.fail("away")
      return Effect.succeed(done.length > 0 ? Option.some({ status: 200, body: '"found"' }) : Option.none())
    })
  const layer = Outbox.layer([{ ...Acme, arrived }], Live.options).pipe(
    Layer.provide(OutboxStoreSqlite.layer({ filename: ":memory:" })),
    Layer.provide(Acme.layer),
    Layer.provide(RateLimiter.layer),
    Layer.provideMerge(
      Simulator.layer(Acme.simulation(done, { "/things/1": [{ status: 500, carriedOut }] }), Live.scenario)
    )
  )
  return { done, doubts, state, provided: Effect.provide(layer) }
}

describe("arrived", () => {
  it.effect("ends a call that did, with what was found, and sends it no more", () => {
    const { done, doubts, provided } = asking(true)
    return run(
      Effect.gen(function* () {
        const ticket = yield* send(Acme.post("/things/1"), { whenInDoubt: "hold" })
        assert.deepInclude(yield* Outbox.await(ticket), { status: 200, body: "found" })
        assert.strictEqual(done.length, 1)
        assert.deepStrictEqual(
          doubts.map(({ id, request, sentAt }) => [id, request.url, DateTime.toEpochMillis(sentAt)]),
          [[ticket.id, "/things/1", 0]]
        )
      })
    ).pipe(provided)
  })

  it.effect("lets a call that did not be sent again, although it was not to be sent twice", () => {
    const { done, doubts, provided } = asking(false)
    return run(
      Effect.gen(function* () {
        const ticket = yield* send(Acme.post("/things/1"), { whenInDoubt: "hold" })
        assert.deepInclude(yield* Outbox.await(ticket), { status: 200 })
        assert.deepStrictEqual([done.length, doubts.length], [1, 1])
      })
    ).pipe(provided)
  })

  it.effect("is asked again later where it cannot tell", () => {
    const { done, doubts, provided, state } = asking(true)
    return run(
      Effect.gen(function* () {
        state.isAway = true
        const ticket = yield* send(Acme.post("/things/1"))
        yield* Effect.sleep("150 seconds")
        assert.strictEqual(doubts.length, 3)
        assert.deepInclude(yield* Outbox.status(ticket), { _tag: "Waiting", attempts: 1 })
        state.isAway = false
        yield* Outbox.await(ticket)
        assert.strictEqual(done.length, 1)
      })
    ).pipe(provided)
  })

  it.effect("is not asked of what may be repeated", () => {
    const { done, doubts, provided } = asking(true)
    return run(
      Effect.gen(function* () {
        yield* Outbox.await(yield* send(Acme.put("/things/1", {})))
        assert.deepStrictEqual([done.length, doubts.length], [2, 0])
      })
    ).pipe(provided)
  })
})
