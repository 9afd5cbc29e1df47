/** Traffic for the tests of every provider, in virtual time, and what a server and its client saw of it. */
import { assert } from "@effect/vitest"
import type { Simulation } from "@sluice/core/Simulation"
import { Simulator } from "@sluice/simulator"
import { Clock, Context, Duration, Effect, Exit, Layer } from "effect"
import { HttpClient } from "effect/http"
import { TestClock } from "effect/testing"

type Scenario = Exclude<Parameters<typeof Simulator.layer>[1], undefined>

/** A network whose every way takes from 5 to 50 ms. */
export const latency = {
  before: { uniform: ["5 millis", "50 millis"] },
  after: { uniform: ["5 millis", "50 millis"] }
} as const

/** For how long a client is driven to its limits: `TRAFFIC="1 hour" npm test` takes minutes. */
export const lasting = (usual: Duration.Input): Duration.Duration =>
  Duration.fromInputUnsafe((process.env["TRAFFIC"] ?? usual) as Duration.Input)
/** How long such a test may take, in milliseconds. */
export const timeout = Math.max(90_000, Duration.toMillis(lasting(0)) / 4)

/** One request and its response, as the client's side of the wire sees them. */
export interface Exchange {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly sentAt: number
  readonly receivedAt: number
  readonly status: number
  readonly answer: Readonly<Record<string, string | undefined>>
}

/** What has gone over the wire so far. */
export class Wire extends Context.Service<Wire, Array<Exchange>>()("@sluice/providers/test/Wire") {}

/** No round second. */
const start = TestClock.setTime(Date.UTC(2026, 10, 22, 10, 17, 3, 250))

/** A simulated provider on such a network, from an ordinary instant on, with every exchange noted. */
export const server = (simulation: Simulation, scenario: Scenario = {}) =>
  Layer.effectContext(
    Effect.gen(function* () {
      const wire: Array<Exchange> = []
      const noted = HttpClient.transform(yield* HttpClient.HttpClient, (effect, { headers, method, url }) =>
        Effect.gen(function* () {
          const sentAt = yield* Clock.currentTimeMillis
          const response = yield* effect
          const receivedAt = yield* Clock.currentTimeMillis
          const path = new URL(url).pathname
          wire.push({ method, path, headers, sentAt, receivedAt, status: response.status, answer: response.headers })
          return response
        })
      )
      return Context.make(HttpClient.HttpClient, noted).pipe(Context.add(Wire, wire))
    })
  ).pipe(Layer.provideMerge(Layer.unwrap(Effect.as(start, Simulator.layer(simulation, { latency, ...scenario })))))

/** Runs to the end in virtual time, and gives the result or fails like the effect. */
export const run = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const { elapsed, exit, stats } = yield* Simulator.fastForward(effect)
    if (Exit.isFailure(exit)) return yield* Effect.failCause(exit.cause)
    return { value: exit.value, elapsedMillis: Duration.toMillis(elapsed), stats }
  })

/** Sends from so many fibers, each one request after the other, for so long; fails as soon as one request does. */
export const saturate = <A, E, R>(
  send: Effect.Effect<A, E, R>,
  fibers: number,
  during: Duration.Input = lasting("3 minutes")
) =>
  Effect.gen(function* () {
    const endsAt = (yield* Clock.currentTimeMillis) + Duration.toMillis(Duration.fromInputUnsafe(during))
    const one = Effect.andThen(send, Clock.currentTimeMillis)
    const inTurn = Effect.repeat(one, { until: (now) => now >= endsAt })
    yield* Effect.all(
      Array.from({ length: fibers }, () => inTurn),
      { concurrency: "unbounded", discard: true }
    )
  })

/** The least share of each quota that was used, by the server's own count. */
export const assertUsed = (
  {
    elapsedMillis,
    stats
  }: { readonly elapsedMillis: number; readonly stats: Simulator.Run<unknown, unknown>["stats"] },
  simulation: Simulation,
  shares: Readonly<Record<string, number>>
): void => {
  for (const [name, share] of Object.entries(shares)) {
    const { limit, windowMillis } = simulation.quotas[name] ?? { limit: NaN, windowMillis: NaN }
    const units = stats.quotas[simulation.id]?.[name]?.units ?? 0
    const used = (units * windowMillis) / (limit * elapsedMillis)
    if (process.env["TRAFFIC"]) console.log(simulation.id, name, units, elapsedMillis, used)
    assert.isAtLeast(used, share, `${name}: ${units} units in ${elapsedMillis} ms`)
  }
}

/** No exchange began before the wait was over that an earlier refusal told, of those which it concerned. */
export const assertWaited = (
  wire: ReadonlyArray<Exchange>,
  concerns = (_refused: Exchange, _later: Exchange) => true
) => {
  const refusals = wire.filter(({ status }) => status === 429)
  assert.isAbove(refusals.length, 0)
  for (const refused of refusals) {
    const until = refused.receivedAt + toldMillis(refused)
    for (const later of wire) {
      if (later.sentAt <= refused.receivedAt || !concerns(refused, later)) continue
      assert.isAtLeast(later.sentAt, until, `refused at ${refused.receivedAt}`)
    }
  }
}

const toldMillis = ({ answer }: Exchange): number => {
  const text = answer["retry-after"] ?? ""
  assert.notStrictEqual(text, "")
  return /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.parse(answer["date"] ?? "")
}

/** Waits that no client can keep to, or that say nothing. */
export const unusableWaits = ["0", "Sun, 22 Nov 2026 09:00:00 GMT", "1000000000", "soon", "-7", ""]

/** The provider that tells so to wait, whatever its limits are. */
export const telling = (simulation: Simulation, retryAfter: string): Simulation => ({
  ...simulation,
  refuse: (refused, request, context) => {
    const response = simulation.refuse(refused, request, context)
    return { ...response, headers: { ...response.headers, "Retry-After": retryAfter } }
  }
})

/** The client calls on through half an hour of refusals, seldom, and is back soon after it. */
export const assertOutlives = <E, R>(call: Effect.Effect<{ readonly status: number }, E, R>) =>
  Effect.gen(function* () {
    const wire = yield* Wire
    const patient = Effect.andThen(Effect.exit(call), Effect.sleep("10 seconds"))
    const { stats } = yield* run(saturate(patient, 5, "1 hour"))
    const first = wire[0]?.receivedAt ?? NaN
    const back = wire.find(({ status }) => status === 200)?.receivedAt ?? NaN
    assert.isAtLeast(stats.refusals, 15)
    assert.isAtMost(stats.refusals, 60)
    assert.isAtLeast(back, first + halfHourMillis - 1000)
    assert.isAtMost(back, first + halfHourMillis + 130_000)
  })
const halfHourMillis = 1_800_000
