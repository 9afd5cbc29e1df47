/**
 * A limiter for those who watch it from afar: metrics for Prometheus and OTLP, and its events in the log.
 *
 * Nothing here is on unless it is asked for. Counters are plain numbers that are read when somebody looks, and all that is a
 * state is read from the books at that moment. Names, units and labels are in `docs/telemetry.md`.
 *
 * @example
 * ```ts
 * import { RateLimiter } from "@sluice/core"
 * import * as Telemetry from "@sluice/core/Telemetry"
 * import { Layer } from "effect"
 *
 * const limiter = Layer.mergeAll(Telemetry.layerMetrics(), Telemetry.layerEvents({ format: "logfmt" })).pipe(
 *   Layer.provideMerge(RateLimiter.layer)
 * )
 * ```
 */
import { Effect, Layer, Logger, Stream } from "effect"
import { RateLimiter } from "./RateLimiter.ts"
import { Collector } from "./telemetry/Collector.ts"
import { entryOf } from "./telemetry/LogEntry.ts"
import { Tallies } from "./telemetry/Tallies.ts"

/**
 * Metrics of a limiter in the context's registry, from now on: several limiters that write to one registry are summed up.
 *
 * `partitions` is how many partitions have a label of their own, the first that are met; the others are `other` together. By
 * default none has, as each costs a series of every metric. Throws `RangeError` if it is no whole number from 0.
 */
export const layerMetrics = (
  options: { readonly partitions?: number } = {}
): Layer.Layer<never, never, RateLimiter> => {
  const { partitions = 0 } = options
  if (!Number.isInteger(partitions) || partitions < 0) {
    throw new RangeError(`partitions takes a whole number, 0 or more, but was given ${partitions}.`)
  }
  return Layer.effectDiscard(
    Effect.gen(function* () {
      const limiter = yield* RateLimiter
      const collector = Collector.in(yield* Effect.context<never>())
      yield* Effect.acquireRelease(
        Effect.sync(() => collector.add(limiter, Tallies.of(limiter, partitions))),
        (remove) => Effect.sync(remove)
      )
    })
  )
}

/**
 * Each event of a limiter as an entry of the log, its fields as annotations: by the program's loggers, or as a line of
 * `logfmt` or `json` on the console. What a provider wrote into a refusal's body is not logged: see
 * `RateLimiter.layerLogRefusals`.
 */
export const layerEvents = (
  options: { readonly format?: "logfmt" | "json" } = {}
): Layer.Layer<never, never, RateLimiter> => {
  const logger = options.format && Logger.layer([options.format === "json" ? Logger.consoleJson : Logger.consoleLogFmt])
  const logged = RateLimiter.use(({ events }) =>
    events.pipe(
      Stream.runForEach((event) => {
        const { annotations, level, message } = entryOf(event)
        return Effect.annotateLogs(Effect.logWithLevel(level)(message), annotations)
      }),
      logger ? Effect.provide(logger) : (effect) => effect,
      Effect.forkScoped({ startImmediately: true })
    )
  )
  return Layer.effectDiscard(logged)
}
