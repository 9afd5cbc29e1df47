import { assert, describe, it } from "@effect/vitest"
import { RateLimiter } from "@sluice/core"
import { Outbox } from "@sluice/outbox"
import { Clock, DateTime, Effect, Option } from "effect"
import * as Acme from "./support/Acme.ts"
import * as Live from "./support/Live.ts"
import { quotasOf, routeOf, tenantOf } from "@sluice/outbox/worker/Route"

const { run, send } = Live

/** Stores so many calls of a tenant, without waiting for any. */
const busy = (name: string, count: number, weight = 1) =>
  Effect.forEach(
    Array.from({ length: count }, (_, i) => i),
    (i) => send(Acme.post(`/things/${name}-${i}`)).pipe(RateLimiter.tenant(name, { weight }))
  )

const countOf = (done: ReadonlyArray<Acme.Done>, name: string) =>
  done.filter(({ what }) => what.includes(`/${name}-`)).length

describe("tenants", () => {
  it.effect("take turns by weight, however many calls of one of them are stored", () => {
    const done: Array<Acme.Done> = []
    return run(
      Effect.gen(function* () {
        yield* busy("loud", 400)
        yield* busy("quiet", 40)
        yield* busy("large", 120, 3)
        yield* Effect.sleep("30 seconds")
        const all = done.length
        assert.isAtLeast(all, 140)
        // The first ten of the loud one were gone before the others came.
        assert.approximately(countOf(done, "quiet") / all, 1 / 5, 0.02)
        assert.approximately(countOf(done, "large") / all, 3 / 5, 0.06)
        assert.isAtMost(countOf(done, "loud"), all / 5 + 10)
      })
    ).pipe(Effect.provide(Live.layer(Acme.simulation(done))))
  })

  it.effect("expect a quiet one's call before a loud one's, and the last of all after all", () => {
    const done: Array<Acme.Done> = []
    return run(
      Effect.gen(function* () {
        yield* busy("loud", 300)
        const [quiet] = yield* busy("quiet", 1)
        const at = yield* Clock.currentTimeMillis
        const status = yield* Outbox.status(quiet as Outbox.Ticket)
        const expected = status._tag === "Waiting" ? Option.getOrUndefined(status.expectedAt) : undefined
        assert.isAtMost((expected ? DateTime.toEpochMillis(expected) : Infinity) - at, 3000)
        const [summary] = yield* (yield* Outbox.Outbox).summary
        const until = Option.getOrThrow(summary?.until ?? Option.none())
        assert.approximately(DateTime.toEpochMillis(until) - at, 60_000, 3000)
        yield* Outbox.await(quiet as Outbox.Ticket)
        assert.isAtMost(countOf(done, "loud"), 20)
      })
    ).pipe(Effect.provide(Live.layer(Acme.simulation(done))))
  })

  it.effect("keep what they fail with, and what is put right", () => {
    const done: Array<Acme.Done> = []
    return run(
      Effect.gen(function* () {
        const [ticket] = yield* busy("acme", 1, 2)
        if (!ticket) return assert.fail("one was stored")
        assert.strictEqual((yield* Effect.flip(Outbox.await(ticket)))._tag, "TicketFailed")
        yield* Outbox.retry(ticket, { request: Acme.post("/things/acme-right") })
        yield* Outbox.await(ticket)
        const [entry] = yield* Outbox.find({ states: ["done"] })
        assert.strictEqual(entry?.tenant, "acme")
        assert.strictEqual(countOf(done, "acme"), 1)
      })
    ).pipe(Effect.provide(Live.layer(Acme.simulation(done, { "/things/acme-0": [{ status: 422 }] }))))
  })

  it("are told from routes, whatever they are called", () => {
    const request = Acme.post("/things/a")
    for (const name of ["acme", "\n", '"] writes', 'a\\"b\nc', "ü ]"]) {
      const route = routeOf(Acme.provider, request, { name, weight: 2.5 })
      assert.deepStrictEqual(tenantOf(route), { name, weight: 2.5 })
      assert.strictEqual(quotasOf(route), "writes 5/1000")
    }
    const route = routeOf(Acme.provider, request, { name: "", weight: 1 })
    assert.strictEqual(route, "writes 5/1000")
    assert.deepStrictEqual(tenantOf(route), { name: "", weight: 1 })
  })
})
