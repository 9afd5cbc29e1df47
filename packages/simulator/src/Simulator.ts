/**
 * Providers in place of the network: as an `HttpClient` in virtual time, or as a real server on 127.0.0.1.
 *
 * @example
 * ```ts
 * import { assert, it } from "@effect/vitest"
 * import { simulation } from "@sluice/providers/attio/simulation"
 * import { Simulator } from "@sluice/simulator"
 * import { Effect } from "effect"
 * import { HttpClient } from "effect/http"
 *
 * const program = HttpClient.get("https://api.attio.com/v2/self")
 *
 * it.effect("is not refused once", () =>
 *   Effect.gen(function* () {
 *     const { stats } = yield* Simulator.fastForward(program)
 *     assert.strictEqual(stats.refusals, 0)
 *   }).pipe(Effect.provide(Simulator.layer(simulation, { latency: { before: "20 millis" } })))
 * )
 * ```
 */
import type * as Simulation from "@sluice/core/Simulation"
import { Clock, Context, Effect, Layer, Option, type Scope } from "effect"
import { HttpClient, HttpClientError, type HttpClientRequest, HttpClientResponse, HttpServerRequest } from "effect/http"
import type { ServeError } from "effect/http/HttpServerError"
import { exchange } from "./Exchange.ts"
import * as FastForward from "./FastForward.ts"
import * as Reroute from "./Reroute.ts"
import * as Scenario from "./Scenario.ts"
import type { Served, ServeOptions } from "./Serve.ts"
import * as Server from "./Server.ts"
import * as Stats from "./Stats.ts"

/** What the running simulations saw. */
export class Simulator extends Context.Service<
  Simulator,
  {
    /** Of all simulations together. */
    readonly stats: Effect.Effect<Stats.Stats>
    /** Of one simulation; empty if there is none of that id. */
    readonly statsOf: (id: string) => Effect.Effect<Stats.Stats>
  }
>()("@sluice/simulator/Simulator") {}

/** A simulation, alone or with a scenario of its own. */
export type Entry =
  | Simulation.Simulation
  | { readonly simulation: Simulation.Simulation; readonly scenario?: Scenario.Input | undefined }

/**
 * Answers requests to the simulation's `baseUrl` in the time of the `Clock`; others fail with a `TransportError`.
 *
 * A request that is interrupted on its way to the server is never counted, unless the scenario says that such requests
 * are counted all the same; on its way back it stays counted.
 */
export const layer = (
  simulation: Simulation.Simulation,
  scenario?: Scenario.Input
): Layer.Layer<HttpClient.HttpClient | Simulator> => layerAll([{ simulation, scenario }])

/** Several providers behind one client, told apart by their `baseUrl`; `scenario` is for those without one of their own. */
export const layerAll = (
  entries: ReadonlyArray<Entry>,
  scenario?: Scenario.Input
): Layer.Layer<HttpClient.HttpClient | Simulator> => {
  const start = prepare(entries, scenario)
  return Layer.effectContext(
    Effect.map(Clock.currentTimeMillis, (now) => {
      const servers = start(now)
      return Context.make(HttpClient.HttpClient, client(servers)).pipe(Context.add(Simulator, service(servers)))
    })
  )
}

/**
 * Serves simulations over HTTP on 127.0.0.1 until the scope closes. `url` is what a client takes as its base URL.
 *
 * A single simulation answers at the root and under its id, several under their ids only. `GET /__stats` answers counts
 * and the timeline, with fingerprints in the place of keys.
 */
export const serve = (
  simulations: Entry | ReadonlyArray<Entry>,
  scenario?: Scenario.Input,
  options?: ServeOptions
): Effect.Effect<Served, ServeError, Scope.Scope> => {
  const start = prepare(isList(simulations) ? simulations : [simulations], scenario)
  return Effect.map(serving(start, options), ({ served }) => served)
}

export interface LayerServedOptions extends ServeOptions {
  /** Takes the address of each simulation at the start, and what they saw at the end; `Console.log` will do. Default nobody. */
  readonly report?: ((line: string) => Effect.Effect<void>) | undefined
}

/**
 * Serves simulations over HTTP on 127.0.0.1, for a program that is written against the real addresses: requests to a
 * simulation's `baseUrl` are sent to its server instead, by the `HttpClient` of the context. Others fail with a
 * `TransportError`, so that nothing leaves the machine.
 *
 * @example
 * ```ts
 * import { NodeHttpClient } from "@effect/platform-node"
 * import { RateLimiter } from "@sluice/core"
 * import { Attio } from "@sluice/providers/attio"
 * import { simulation } from "@sluice/providers/attio/simulation"
 * import { Simulator } from "@sluice/simulator"
 * import { Console, Layer, Redacted } from "effect"
 *
 * const AttioSimulated = Attio.layer({ apiKey: Redacted.make("simulated") }).pipe(
 *   Layer.provide(Simulator.layerServed(simulation, { latency: { before: "20 millis" } }, { report: Console.log })),
 *   Layer.provide([NodeHttpClient.layerUndici, RateLimiter.layer])
 * )
 * ```
 */
