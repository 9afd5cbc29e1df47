import { assert, describe, it } from "@effect/vitest"
import { assertSome } from "@effect/vitest/utils"
import { Quota, RateLimiter } from "@sluice/core"
import { Attio } from "@sluice/providers/attio"
import { simulation } from "@sluice/providers/attio/simulation"
import { Config, ConfigProvider, Effect, Layer, Redacted, Schema, Stream } from "effect"
import { HttpClientRequest } from "effect/http"
import * as Traffic from "../test/support/Traffic.ts"

const connected = (
  scenario?: Parameters<typeof Traffic.server>[1],
  options: Partial<Attio.Options> = {},
  server = simulation
) =>
  Effect.provide(
    Attio.layer({ apiKey: Redacted.make("key"), ...options }).pipe(
      Layer.provide(RateLimiter.layer),
      Layer.provideMerge(Traffic.server(server, scenario))
    )
  )

const people = "/v2/objects/people/records/query"
const self = Attio.Client.use((attio) => attio.get("/v2/self"))
const post = (path: string, body: Readonly<Record<string, unknown>>) =>
  Attio.Client.use((attio) => attio.execute(HttpClientRequest.post(path).pipe(HttpClientRequest.bodyJsonUnsafe(body))))
const write = post("/v2/notes", { data: { title: "Met" } })
/** A query of so many sorts: the simulation gives each ten points, of 250 for a query and 1000 for ten seconds. */
const query = (sorts: number) =>
  post(people, { limit: 1, sorts: Array.from({ length: sorts }, () => ({ attribute: "name", direction: "asc" })) })

describe("layerConfig", () => {
  it.effect("takes the key from the configuration", () =>
    Effect.gen(function* () {
      const { value } = yield* Traffic.run(self)
      assert.strictEqual(value.status, 200)
      assert.strictEqual((yield* Traffic.Wire)[0]?.headers["authorization"], "Bearer env")
    }).pipe(
      Effect.provide(
        Attio.layerConfig({ apiKey: Config.Redacted("ATTIO_API_KEY"), workspace: "acme" }).pipe(
          Layer.provide(RateLimiter.layer),
          Layer.provideMerge(Traffic.server(simulation)),
          Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ ATTIO_API_KEY: "env" })))
        )
      )
    )
  )
})

describe("make", () => {
  it.effect("keeps to an endpoint's own limit, and to a cap under a name of one's own", () =>
    Effect.gen(function* () {
      const notes = Attio.Client.use((attio) => attio.get("/v2/notes?limit=1"))
      const { elapsedMillis } = yield* Traffic.run(Effect.replicateEffect(notes, 5, { concurrency: "unbounded" }))
      assert.isAbove(elapsedMillis, 2000)
      const cap = yield* Traffic.run(Effect.replicateEffect(self, 35, { concurrency: "unbounded" }))
      assert.isAbove(cap.elapsedMillis, 10_000)
    }).pipe(
      connected(undefined, {
        endpoints: { "GET /v2/notes": Quota.rolling(2, "1 second", { name: "notes" }) },
        quotas: { ours: Quota.rolling(30, "10 seconds") }
      })
    )
  )
})

describe("pages", () => {
  it.effect("gives every record of a query once, in order, in as few requests as can be", () =>
    Effect.gen(function* () {
      const Person = Schema.Struct({ id: Schema.Struct({ record_id: Schema.String }), web_url: Schema.String })
      const filter = { name: { first_name: "Person" } }
      const { stats, value } = yield* Traffic.run(
        Stream.runCollect(Attio.pages(people, { item: Person, body: { filter } }))
      )
      const ids = value.map(({ id }) => id.record_id)
      assert.strictEqual(ids.length, 1200)
      assert.deepStrictEqual(ids, ids.toSorted())
      assert.strictEqual(new Set(ids).size, 1200)
      assert.strictEqual(stats.requests, 3)
      // A query of a filter with one condition scores six.
      assert.strictEqual(stats.quotas["attio"]?.["scores"]?.units, 18)
    }).pipe(connected())
  )

  it.effect("gives every item of a list, by the pages that Attio chooses and by larger ones", () =>
    Effect.gen(function* () {
      const usual = yield* Traffic.run(Stream.runCollect(Attio.pages("/v2/notes")))
      assert.strictEqual(usual.value.length, 120)
      assert.deepInclude(usual.value[119], { title: "Note 119" })
      assert.strictEqual(usual.stats.requests, 13)
      const larger = yield* Traffic.run(Stream.runCollect(Attio.pages("/v2/notes?parent_object=people", { limit: 50 })))
      assert.deepStrictEqual(larger.value, usual.value)
      assert.strictEqual(larger.stats.requests, 13 + 3)
    }).pipe(connected())
  )

  it.effect("follows the cursor where a list has one", () =>
    Effect.gen(function* () {
      const { stats, value } = yield* Traffic.run(Stream.runCollect(Attio.pages("/v2/meetings", { limit: 50 })))
      assert.strictEqual(value.length, 100)
      assert.deepInclude(value[99], { title: "Meeting 99" })
      assert.strictEqual(stats.requests, 2)
    }).pipe(connected())
  )

  it.effect("fails with what the server answers, and with items that are not what they should be", () =>
    Effect.gen(function* () {
      const [tooMany, wrong] = (yield* Traffic.run(
        Effect.all([
          Effect.flip(Stream.runDrain(Attio.pages(people, { limit: 501 }))),
          Effect.flip(Stream.runDrain(Attio.pages(people, { item: Schema.Struct({ id: Schema.Int }) })))
        ])
      )).value
      assert.strictEqual(tooMany._tag === "HttpClientError" && tooMany.reason._tag, "StatusCodeError")
      assert.strictEqual(wrong._tag, "SchemaError")
    }).pipe(connected())
  )
})

