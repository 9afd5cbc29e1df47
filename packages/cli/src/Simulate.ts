/** Serves simulated providers over HTTP until it is interrupted. */
import type { Simulation } from "@sluice/core/Simulation"
import { Latency, Scenario, Simulator } from "@sluice/simulator"
import { Console, Duration, Effect, Option } from "effect"
import * as Catalogue from "./Catalogue.ts"

export interface Options {
  readonly providers: ReadonlyArray<string>
  readonly port: number
  readonly speed: number
  readonly seed: number
  readonly before: Latency.Input
  readonly after: Latency.Input
  readonly isJson: boolean
}

/** Prints each base URL with a line to try it, and never ends by itself. */
export const run = Effect.fnUntraced(function* (options: Options) {
  const entries = yield* Catalogue.load(options.providers)
  const scenario = {
    seed: options.seed,
    speed: options.speed,
    latency: { before: options.before, after: options.after }
  }
  yield* Effect.catch(Effect.try({ try: () => Scenario.make(scenario), catch: (error) => error as Error }), (error) =>
    Catalogue.fail(error.message, error)
  )
  const served = yield* Effect.catch(
    Simulator.serve(
      entries.map(({ simulation }) => simulation),
      scenario,
      { port: options.port }
    ),
    (error) => Catalogue.fail(`Port ${options.port} of 127.0.0.1 cannot be served: ${reasonOf(error.cause)}.`, error)
  )
  const urls = entries.map(({ id, module, simulation }) => {
    const url = served.urls[id] ?? served.url
    return { id, url, curl: curlOf(url, module.provider.authorization, simulation) }
  })
  yield* options.isJson
    ? Console.log(JSON.stringify({ url: served.url, speed: options.speed, seed: options.seed, providers: urls }))
    : Console.log(
        [
          ...urls.flatMap(({ curl, id, url }) => [id, `  ${url}`, `  ${curl}`, ""]),
          `${options.speed === 1 ? "" : `Windows pass ${options.speed} times faster than life. `}Counts: ${new URL("/__stats", served.url).href}`,
          "Ctrl-C ends it."
        ].join("\n")
      )
  return yield* Effect.never
}, Effect.scoped)

/** One request that works, by the simulation's first route that can be read. */
const curlOf = (url: string, authorization: string, { routes }: Simulation): string => {
  const route = routes.find(({ method, path }) => method === "GET" && !path.includes(":")) ?? routes[0]
  const method = route === undefined || route.method === "GET" ? "" : ` -X ${route.method}`
  return `curl -i${method} -H 'Authorization: ${authorization} demo' ${url}${route?.path ?? "/"}`
}

const reasonOf = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause))

/** A latency as it is written on the command line: `20ms`, or `5ms..50ms` for every millisecond in between. */
export const latencyFromText = (text: string): Option.Option<Latency.Input> => {
  const ends = text.split("..").map(durationFromText)
  const [from, to] = ends
  if (ends.length > 2 || from === undefined || Option.isNone(from)) return Option.none()
  if (to === undefined) return Option.some(Latency.constant(from.value))
  return Option.map(
    Option.filter(to, (to) => Duration.isLessThanOrEqualTo(from.value, to)),
    (to) => Latency.uniform(from.value, to)
  )
}

const units = { ms: 1, s: 1000, min: 60_000 }

const durationFromText = (text: string): Option.Option<Duration.Duration> => {
  const [, amount, unit = "ms"] = /^(\d+(?:\.\d+)?)\s*(ms|s|min)?$/.exec(text.trim()) ?? []
  return amount === undefined
    ? Option.none()
    : Option.some(Duration.millis(Number(amount) * units[unit as keyof typeof units]))
}
