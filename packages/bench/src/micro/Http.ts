/** What a request costs over a client that answers at once, and how close together a crowd leaves that may go at one instant. */
import * as Claim from "@sluice/core/Claim"
import * as Pipeline from "@sluice/core/Pipeline"
import type { Provider } from "@sluice/core/Provider"
import * as Quota from "@sluice/core/Quota"
import type { RateLimited } from "@sluice/core/RateLimited"
import * as SluiceLimiter from "@sluice/core/RateLimiter"
import * as Signal from "@sluice/core/Signal"
import { Attio } from "@sluice/providers/attio"
import { Effect, Layer, Redacted, type Scope } from "effect"
import { HttpClient, HttpClientRequest, HttpClientResponse } from "effect/http"
import { RateLimiter as EffectLimiter } from "effect/persistence"
import * as Meter from "./Meter.ts"

interface Client {
  readonly get: (path: string) => Effect.Effect<unknown, unknown>
}

export interface Subject {
  readonly id: string
  readonly title: string
  readonly make: (
    limit: number,
    windowMillis: number
  ) => Effect.Effect<Client, never, HttpClient.HttpClient | Scope.Scope>
}

export interface Figures {
  readonly nanos: ReadonlyArray<number>
  readonly bytes: ReadonlyArray<number>
  /** Nanoseconds of the processor for each call of a crowd, from its turn to its end. */
  readonly crowdNanos: ReadonlyArray<number>
  /** Milliseconds from the first that leaves to the last, by the clock. */
  readonly smearMillis: ReadonlyArray<number>
}

const rounds = { warmUp: 8, timed: 15, weighed: 11, crowds: 15 }
const callsPerRound = 4000
const callsPerWeighing = 500
const crowd = 300
const crowdWindowMillis = 250

const path = "/v2/objects/people/records/00000002-0000-4000-8000-000000000007"
/** What is common on the wire. Nobody reads the body. */
const headers = { date: new Date().toUTCString(), "content-type": "application/json", "content-length": "2" }
const web = new Response("{}", { headers })

let onSend = () => {}
const stub = HttpClient.make((request) => {
  onSend()
  return Effect.succeed(HttpClientResponse.fromWeb(request, web))
})

export const measure = (subject: Subject, isQuick: boolean): Promise<Figures> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const client = yield* subject.make(1_000_000, 1000)
      const work = (calls: number) => () =>
        Effect.runPromise(
          Effect.gen(function* () {
            for (let i = 0; i < calls; i++) yield* client.get(path)
          })
        )
      const calls = isQuick ? 50 : callsPerRound
      const times = (count: number) => Array.from({ length: isQuick ? 1 : count })
      for (const _ of times(rounds.warmUp)) yield* Effect.promise(work(calls))
      const nanos: Array<number> = []
      for (const _ of times(rounds.timed)) nanos.push((yield* Effect.promise(() => Meter.nanos(work(calls)))) / calls)
      const bytes: Array<number> = []
      for (const _ of times(rounds.weighed)) {
        bytes.push((yield* Effect.promise(() => Meter.bytes(work(callsPerWeighing)))) / callsPerWeighing)
      }
      return { nanos, bytes, ...(yield* crowds(subject, isQuick ? 2 : rounds.crowds)) }
    }).pipe(Effect.provideService(HttpClient.HttpClient, stub), Effect.scoped, Effect.orDie)
  )

/** The first of them take what there is; the next wait for one instant. */
const crowds = Effect.fnUntraced(function* (subject: Subject, count: number) {
  const client = yield* subject.make(crowd, crowdWindowMillis)
  const crowdNanos: Array<number> = []
  const smearMillis: Array<number> = []
  const sentAt: Array<number> = []
  const everybody = Effect.forEach(Array.from({ length: crowd }), () => client.get(path), {
    concurrency: "unbounded",
    discard: true
  })
  onSend = () => sentAt.push(performance.now())
  yield* everybody
  for (let i = 0; i < count; i++) {
    sentAt.length = 0
    const fiber = yield* Effect.forkChild(everybody, { startImmediately: true })
    const before = process.cpuUsage()
    const exit = yield* Effect.exit(
      Effect.callback<void>((resume) => void fiber.addObserver(() => resume(Effect.void)))
    )
    const { system, user } = process.cpuUsage(before)
    if (exit._tag === "Failure" || sentAt.length !== crowd) return yield* Effect.die("everybody goes")
    crowdNanos.push(((user + system) * 1000) / crowd)
    smearMillis.push((sentAt.at(-1) ?? Number.NaN) - (sentAt[0] ?? Number.NaN))
  }
  onSend = () => {}
  return { crowdNanos, smearMillis }
})

/** A provider with one quota, whose answers say nothing. */
const ownProvider = (quota: Quota.Quota): Provider<RateLimited> => ({
  id: "own",
  docs: { url: "https://own.example", readOn: "2026-11-25" },
  baseUrl: "https://own.example",
  authorization: "Bearer",
  quotas: { quota },
  classify: () => [Claim.need(quota)],
  decode: () => ({ signal: Signal.none }),
  reads: "errors",
  repeatsRefused: () => true
})

const apiKey = Redacted.make("key")
const inLimiter = <A, R>(make: Effect.Effect<A, never, R | SluiceLimiter.RateLimiter>) =>
  Effect.flatMap(Layer.build(SluiceLimiter.layer), (limiter) => Effect.provideContext(make, limiter))

const placed = Effect.map(
  HttpClient.HttpClient,
  HttpClient.mapRequest(HttpClientRequest.prependUrl("https://own.example"))
)

/** Those who come within a fifth of a window go together. */
const gathering = (client: HttpClient.HttpClient): HttpClient.HttpClient => {
  let waiting: Array<(go: Effect.Effect<void>) => void> = []
  const open = () => {
    const all = waiting
    waiting = []
    for (const resume of all) resume(Effect.void)
  }
  const turn = Effect.callback<void>((resume) => {
    if (waiting.push(resume) === 1) setTimeout(open, crowdWindowMillis / 5)
  })
  return HttpClient.transform(client, (effect) => Effect.andThen(turn, effect))
}

export const subjects: ReadonlyArray<Subject> = [
  {
    id: "bare",
    title: "bare client; its crowd waits for one timer",
    make: (limit) => Effect.map(placed, (client): Client => (limit === crowd ? gathering(client) : client))
  },
  {
    id: "attio",
    title: "Sluice, Attio.make",
    make: (limit, window) =>
      inLimiter(Attio.make({ apiKey, quotas: { reads: Quota.fixed(limit, window, { phase: "clock" }) } }))
  },
  {
    id: "own",
    title: "Sluice, a provider with one quota",
    make: (limit, window) => inLimiter(Pipeline.make(ownProvider(Quota.rolling(limit, window)), { apiKey }))
  },
  {
    id: "effect",
    title: "Effect withRateLimiter",
    make: Effect.fnUntraced(function* (limit, window) {
      const built = yield* Layer.build(EffectLimiter.layer.pipe(Layer.provide(EffectLimiter.layerStoreMemory)))
      const limiter = yield* Effect.provideContext(EffectLimiter.RateLimiter, built)
      return HttpClient.withRateLimiter(yield* placed, { limiter, limit, window, key: "key" })
    })
  }
]