describe("Client", () => {
  it.effect(
    "is never refused at its limits, and uses them, whatever the server's clock says",
    () =>
      Effect.gen(function* () {
        const during = Traffic.lasting("1 minute")
        const both = [Traffic.saturate(self, 250, during), Traffic.saturate(write, 60, during)]
        const traffic = yield* Traffic.run(Effect.all(both, { concurrency: 2 }))
        assert.strictEqual(traffic.stats.refusals, 0)
        Traffic.assertUsed(traffic, simulation, { reads: 0.97, writes: 0.97 })
      }).pipe(connected({ skew: "-1700 millis" })),
    Traffic.timeout
  )

  it.effect("tells a refusal as Attio's error", () =>
    Effect.gen(function* () {
      const { value: error } = yield* Traffic.run(Effect.flip(Effect.all([write, write], { concurrency: 2 })))
      assert.strictEqual(error._tag, "AttioRateLimited")
      if (error._tag !== "AttioRateLimited") return
      assertSome(error.quota, "writes")
      assertSome(error.code, "rate_limit_exceeded")
      assert.isTrue(error.isRetryable)
    }).pipe(connected({ lower: [{ quota: "writes", limit: 1 }] }, { retry: "none" }))
  )

  it.effect("comes back at the date that it was told and never earlier, by the clock that tells it", () =>
    Effect.gen(function* () {
      const { elapsedMillis, stats, value } = yield* Traffic.run(
        Effect.replicateEffect(write, 30, { concurrency: "unbounded" })
      )
      assert.isTrue(value.every(({ status }) => status === 200))
      assert.isAbove(stats.refusals, 0)
      Traffic.assertWaited(yield* Traffic.Wire)
      // It is 10:16:43 there.
      assert.isAtLeast(elapsedMillis, 46_000)
      assert.isBelow(elapsedMillis, 50_000)
    }).pipe(
      connected(
        { lower: [{ quota: "writes", limit: 5, until: "30 seconds" }], skew: "-20 seconds" },
        {},
        Traffic.telling(simulation, "Sun, 22 Nov 2026 10:17:30 GMT")
      )
    )
  )

  it.effect("pauses queries alone when their scores are refused, and reads go on", () =>
    Effect.gen(function* () {
      const queries = Effect.replicateEffect(query(24), 8, { concurrency: "unbounded" })
      const reads = Effect.replicateEffect(Effect.andThen(self, Effect.sleep("100 millis")), 100)
      const { stats, value } = yield* Traffic.run(Effect.all([queries, reads], { concurrency: 2 }))
      assert.isTrue(value[0].every(({ status }) => status === 200))
      assert.isAbove(stats.quotas["attio"]?.["scores"]?.refused ?? 0, 0)
      const wire = yield* Traffic.Wire
      Traffic.assertWaited(wire, (_refused, { path }) => path === people)
      const sent = wire.filter(({ path }) => path === "/v2/self").map(({ sentAt }) => sentAt)
      const gaps = sent.slice(1).map((at, i) => at - (sent[i] ?? NaN))
      assert.strictEqual(gaps.length, 99)
      assert.isBelow(Math.max(...gaps), 202)
    }).pipe(connected())
  )

  it.effect("gives up on a query that is still refused ten seconds later, with no other on its way", () =>
    Effect.gen(function* () {
      const { elapsedMillis, stats, value: error } = yield* Traffic.run(Effect.flip(query(25)))
      assert.strictEqual(error._tag, "AttioRateLimited")
      if (error._tag !== "AttioRateLimited") return
      assert.isFalse(error.isRetryable)
      assert.strictEqual(stats.requests, 3)
      assert.isAtLeast(elapsedMillis, 10_000)
      assert.isBelow(elapsedMillis, 12_000)
    }).pipe(connected())
  )

  it.effect.each(Traffic.unusableWaits)("neither hangs nor spins when it is told to wait %j", (retryAfter) =>
    Traffic.assertOutlives(self).pipe(
      connected(
        { lower: [{ quota: "reads", limit: 0, until: "30 minutes" }] },
        {},
        Traffic.telling(simulation, retryAfter)
      )
    )
  )
})
