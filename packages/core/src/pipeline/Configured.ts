/** A client's layer whose options come from the configuration: a provider's `layerConfig`. */
import { Config, Effect, Layer } from "effect"

/** Options, any of which may be a `Config` instead of a value. */
export type Configured<O> = { readonly [K in keyof O]: O[K] | Config.Config<Exclude<O[K], undefined>> }

/** Builds the layer with every `Config` among its options read, once, when the layer is built. */
export const layerConfig = <O extends object, I, E, R>(
  layer: (options: O) => Layer.Layer<I, E, R>,
  options: Configured<NoInfer<O>>
): Layer.Layer<I, E | Config.ConfigError, R> => {
  const entries = Object.entries(options)
  const configs = Object.fromEntries(
    entries.filter((entry): entry is [string, Config.Config<unknown>] => Config.isConfig(entry[1]))
  )
  // Each `Config` gives what stands in its place.
  return Layer.unwrap(Effect.map(Config.all(configs), (read) => layer({ ...options, ...read } as O)))
}
