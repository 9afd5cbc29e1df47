/** What is measured of a store: how much goes through it in a second, and what each thing takes however many wait. */
import { Pipeline, RateLimiter } from "@sluice/core"
import { Outbox, OutboxStore, OutboxView } from "@sluice/outbox"
import { SuiteOp } from "@sluice/providers/suiteop"
import { Effect, Layer, Redacted, type Scope } from "effect"
import { HttpClient, HttpClientRequest, HttpClientResponse } from "effect/http"
import { fresh, type Store } from "./Stores.ts"

export interface Throughput {
  /** Calls a second: stored by eight senders; then sent and answered by one worker; and both at once. */
  readonly stored: number
  readonly drained: number
  readonly both: number
}

/** Medians in milliseconds, with so many waiting. */
export interface Times {
  readonly waiting: number
  /** A call is stored. */
  readonly store: number
  /** One is taken, marked as sent, and its answer written down. */
  readonly send: number
  /** A worker looks whether anything is due, lost or expired. */
  readonly look: number
  /** How many go before the last one. */
  readonly place: number
  /** A page of 25 as people see it, with what is expected when. */
  readonly page: number
  readonly summary: number
  /** The last ticket of all is searched for. */
  readonly search: number
  /** Of the whole process. */
  readonly megabytes: number
}

/** Answers at once, in memory: only the outbox is measured. */
const atOnce = HttpClient.make((request) => Effect.succeed(HttpClientResponse.fromWeb(request, new Response("{}"))))

const outbox = (limiter: Layer.Layer<RateLimiter.RateLimiter>, client: HttpClient.HttpClient) =>
  Outbox.layer([SuiteOp], { drain: 0 }).pipe(
    Layer.provide(Layer.effect(SuiteOp.Client, Pipeline.make(SuiteOp.provider, { apiKey: Redacted.make("key") }))),
    Layer.provide(limiter),
    Layer.provide(Layer.succeed(HttpClient.HttpClient, client))
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

export const throughput = (store: Store, count: number): Effect.Effect<Throughput, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const within = <A, E, R>(effect: Effect.Effect<A, E, R>, layer: Layer.Layer<Outbox.Outbox, unknown>) =>
      Effect.provide(effect, Layer.fresh(layer), { local: true }) as Effect.Effect<A, unknown>
    const sends = Effect.replicateEffect(Outbox.send(SuiteOp.provider, request), count, { concurrency: 8 })
    const awaiting = (tickets: ReadonlyArray<Outbox.Ticket>) =>
      Effect.forEach(tickets, Outbox.await, { concurrency: "unbounded", discard: true })
    const perSecond = (took: number) => Math.round((count / took) * 1000)
    const one = yield* store.fresh
    const sender = Outbox.layerSender().pipe(Layer.provide(RateLimiter.layerUnlimited), Layer.provide(one.layer))
    const [stored, tickets] = yield* within(millis(sends), sender)
    const worker = outbox(RateLimiter.layerUnlimited, atOnce)
    const [drained] = yield* within(millis(awaiting(tickets)), worker.pipe(Layer.provide(one.layer)))
    const other = yield* store.fresh
    const [both] = yield* within(millis(Effect.flatMap(sends, awaiting)), worker.pipe(Layer.provide(other.layer)))
    return { stored: perSecond(stored), drained: perSecond(drained), both: perSecond(both) }
  })

const owning = { worker: "w", until: 1e15, now: 0 }

export const times = (store: Store, waiting: number): Effect.Effect<Times, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const { fill, layer } = yield* store.fresh
    const work = Effect.gen(function* () {
      const { begin, end, get, insert, nextAt, standings, take, tend } = yield* OutboxStore.OutboxStore
      yield* fill(waiting)
      const stored = yield* each(100, (i) => insert(fresh(`send ${i}`, 1), 0))
      const send = yield* each(100, () =>
        Effect.gen(function* () {
          for (const { id } of yield* take({ provider: "suiteop", route: "bench" }, { ...owning, limit: 1 })) {
            yield* begin(id, owning)
            yield* end(id, "w", { _tag: "Done", answer: { status: 200, headers: {}, body: "" } }, 0)
          }
        })
      )
      const look = yield* each(100, () => Effect.andThen(tend("w", 0), nextAt("w")))
      const last = yield* get(`waiting ${waiting}`)
      const place = yield* each(100, () => standings([last]))
      return { waiting, store: stored, send, look, place }
    })
    const looking = Effect.gen(function* () {
      const page = yield* each(21, () => OutboxView.page())
      const summary = yield* each(21, () => Outbox.summary)
      const search = yield* each(5, () => OutboxView.page({ search: `waiting ${waiting}` }))
      return { page, summary, search }
    })
    // Its calls are never answered, so that what waits goes on waiting.
    const silent = HttpClient.make(() => Effect.never)
    const worked = yield* Effect.provide(work, Layer.fresh(layer), { local: true })
    const looked = yield* Effect.provide(
      looking,
      Layer.fresh(outbox(RateLimiter.layer, silent).pipe(Layer.provide(layer))),
      { local: true }
    )
    return { ...worked, ...looked, megabytes: Math.round(process.memoryUsage().rss / 1e6) }
  })
