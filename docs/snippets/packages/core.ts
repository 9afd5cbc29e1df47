/** The example of packages/core/README.md. */
// #region example
import { Claim, Quota, RateLimiter } from "@sluice/core"
import { Effect } from "effect"

const claim = Claim.of(Quota.rolling(10, "1 second"))

const work = Effect.forEach(
  Array.from({ length: 50 }, (_, i) => i),
  (i) => Effect.succeed(i).pipe(RateLimiter.withPermit(claim)),
  { concurrency: "unbounded" }
)

// #endregion
if (import.meta.main) {
  // #region example
  await Effect.runPromise(work.pipe(Effect.provide(RateLimiter.layer)))
  // #endregion
}

export { work }
