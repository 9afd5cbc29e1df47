import { RateLimiterStore } from "@sluice/core"
import { Context, Effect, Layer } from "effect"
import { storeContract } from "./support/storeContract.ts"

storeContract(
  "memory",
  Effect.map(Layer.build(RateLimiterStore.layerMemory()), (context) => ({
    store: Context.get(context, RateLimiterStore.RateLimiterStore),
    isAt: () => {},
    settled: Effect.void
  }))
)
