import { RateLimiterStore } from "@sluice/core"
import { storeContract } from "./support/storeContract.ts"

storeContract("memory", RateLimiterStore.layerMemory())
