import { createServer } from "node:http"
import { NodeHttpServer } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { RateLimiter } from "@sluice/core"
import * as RateLimiterStoreRedis from "@sluice/core/RateLimiterStoreRedis"
import { Dashboard } from "@sluice/dashboard"
import { Limits } from "@sluice/page/Limits"
import { Context, Effect, Layer, Schema } from "effect"
import { HttpRouter } from "effect/http"
import { describeRedis, layer as layerRedis } from "../../core/test/redis/RedisServer.ts"
import * as Ask from "../../page/test/support/Ask.ts"
import * as Board from "./support/Board.ts"
import { call } from "./support/Traffic.ts"

const limiter = Layer.fresh(
  RateLimiter.layerStore().pipe(Layer.provide(Layer.fresh(RateLimiterStoreRedis.layer({ prefix: "board" }))))
)

describeRedis("Dashboard.routes over Redis", () => {
  layer(layerRedis, { excludeTestServices: true })((it) => {
    it.effect("shows the slots of all workers, and who waits at each of them", () =>
      Effect.gen(function* () {
        const here = yield* Layer.build(
          HttpRouter.serve(Dashboard.routes(), { disableLogger: true, disableListenLog: true }).pipe(
            Layer.provideMerge(limiter),
            Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" }))
          )
        )
        const other = Context.get(yield* Layer.build(limiter), RateLimiter.RateLimiter)
        const there = Effect.provideService(RateLimiter.RateLimiter, other)
        yield* Effect.provide(call(), here)
        yield* Effect.all([call(), call(), call(), call()], { concurrency: "unbounded" }).pipe(there)
        for (const tenant of ["ada", "ada", "bob"]) {
          yield* Effect.forkScoped(there(call().pipe(RateLimiter.tenant(tenant))))
        }
        // An end is told to Redis within a second.
        yield* Effect.sleep("1300 millis")
        const { text } = yield* Effect.flatMap(Effect.provide(Board.origin, here), (origin) =>
          Ask.ask(origin, "/limits/state")
        )
        const { quotas, scope } = yield* Schema.decodeUnknownEffect(Schema.fromJsonString(Limits))(text)
        assert.strictEqual(scope, "workers")
        const quota = quotas["acme|p|writes|"]
        assert.deepInclude(quota, { held: 0, cooling: 5, free: 0 })
        assert.deepStrictEqual(
          quota?.waiting.map(({ calls, tenant }) => [tenant, calls]),
          [
            ["ada", 2],
            ["bob", 1]
          ]
        )
      })
    )
  })
})
