/** An outbox over Acme and a file in memory, in virtual time. */
import { RateLimiter, type Simulation } from "@sluice/core"
import { Outbox, OutboxStoreSqlite } from "@sluice/outbox"
import { type Scenario, Simulator } from "@sluice/simulator"
import { Effect, Layer } from "effect"
import * as Acme from "./Acme.ts"

export const scenario: Scenario.Input = { latency: { before: "20 millis", after: "20 millis" } }

export const options: Outbox.Options = { pollInterval: "1 hour", drain: 0 }

export const layer = (simulation: Simulation.Simulation, own: Outbox.Options = {}) =>
  Outbox.layer([Acme], { ...options, ...own }).pipe(
    Layer.provideMerge(OutboxStoreSqlite.layer({ filename: ":memory:" })),
    Layer.provide(Acme.layer),
    Layer.provideMerge(RateLimiter.layer),
    Layer.provideMerge(Simulator.layer(simulation, scenario))
  )

/** Runs to the end in virtual time, and gives what the effect gave. */
export const run = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Simulator.fastForward(effect), ({ exit }) => exit)

export const send = (request: Parameters<typeof Outbox.send>[1], options?: Outbox.SendOptions) =>
  Outbox.send(Acme.provider, request, options)
