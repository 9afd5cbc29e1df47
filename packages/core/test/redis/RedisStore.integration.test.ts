import { assert, layer as layerOf } from "@effect/vitest"
import { Claim, Quota, Signal } from "@sluice/core"
import { Effect, Layer } from "effect"
import { make } from "@sluice/core/redis/make"
import { storeContract } from "../support/storeContract.ts"
import { describeRedis, layer } from "./RedisServer.ts"

let stores = 0

const subjectAt = Effect.fnUntraced(function* (prefix: string) {
  let now = 0
  const made = yield* make({
    layout: { prefix, tagBy: "partition" },
    abandonMillis: 60_000,
    maxPauseMillis: undefined,
    stance: undefined,
    leaseMillis: 60_000,
    showMillis: 0,
    awayMillis: 30_000,
    shares: false,
    at: () => now,
    now: () => now
  })
  return {
    ...made,
    isAt: (millis: number) => {
      now = millis
    }
  }
})

const subject = Effect.suspend(() => subjectAt(`contract:${stores++}`))

describeRedis("a store that ends", () => {
  layerOf(layer, { excludeTestServices: true })((it) => {
    it.effect("tells what was under way when it forgot all that was idle", () =>
      Effect.gen(function* () {
        const claim = Claim.of(Quota.rolling(1, "1 minute", { slack: 0, rateMargin: 0 }))
        yield* Effect.scoped(
          Effect.gen(function* () {
            const { isAt, settled, store } = yield* subjectAt("ends")
            const permit = store.permit(claim)
            store.admit(permit, 0)
            yield* settled
            assert.strictEqual(store.admit(permit, 0)._tag, "Admitted")
            store.evict(0)
            isAt(10)
            store.settle(permit, "answered", 10, Signal.none)
          })
        )
        const { isAt, settled, store } = yield* subjectAt("ends")
        const next = store.permit(claim)
        isAt(60_010)
        store.admit(next, 60_010)
        yield* settled
        assert.strictEqual(store.admit(next, 60_010)._tag, "Admitted")
      })
    )
  })
})

describeRedis("the contract", () => {
  storeContract(
    "Redis",
    Effect.flatMap(Effect.orDie(Layer.build(layer)), (context) => Effect.provideContext(subject, context))
  )
})
