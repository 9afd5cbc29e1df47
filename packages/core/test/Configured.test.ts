import { Pipeline } from "@sluice/core"
import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Context, Effect, Layer, Redacted } from "effect"

interface Options {
  readonly apiKey: Redacted.Redacted | Effect.Effect<Redacted.Redacted>
  readonly region?: "us" | "eu" | undefined
  readonly deadline?: number
}
class Built extends Context.Service<Built, Options>()("@sluice/core/test/Built") {}
const layer = (options: Options) => Layer.succeed(Built, options)
const environment = ConfigProvider.layer(ConfigProvider.fromUnknown({ KEY: "secret", REGION: "eu" }))

describe("layerConfig", () => {
  it.effect("reads each Config, and takes values as they are", () =>
    Effect.gen(function* () {
      const { apiKey, ...rest } = yield* Built
      assert.strictEqual(Redacted.isRedacted(apiKey) && Redacted.value(apiKey), "secret")
      assert.deepStrictEqual(rest, { region: "eu", deadline: 7 })
    }).pipe(
      Effect.provide(
        Pipeline.layerConfig(layer, {
          apiKey: Config.Redacted("KEY"),
          region: Config.Literals(["us", "eu"], "REGION"),
          deadline: 7
        })
      ),
      Effect.provide(environment)
    )
  )

  it.effect("takes an effect that gives the key for a value", () => {
    const apiKey = Effect.succeed(Redacted.make("rotating"))
    return Effect.gen(function* () {
      assert.strictEqual((yield* Built).apiKey, apiKey)
    }).pipe(Effect.provide(Pipeline.layerConfig(layer, { apiKey })))
  })

  it.effect("fails naming what is missing", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        Layer.build(Pipeline.layerConfig(layer, { apiKey: Config.Redacted("NOT_THERE") }))
      )
      assert.strictEqual(error._tag, "ConfigError")
      assert.include(error.message, "NOT_THERE")
    }).pipe(Effect.provide(environment))
  )
})