export const layerServed = (
  simulations: Entry | ReadonlyArray<Entry>,
  scenario?: Scenario.Input,
  options: LayerServedOptions = {}
): Layer.Layer<HttpClient.HttpClient | Simulator, ServeError, HttpClient.HttpClient> => {
  const start = prepare(isList(simulations) ? simulations : [simulations], scenario)
  return Layer.effectContext(
    Effect.gen(function* () {
      const base = yield* HttpClient.HttpClient
      const { served, servers } = yield* serving(start, options)
      if (options.report) yield* reporting(servers, served, options.report)
      return Context.make(HttpClient.HttpClient, Reroute.to(served.urls, servers, base)).pipe(
        Context.add(Simulator, service(servers))
      )
    })
  )
}

/** What became of an effect that was run to its end, how long it took in virtual time, and what the simulations saw. */
export interface Run<A, E> extends FastForward.Run<A, E> {
  /** Empty if no simulation is in the context. */
  readonly stats: Stats.Stats
}

/**
 * Runs an effect to its end under the `TestClock`, jumping from sleep to sleep; fails if that takes more than `atMost` of
 * virtual time (default 30 days).
 */
export const fastForward = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  options?: FastForward.Options
): Effect.Effect<Run<A, E>, FastForward.FastForwardError, R> =>
  Effect.gen(function* () {
    const run = yield* FastForward.run(effect, options)
    const simulator = yield* Effect.serviceOption(Simulator)
    return { ...run, stats: Option.isSome(simulator) ? yield* simulator.value.stats : Stats.empty }
  })

/** Checks everything at once; the servers begin to count at the instant that is given later. */
const prepare = (entries: ReadonlyArray<Entry>, common: Scenario.Input | undefined) => {
  const prepared = entries.map((entry) => {
    const simulation = "simulation" in entry ? entry.simulation : entry
    const own = "simulation" in entry ? entry.scenario : undefined
    const scenario = Scenario.make(own ?? common)
    Scenario.checkQuotas(scenario, simulation.quotas)
    return [simulation, scenario] as const
  })
  return (startMillis: number) =>
    prepared.map(([simulation, scenario]) => Server.make(simulation, scenario, startMillis))
}

const service = (servers: ReadonlyArray<Server.Server>): Simulator["Service"] => ({
  stats: Effect.sync(() => Stats.merge(servers.map((server) => server.stats()))),
  statsOf: (id) => Effect.sync(() => servers.find((server) => server.simulation.id === id)?.stats() ?? Stats.empty)
})

const serving = Effect.fnUntraced(function* (start: ReturnType<typeof prepare>, options?: ServeOptions) {
  // Loaded when it is used, so that programs without Node can import the layers.
  const { serve } = yield* Effect.promise(() => import("./Serve.ts"))
  const servers = start(yield* Clock.currentTimeMillis)
  return { servers, served: yield* serve(servers, options) }
})

const reporting = Effect.fnUntraced(function* (
  servers: ReadonlyArray<Server.Server>,
  served: Served,
  report: NonNullable<LayerServedOptions["report"]>
) {
  for (const { simulation } of servers) {
    yield* report(`${simulation.id} is simulated at ${servers.length === 1 ? served.url : served.urls[simulation.id]}`)
  }
  const startedAt = yield* Clock.currentTimeMillis
  yield* Effect.addFinalizer(() =>
    Effect.gen(function* () {
      const seconds = ((yield* Clock.currentTimeMillis) - startedAt) / 1000
      yield* report(`${Stats.summary(yield* served.stats)}, ${seconds.toFixed(1)} s`)
    })
  )
})

const client = (servers: ReadonlyArray<Server.Server>): HttpClient.HttpClient => {
  const find = Reroute.finder(servers)
  return HttpClient.make((request, url) =>
    Effect.flatMap(find(request, url), ({ path, server }) => send(server, request, path, url.searchParams))
  )
}

const send = Effect.fnUntraced(function* (
  server: Server.Server,
  request: HttpClientRequest.HttpClientRequest,
  path: string,
  query: URLSearchParams
) {
  const body = yield* bodyOf(request)
  const answer = yield* exchange(server, { method: request.method, path, query, headers: request.headers, body })
  const { status, headers } = answer
  return HttpClientResponse.fromWeb(request, new Response(hasBody(status) ? answer.body : null, { status, headers }))
})

const bodyOf = (request: HttpClientRequest.HttpClientRequest): Effect.Effect<string, HttpClientError.HttpClientError> =>
  request.body._tag === "Empty"
    ? Effect.succeed("")
    : Effect.mapError(
        HttpServerRequest.fromClientRequest(request).text,
        (cause) => new HttpClientError.HttpClientError({ reason: new HttpClientError.EncodeError({ request, cause }) })
      )

const hasBody = (status: number) => status !== 204 && status !== 205 && status !== 304

const isList = (value: Entry | ReadonlyArray<Entry>): value is ReadonlyArray<Entry> => Array.isArray(value)
