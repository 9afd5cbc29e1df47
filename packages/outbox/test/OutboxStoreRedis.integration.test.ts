import { NodeRedis } from "@effect/platform-node"
import { afterAll, assert, beforeAll, it } from "@effect/vitest"
import { Pipeline, RateLimiter } from "@sluice/core"
import { Outbox, OutboxStore, OutboxStoreRedis } from "@sluice/outbox"
import { Context, Effect, Exit, Layer, Redacted, References, Schedule, Scope } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { Redis } from "effect/persistence"
import * as RedisProcess from "../../core/test/redis/fleet/RedisProcess.ts"
import * as RedisServer from "../../core/test/redis/RedisServer.ts"
import * as Acme from "./support/Acme.ts"
import { manyWorkers } from "./support/manyWorkers.ts"
import { mergingContract } from "./support/mergingContract.ts"
import { contract, fresh } from "./support/storeContract.ts"

RedisServer.describeRedis("OutboxStoreRedis", () => {
  const scope = Scope.makeUnsafe()
  let connected = Context.empty() as Context.Context<Redis.Redis>
  beforeAll(async () => {
    connected = await Effect.runPromise(Layer.buildWithScope(RedisServer.layer, scope))
  })
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

  let sequence = 0
  const fixed = (prefix: string) =>
    Layer.suspend(() => OutboxStoreRedis.layer({ prefix }).pipe(Layer.provide(Layer.succeedContext(connected))))
  const store = () => fixed(`test-${process.pid}-${sequence++}`)

  contract("keeps the contract", store)
  mergingContract("merges", store)

  it.live("gives each ticket to one of many workers, and shows every change to who follows", () =>
    Effect.provide(manyWorkers, store())
  )

  it.effect("keeps outboxes of different prefixes apart, and one of the same together", () =>
    Effect.gen(function* () {
      const prefix = `test-${process.pid}-${sequence++}`
      const insert = OutboxStore.OutboxStore.use((store) => store.insert(fresh("1"), 0))
      yield* Effect.provide(insert, fixed(prefix), { local: true })
      const all = OutboxStore.OutboxStore.use((store) => store.find({ limit: 9 }))
      assert.strictEqual((yield* Effect.provide(all, fixed(prefix), { local: true })).tickets.length, 1)
      assert.strictEqual((yield* Effect.provide(all, store(), { local: true })).tickets.length, 0)
    })
  )

  it.effect("leaves nothing of what it forgets but its providers and the number of its changes", () =>
    Effect.gen(function* () {
      const prefix = `test-${process.pid}-${sequence++}`
      yield* Effect.gen(function* () {
        const store = yield* OutboxStore.OutboxStore
        const ids = Array.from({ length: 1200 }, (_, i) => `${i}`)
        const about = (id: string) => ({ subject: `s${Number(id) % 3}`, mergeKey: "k", expiresAt: 1e6, priority: 7 })
        yield* Effect.forEach(ids, (id) => store.insert(fresh(id, about(id)), 0), { concurrency: 20 })
        for (const { id, merged } of yield* store.take(
          { provider: "acme", route: "writes" },
          { worker: "w", now: 0, until: 9, limit: 9 }
        )) {
          yield* store.begin(id, { worker: "w", now: 0, until: 9, merged: merged.length })
          yield* store.end(id, "w", { _tag: "Done", answer: { status: 200, headers: {}, body: "" } }, 0)
        }
        for (const { id, state } of (yield* store.find({ limit: 2000 })).tickets)
          if (state !== "done") yield* store.cancel(id, 0)
        assert.strictEqual(yield* store.purge(1), 1200)
      }).pipe(Effect.provide(fixed(prefix)))
      const keys = yield* Redis.Redis.use((redis) => redis.send<ReadonlyArray<string>>("KEYS", `${prefix}:*`)).pipe(
        Effect.provide(Layer.succeedContext(connected))
      )
      assert.deepStrictEqual(keys.toSorted(), [`${prefix}:{outbox}:providers`, `${prefix}:{outbox}:revision`])
    })
  )

  it.effect("finds what is far apart, by page", () =>
    Effect.gen(function* () {
      const store = yield* OutboxStore.OutboxStore
      const ids = Array.from({ length: 1203 }, (_, i) => `${i}`)
      yield* Effect.forEach(ids, (id) =>
        store.insert(fresh(id, { subject: Number(id) % 600 === 1 ? "rare" : "frequent" }), 0)
      )
      const found = (query: Partial<OutboxStore.Query>) =>
        Effect.map(store.find({ limit: 1000, subject: "rare", ...query }), (all) => all.tickets.map(({ id }) => id))
      assert.deepStrictEqual(yield* found({}), ["1", "601", "1201"])
      assert.deepStrictEqual(yield* found({ limit: 2 }), ["1", "601"])
      const { place } = yield* store.get("601")
      yield* store.cancel("1201", 0)
      assert.deepStrictEqual(yield* found({ after: place, states: ["waiting", "cancelled"] }), ["1201"])
      assert.deepStrictEqual(yield* found({ states: ["done"] }), [])
      assert.strictEqual((yield* found({ subject: undefined, limit: 1100 })).length, 1100)
    }).pipe(Effect.provide(store()))
  )
})

