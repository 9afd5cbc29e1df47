import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Exit, Layer } from "effect"
import { limiter } from "./workers.ts"

const built = (env: Readonly<Record<string, string>>) =>
  Effect.exit(Effect.scoped(Layer.build(limiter))).pipe(
    Effect.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(env)))
  )

describe("a limiter over Redis", () => {
  it.effect("says that it is not told where Redis is, or that nobody answers there", () =>
    Effect.gen(function* () {
      const [unset, nobody] = [yield* built({}), yield* built({ REDIS_URL: "redis://127.0.0.1:1" })]
      assert.match(String(Exit.isFailure(unset) && unset.cause), /REDIS_URL/)
      assert.match(String(Exit.isFailure(nobody) && nobody.cause), /RedisError|ECONNREFUSED/)
    })
  )
})
