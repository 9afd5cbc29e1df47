/** Every limiter of a run on one dashboard, on a free port of this machine; instants are the machine's, however fast a lane runs. */
import { createServer } from "node:http"
import { NodeHttpServer } from "@effect/platform-node"
import * as RateLimiter from "@sluice/core/RateLimiter"
import { Dashboard } from "@sluice/dashboard"
import { Clock, Context, DateTime, Effect, Layer, Option, PubSub, type Scope, Stream } from "effect"
import { HttpRouter, HttpServer } from "effect/http"

export interface Board {
  readonly url: string
  /** Shows the limiter of the context, whose clock runs so many times faster than the machine's. */
  readonly show: (speed: number) => Effect.Effect<void, never, RateLimiter.RateLimiter>
}

/** Served until the scope closes. */
export const make: Effect.Effect<Board, never, Scope.Scope> = Effect.gen(function* () {
  const shown: Array<Effect.Effect<ReadonlyArray<RateLimiter.QuotaStatus>>> = []
  const events = yield* PubSub.sliding<RateLimiter.LimiterEvent>(1024)
  const scope = yield* Effect.scope
  const status = Effect.suspend(() => Effect.map(Effect.all(shown), (each) => each.flat()))
  const all = Layer.effect(
    RateLimiter.RateLimiter,
    Effect.map(RateLimiter.RateLimiter, (none) => ({
      ...none,
      status: () => status,
      survey: () => Effect.map(status, (quotas) => ({ scope: "process", quotas })),
      events: Stream.fromPubSub(events)
    }))
  ).pipe(Layer.provide(Layer.fresh(RateLimiter.layer)))
  const server = HttpRouter.serve(Dashboard.routes(), { disableLogger: true, disableListenLog: true }).pipe(
    Layer.provide(all),
    Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
    Layer.orDie
  )
  const { address } = Context.get(yield* Layer.build(server), HttpServer.HttpServer)
  return {
    url: `${HttpServer.formatAddress(address)}/limits`,
    show: (speed) =>
      Effect.gen(function* () {
        const limiter = yield* RateLimiter.RateLimiter
        const clock = yield* Clock.Clock
        const dateOf = (at: DateTime.Utc) => inMachineTime(at, clock, speed)
        shown.push(Effect.map(limiter.status(), (quotas) => quotas.map((quota) => statusIn(quota, dateOf))))
        yield* limiter.events.pipe(
          Stream.runForEach((event) => PubSub.publish(events, eventIn(event, dateOf))),
          Effect.forkIn(scope, { startImmediately: true })
        )
      })
  }
})

type DateOf = (at: DateTime.Utc) => DateTime.Utc

const inMachineTime = (at: DateTime.Utc, clock: Clock.Clock, speed: number): DateTime.Utc =>
  DateTime.makeUnsafe(Date.now() + (DateTime.toEpochMillis(at) - clock.currentTimeMillisUnsafe()) / speed)

const statusIn = (status: RateLimiter.QuotaStatus, dateOf: DateOf): RateLimiter.QuotaStatus => ({
  ...status,
  closedUntil: Option.map(status.closedUntil, dateOf),
  nextAt: Option.map(status.nextAt, dateOf),
  waiting: status.waiting.map((group) => ({ ...group, since: dateOf(group.since) }))
})

const eventIn = (event: RateLimiter.LimiterEvent, dateOf: DateOf): RateLimiter.LimiterEvent => {
  switch (event._tag) {
    case "Refused":
      return { ...event, closedUntil: dateOf(event.closedUntil) }
    case "Paused":
      return { ...event, until: dateOf(event.until) }
    case "LongWait":
      return { ...event, expectedAt: dateOf(event.expectedAt) }
    default:
      return event
  }
}
