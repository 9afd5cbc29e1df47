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

interface Made {
  readonly client: { readonly get: (path: string) => Effect.Effect<unknown, unknown> }
  /** Uses the whole limit up at one instant, so that all of it comes back at one. */
  readonly useUp: Effect.Effect<unknown, unknown>
}

export interface Subject {
  readonly id: string
  readonly title: string
  readonly make: (
    limit: number,
    windowMillis: number
  ) => Effect.Effect<Made, never, HttpClient.HttpClient | Scope.Scope>
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
const answer = () => {
  const headers = { date: new Date().toUTCString(), "content-type": "application/json", "content-length": "2" }
  return new Response("{}", { headers })
}

let web = answer()
let answered = 0
let onSend = () => {}
const stub = HttpClient.make((request) => {
  onSend()
  // A `Date` that stands still would tell of a clock that does.
  if (++answered % 256 === 0) web = answer()
  return Effect.succeed(HttpClientResponse.fromWeb(request, web))
})

export const measure = (subject: Subject, isQuick: boolean): Promise<Figures> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const { client } = yield* subject.make(1_000_000, 1000)
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

/** Everybody waits for one instant. */
const crowds = Effect.fnUntraced(function* (subject: Subject, count: number) {
  const { client, useUp } = yield* subject.make(crowd, crowdWindowMillis)
  const crowdNanos: Array<number> = []
  const smearMillis: Array<number> = []
  const sentAt: Array<number> = []
  const everybody = Effect.forEach(Array.from({ length: crowd }), () => client.get(path), {
    concurrency: "unbounded",
    discard: true
  })
  onSend = () => sentAt.push(performance.now())
  for (let i = 0; i < count; i++) {
    yield* Effect.sleep(2 * crowdWindowMillis + 10)
    yield* useUp
    sentAt.length = 0
    web = answer()
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
const partition = "own"

const sluice = <A extends Made["client"]>(
  make: Effect.Effect<A, never, HttpClient.HttpClient | SluiceLimiter.RateLimiter>,
  quota: Quota.Quota,
  origin: string
) =>
  Effect.gen(function* () {
    const limiter = yield* Layer.build(SluiceLimiter.layer)
    const all = Claim.make({ needs: [Claim.need(quota, { cost: quota.limit })], partition, origin })
    return {
      client: yield* Effect.provide(make, limiter),
      useUp: Effect.provide(SluiceLimiter.withPermit(Effect.void, all), limiter)
    }
  })

/** Every client puts the base URL in front and the key into the request. */
const placed = Effect.map(
  HttpClient.HttpClient,
  HttpClient.mapRequest((request) =>
    HttpClientRequest.bearerToken(HttpClientRequest.prependUrl(request, "https://own.example"), apiKey)
  )
)

/** Those who come within a window go together. */
const gathering = (client: HttpClient.HttpClient): HttpClient.HttpClient => {
  let waiting: Array<(go: Effect.Effect<void>) => void> = []
  const open = () => {
    const all = waiting
    waiting = []
    for (const resume of all) resume(Effect.void)
  }
  const turn = Effect.callback<void>((resume) => {
    if (waiting.push(resume) === 1) setTimeout(open, crowdWindowMillis)
  })
  return HttpClient.transform(client, (effect) => Effect.andThen(turn, effect))
}

export const subjects: ReadonlyArray<Subject> = [
  {
    id: "bare",
    title: "bare client; its crowd waits for one timer",
    make: (limit) =>
      Effect.map(placed, (client) => ({ client: limit === crowd ? gathering(client) : client, useUp: Effect.void }))
  },
  {
    id: "attio",
    title: "Sluice, Attio.make",
    make: (limit, window) => {
      const reads = Quota.fixed(limit, window, { name: "reads", phase: "clock" })
      return sluice(Attio.make({ apiKey, partition, quotas: { reads } }), reads, "attio")
    }
  },
  {
    id: "own",
    title: "Sluice, a provider with one quota",
    make: (limit, window) => {
      const quota = Quota.rolling(limit, window)
      return sluice(Pipeline.make(ownProvider(quota), { apiKey, partition }), quota, "own")
    }
  },
  {
    id: "effect",
    title: "Effect withRateLimiter",
    make: Effect.fnUntraced(function* (limit, window) {
      const built = yield* Layer.build(EffectLimiter.layer.pipe(Layer.provide(EffectLimiter.layerStoreMemory)))
      const limiter = yield* Effect.provide(EffectLimiter.RateLimiter, built)
      return {
        client: HttpClient.withRateLimiter(yield* placed, { limiter, limit, window, key: "key" }),
        useUp: limiter.consume({ limit, window, key: "key", tokens: limit, onExceeded: "delay" })
      }
    })
  }
]
