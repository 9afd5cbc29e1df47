/**
 * `npm run bench:outbox`: what storing, sending and looking cost, with few tickets in the file and with a hundred thousand.
 *
 * `-- --postgres postgres://...` and `-- --redis redis://...` measure those beside the file.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { NodeRedis } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { Pipeline, RateLimiter } from "@sluice/core"
import { Outbox, OutboxStore, OutboxStoreRedis, OutboxStoreSql } from "@sluice/outbox"
import * as SqliteClient from "@sluice/outbox/store/SqliteClient"
import { SuiteOp } from "@sluice/providers/suiteop"
import { Console, Effect, Layer, Redacted } from "effect"
import { HttpClient, HttpClientRequest, HttpClientResponse } from "effect/http"
import { SqlClient } from "effect/sql"

const { values } = parseArgs({
  options: { postgres: { type: "string" }, redis: { type: "string" }, tickets: { type: "string", default: "1000" } }
})
const count = Number(values.tickets)

/** Answers at once, in memory: only the outbox is measured. */
const network = Layer.succeed(
  HttpClient.HttpClient,
  HttpClient.make((request) => Effect.succeed(HttpClientResponse.fromWeb(request, new Response("{}"))))
)

const outbox = Outbox.layer([SuiteOp]).pipe(
  Layer.provide(Layer.effect(SuiteOp.Client, Pipeline.make(SuiteOp.provider, { apiKey: Redacted.make("key") }))),
  Layer.provide(RateLimiter.layerUnlimited),
  Layer.provide(network)
)

const request = HttpClientRequest.post("/api/v1/tasks").pipe(
  HttpClientRequest.bodyJsonUnsafe({ title: "Clean", propertyId: "p-1" })
)

const millis = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const from = performance.now()
    const value = yield* effect
    return [performance.now() - from, value] as const
  })

const median = (numbers: ReadonlyArray<number>) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0

const each = <A, E, R>(times: number, effect: (i: number) => Effect.Effect<A, E, R>) =>
  Effect.map(
    Effect.forEach(
      Array.from({ length: times }, (_, i) => i),
      (i) => Effect.map(millis(effect(i)), ([took]) => took)
    ),
    median
  )

/** Calls of the whole outbox a second: stored by eight senders, and stored, sent and answered. */
const throughput = Effect.gen(function* () {
  const sends = Effect.replicateEffect(Outbox.send(SuiteOp.provider, request), count, { concurrency: 8 })
  const [drained] = yield* millis(
    Effect.flatMap(sends, (tickets) => Effect.forEach(tickets, Outbox.await, { concurrency: "unbounded" }))
  )
  return Math.round((count / drained) * 1000)
})

const fresh = (id: string): OutboxStore.New => ({
  id,
  provider: "suiteop",
  route: "bench",
  subject: null,
  priority: 1,
  call: { method: "POST", url: "/x", urlParams: [], headers: {}, body: { _tag: "Empty" } },
  idempotencyKey: id,
  expiresAt: null,
  maxAttempts: 1,
  whenInDoubt: "send",
  supersedes: false,
  mergeKey: null
})

/** Tickets that wait, as many as that, on the route that is measured. */
const fillRedis = Effect.fnUntraced(function* (waiting: number) {
  const store = yield* OutboxStore.OutboxStore
  const ids = Array.from({ length: waiting }, (_, i) => `waiting ${i + 1}`)
  yield* Effect.forEach(ids, (id) => store.insert({ ...fresh(id), priority: 0 }, 0), {
    concurrency: 200,
    discard: true
  })
})

/** The same in one statement. */
const fillSql = Effect.fnUntraced(function* (waiting: number) {
  const sql = yield* SqlClient.SqlClient
  const store = yield* OutboxStore.OutboxStore
  yield* store.insert({ ...fresh("seed"), priority: 0 }, 0)
  yield* sql`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${waiting})
    INSERT INTO outbox_ticket (place, id, provider, route, subject, target, priority, call, idempotency_key, state,
      holds, behind, due_at, attempts, max_attempts, when_in_doubt, in_doubt, created_at, updated_at, revision)
    SELECT 1000000 + i, 'waiting ' || i, provider, route, NULL, target, 0, call, idempotency_key, state, 1, 0, 0, 0, 1,
      'send', 0, 0, 0, 1000000 + i FROM n, outbox_ticket WHERE id = 'seed'`
  yield* sql`UPDATE outbox_revision SET value = 5000000`
})