RedisServer.describeOwnRedis("OutboxStoreRedis on a Redis of its own", () => {
  it.live("works on a cluster, where all of an outbox is in one slot", () =>
    Effect.gen(function* () {
      const redis = yield* Redis.Redis
      yield* redis.send("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
      yield* redis
        .send<string>("CLUSTER", "INFO")
        .pipe(
          Effect.repeat(
            Schedule.spaced("20 millis").pipe(
              Schedule.while(({ input }) => Effect.succeed(!`${input}`.includes("cluster_state:ok")))
            )
          )
        )
      yield* Effect.provide(manyWorkers, OutboxStoreRedis.layer())
    }).pipe(Effect.provide(RedisServer.layerCluster))
  )

  it.live(
    "sends each call once while Redis dies and comes back",
    () =>
      Effect.gen(function* () {
        const server = yield* RedisProcess.make
        yield* server.start
        const carriedOut = new Map<string, number>()
        const network = Layer.succeed(
          HttpClient.HttpClient,
          HttpClient.make((request) => {
            carriedOut.set(request.url, (carriedOut.get(request.url) ?? 0) + 1)
            return Effect.delay(Effect.succeed(HttpClientResponse.fromWeb(request, new Response("{}"))), 5)
          })
        )
        const live = Outbox.layer([Acme], { pollInterval: "50 millis", takeOverAfter: "1 second" }).pipe(
          Layer.provide(OutboxStoreRedis.layer()),
          Layer.provide(NodeRedis.layer({ url: `redis://127.0.0.1:${server.port}` })),
          Layer.provide(Layer.effect(Acme.Client, Pipeline.make(Acme.provider, { apiKey: Redacted.make("k") }))),
          Layer.provide([RateLimiter.layerUnlimited, network])
        )
        const ids = Array.from({ length: 150 }, (_, i) => `${i}`)
        yield* Effect.gen(function* () {
          const again = Schedule.spaced("20 millis")
          const sending = Effect.forEach(
            ids,
            (id) =>
              Outbox.send(Acme.provider, Acme.post(`/things/${id}`, {}), { id, subject: `${Number(id) % 30}` }).pipe(
                Effect.retry(again),
                Effect.andThen(Effect.sleep(10))
              ),
            { concurrency: 3 }
          )
          const dying = Effect.gen(function* () {
            for (const millis of [60, 150, 90, 200]) {
              yield* Effect.sleep(millis)
              yield* server.kill
              yield* server.start
            }
          })
          yield* Effect.all([sending, dying], { concurrency: 2 })
          yield* Effect.forEach(ids, (id) => Effect.retry(Outbox.await(Outbox.ticket(id)), again), {
            concurrency: "unbounded"
          })
        }).pipe(Effect.provide(live), Effect.provideService(References.MinimumLogLevel, "None"))
        assert.deepStrictEqual(
          [...carriedOut].filter(([, times]) => times !== 1),
          []
        )
        assert.strictEqual(carriedOut.size, ids.length)
      }),
    60_000
  )
})
