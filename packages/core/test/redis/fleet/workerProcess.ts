/** The process of a worker: keeps so many calls going to the provider, under one claim by books in Redis. A fleet starts it. */
import * as NodeRedis from "@effect/platform-node/NodeRedis"
import * as RateLimiter from "@sluice/core/RateLimiter"
import * as RateLimiterStoreRedis from "@sluice/core/RateLimiterStoreRedis"
import { Duration, Effect, Exit, Layer } from "effect"
import { call, claimOf } from "./Call.ts"
import type { Counts, Told, Work } from "./Worker.ts"

const { concurrency, name, provider, quota, redis, store } = JSON.parse(process.argv[2] ?? "{}") as Work

const counts = { sent: 0, refused: 0, failed: 0 } satisfies Counts
let isEnding = false
const tell = (told: Told) => void process.send?.(told)
const asked = (word: string) =>
  Effect.callback<void>((resume) => {
    const listen = (message: unknown) => {
      if (message !== word) return
      process.off("message", listen)
      resume(Effect.void)
    }
    process.on("message", listen)
  })

/** One call after the other until the limiter is gone. What fails otherwise, such as a store that is away, is tried anew. */
const loop = Effect.gen(function* () {
  const claim = claimOf(quota)
  while (true) {
    const exit = yield* Effect.exit(call(claim, provider, name))
    if (Exit.isSuccess(exit)) counts[exit.value.status === 429 ? "refused" : "sent"]++
    else if (isEnding) return
    else {
      counts.failed++
      yield* Effect.sleep(Duration.millis(20))
    }
  }
})

const limiter = RateLimiter.layerStore({ drain: "2 seconds" }).pipe(
  Layer.provide(RateLimiterStoreRedis.layer(store)),
  Layer.provide(NodeRedis.layer({ url: redis }))
)

const program = Effect.gen(function* () {
  tell({ says: "ready" })
  yield* asked("go")
  // Calls outlive the scope's end, which waits for the answers of what was sent.
  for (let i = 0; i < concurrency; i++) yield* Effect.forkDetach(loop)
  yield* asked("stop")
  isEnding = true
}).pipe(Effect.provide(limiter))

// Nobody is left to work for.
process.on("disconnect", () => process.exit())

Effect.runPromiseExit(program).then((exit) => {
  if (Exit.isFailure(exit)) console.error(`worker ${name}: ${String(exit.cause)}`)
  process.send?.({ says: "ended", counts } satisfies Told, () => process.exit(Exit.isSuccess(exit) ? 0 : 1))
})
