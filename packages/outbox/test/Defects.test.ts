import { assert, describe, it } from "@effect/vitest"
import { RateLimiter } from "@sluice/core"
import { Outbox, OutboxStoreSqlite } from "@sluice/outbox"
import { Simulator } from "@sluice/simulator"
import { Effect, Layer } from "effect"
import * as Acme from "./support/Acme.ts"
import * as Live from "./support/Live.ts"

const { run, send } = Live

const withProvider = (own: Partial<typeof Acme.provider>, done: Array<Acme.Done> = []) =>
  Effect.provide(
    Outbox.layer([{ ...Acme, provider: { ...Acme.provider, ...own } }], Live.options).pipe(
      Layer.provide(OutboxStoreSqlite.layer({ filename: ":memory:" })),
      Layer.provide(Acme.layer),
      Layer.provide(RateLimiter.layer),
      Layer.provideMerge(Simulator.layer(Acme.simulation(done, { "/things/1": [{ status: 429 }] }), Live.scenario))
    )
  )

describe("a provider's mistake", () => {
  it.effect("fails the one call, which can be read and sent again, and keeps nobody else", () => {
    let isBroken = true
    const repeatsRefused = () => {
      if (isBroken) throw new Error("not thought of")
      return true
    }
    return run(
      Effect.gen(function* () {
        const ticket = yield* send(Acme.put("/things/1", {}))
        const error = yield* Effect.flip(Outbox.await(ticket))
        assert.strictEqual(error.message, `Ticket ${ticket.id} failed: a defect: not thought of`)
        yield* Outbox.await(yield* send(Acme.put("/things/2", {})))
        isBroken = false
        yield* Outbox.retry(ticket)
        yield* Outbox.await(ticket)
      })
    ).pipe(withProvider({ repeatsRefused }))
  })

  it.effect("in telling quotas is its sender's to see", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(send(Acme.put("/things/1", {})))
      assert.include(String(exit), "not thought of")
      assert.deepStrictEqual(yield* Outbox.find(), [])
    }).pipe(
      withProvider({
        classify: () => {
          throw new Error("not thought of")
        }
      })
    )
  )
})
