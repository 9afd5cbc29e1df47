import { assert, describe, it } from "@effect/vitest"
import { RateLimiter } from "@sluice/core"
import { Outbox, OutboxStoreSqlite } from "@sluice/outbox"
import * as Outage from "@sluice/outbox/worker/Outage"
import { Clock, Effect, Layer } from "effect"
import { HttpClient, HttpClientError, HttpClientResponse } from "effect/http"
import * as Acme from "./support/Acme.ts"
import * as Live from "./support/Live.ts"

const { run, send } = Live

/** A network that is down until an instant, and notes when it was tried. */
const network = (upAt: number, tried: Array<number>) =>
  Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        tried.push(now)
        const cause = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" })
        return now < upAt
          ? Effect.fail(
              new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request, cause }) })
            )
          : Effect.succeed(HttpClientResponse.fromWeb(request, new Response("{}")))
      })
    )
  )

const layer = (upAt: number, tried: Array<number>) =>
  Outbox.layer([Acme], Live.options).pipe(
    Layer.provide(OutboxStoreSqlite.layer({ filename: ":memory:" })),
    Layer.provide(Acme.layer),
    Layer.provide(RateLimiter.layer),
    Layer.provide(network(upAt, tried))
  )

describe("a provider that cannot be reached", () => {
  const hour = 3_600_000
  const tried: Array<number> = []
  it.effect("is tried by one call a minute, which costs no call an attempt", () =>
    run(
      Effect.gen(function* () {
        const tickets = yield* Effect.replicateEffect(send(Acme.post("/things/1"), { maxAttempts: 1 }), 20)
        yield* Effect.sleep("30 minutes")
        for (const ticket of tickets) {
          const status = yield* Outbox.status(ticket)
          assert.deepInclude(status, { _tag: "Waiting", attempts: 0 })
        }
        yield* Effect.forEach(tickets, Outbox.await)
        const before = tried.filter((at) => at < hour)
        // The first ones at once, then 1 s, 2 s, 4 s ... 60 s apart.
        assert.isBelow(before.length, 80)
        assert.isAtLeast(before.length, 60)
        const first = tried.findIndex((at) => at >= hour)
        assert.isBelow((tried[first] ?? 0) - hour, 60_000)
        // It is back: nobody waits any more.
        assert.isBelow((tried.at(-1) ?? 0) - (tried[first] ?? 0), 5000)
        assert.strictEqual(tried.length - before.length, 20)
      })
    ).pipe(Effect.provide(layer(hour, tried)))
  )
})

describe("Outage", () => {
  const untils = (step: typeof Outage.troubled, times: number) => {
    const seen: Array<number> = []
    let outage = Outage.none
    for (let i = 0; i < times; i++) {
      outage = step(outage, 0)
      seen.push(outage.until)
    }
    return seen
  }

  it("begins with the first call that cannot be sent, and with the third that goes wrong", () => {
    assert.deepStrictEqual(untils(Outage.unreachable, 8), [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000])
    assert.deepStrictEqual(untils(Outage.troubled, 5), [0, 0, 1000, 2000, 4000])
  })
})
