import { Effect, Layer } from "effect"
import { make } from "@sluice/core/redis/make"
import { storeContract } from "../support/storeContract.ts"
import { describeRedis, layer } from "./RedisServer.ts"

let stores = 0

const subject = Effect.gen(function* () {
  let now = 0
  const made = yield* make({
    layout: { prefix: `contract:${stores++}`, tagBy: "partition" },
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

describeRedis("the contract", () => {
  storeContract(
    "Redis",
    Effect.flatMap(Effect.orDie(Layer.build(layer)), (context) => Effect.provideContext(subject, context))
  )
})