const owning = { worker: "w", until: 1e15, now: 0 }

/** The median of one operation, in milliseconds, with so many waiting. */
const operations = Effect.fnUntraced(function* (waiting: number) {
  const store = yield* OutboxStore.OutboxStore
  const store_ = yield* each(100, (i) => store.insert(fresh(`send ${i}`), 0))
  const life = yield* each(100, () =>
    Effect.gen(function* () {
      for (const { id } of yield* store.take({ provider: "suiteop", route: "bench" }, { ...owning, limit: 1 })) {
        yield* store.begin(id, owning)
        yield* store.end(id, "w", { _tag: "Done", answer: { status: 200, headers: {}, body: "" } }, 0)
      }
    })
  )
  const idle = yield* each(100, () => Effect.andThen(store.tend("w", 0), store.nextAt("w")))
  const last = yield* store.get(`waiting ${waiting}`)
  const place = yield* each(100, () => store.standings([last]))
  return { waiting, store: store_, life, idle, place }
})

const measure = Effect.fnUntraced(function* <R, E, E2>(
  name: string,
  store: () => Layer.Layer<OutboxStore.OutboxStore | R, E>,
  fill: (waiting: number) => Effect.Effect<void, E2, OutboxStore.OutboxStore | R>
) {
  const drained = yield* throughput.pipe(
    Effect.provide(Layer.fresh(outbox.pipe(Layer.provide(store()))), { local: true })
  )
  yield* Console.log(`${name}: ${drained} calls a second stored, sent and answered; 8 senders, ${count} calls`)
  for (const waiting of [100, 10_000, 100_000]) {
    const took = yield* Effect.andThen(fill(waiting), operations(waiting)).pipe(
      Effect.provide(Layer.fresh(store()), { local: true })
    )
    const text = (["store", "life", "idle", "place"] as const).map((key) => `${key} ${took[key].toFixed(2)}`).join(", ")
    yield* Console.log(`  ${waiting} waiting: ${text} (median ms)`)
  }
  yield* Console.log(`  memory: ${Math.round(process.memoryUsage().rss / 1e6)} MB`)
})

const folder = mkdtempSync(join(tmpdir(), "sluice-bench-outbox-"))
let sequence = 0

const overSql = <E>(client: Layer.Layer<SqlClient.SqlClient, E>) =>
  OutboxStoreSql.layer.pipe(Layer.provideMerge(client))

const sqlite = () => SqliteClient.layer({ filename: join(folder, `${sequence++}.db`), busyTimeoutMillis: 1000 })

const postgres = (url: string) => {
  const schema = `bench_${process.pid}_${sequence++}`
  const created = Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`CREATE SCHEMA ${sql(schema)}`
  }).pipe(Effect.provide(Layer.fresh(PgClient.layer({ url: Redacted.make(url) })), { local: true }))
  const own = `${url}${url.includes("?") ? "&" : "?"}options=-c%20search_path%3D${schema}`
  return Layer.unwrap(Effect.as(created, PgClient.layer({ url: Redacted.make(own) })))
}

/** Whatever is there of before stays: each prefix is an outbox. */
const redis = (url: string) =>
  OutboxStoreRedis.layer({ prefix: `bench-${process.pid}-${sequence++}` }).pipe(Layer.provide(NodeRedis.layer({ url })))

await Effect.runPromise(
  Effect.gen(function* () {
    yield* measure("SQLite in a file", () => overSql(sqlite()), fillSql)
    const { postgres: postgresUrl, redis: redisUrl } = values
    if (postgresUrl !== undefined) yield* measure("PostgreSQL", () => overSql(postgres(postgresUrl)), fillSql)
    if (redisUrl !== undefined) yield* measure("Redis", () => redis(redisUrl), fillRedis)
  })
)
rmSync(folder, { recursive: true, force: true })
