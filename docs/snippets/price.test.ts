import { assert, it } from "@effect/vitest"
import { Claim, Quota, RateLimiter } from "@sluice/core"
import { FastForward } from "@sluice/simulator"
import { Clock, Effect } from "effect"
import { expect } from "vitest"

/** A quota with the latency of its calls, and the units in a second that its formula says. */
type Row = readonly [quota: Quota.Quota, latencyMillis: number, perSecond: number]

const cooling = ({ rateMargin, slackMillis, windowMillis }: Quota.Quota) =>
  Math.ceil(windowMillis * (1 + rateMargin)) + slackMillis
const perSlot = (quota: Quota.Quota, latencyMillis: number) => (1000 * quota.limit) / (cooling(quota) + latencyMillis)

const rolling = (limit: number, window: "1 second" | "1 minute", latencyMillis: number): Row => {
  const quota = Quota.rolling(limit, window)
  return [quota, latencyMillis, perSlot(quota, latencyMillis)]
}
const sliding = (limit: number, latencyMillis: number): Row => {
  const quota = Quota.slidingCounter(limit, "1 second")
  return [quota, latencyMillis, (1 - 1 / limit) * perSlot(quota, latencyMillis)]
}
const bucket = (capacity: number, latencyMillis: number): Row => {
  const quota = Quota.tokenBucket({ capacity, refill: 10, every: "1 second" })
  return [quota, latencyMillis, Math.min(10 / 1.001, (1000 * capacity) / (latencyMillis + 100))]
}
const idle = (limit: number, latencyMillis: number): Row => {
  const quota = Quota.idleReset(limit, "1 second")
  return [quota, latencyMillis, perSlot(quota, latencyMillis)]
}
const concurrency = (limit: number, latencyMillis: number): Row => [
  Quota.concurrency(limit),
  latencyMillis,
  (1000 * limit) / latencyMillis
]

const rows: ReadonlyArray<Row> = [
  rolling(20, "1 second", 50),
  rolling(20, "1 second", 200),
  rolling(600, "1 minute", 50),
  sliding(20, 50),
  sliding(100, 50),
  bucket(20, 50),
  bucket(2, 400),
  idle(20, 50),
  concurrency(5, 50)
]

/** Units in a second, once the first batches have gone: the very first finds every slot empty. */
const measured = (quota: Quota.Quota, latencyMillis: number) =>
  Effect.gen(function* () {
    const calls = quota.limit * 20
    const startedAt: Array<number> = []
    const call = Effect.andThen(
      Effect.flatMap(Clock.currentTimeMillis, (now) => Effect.sync(() => startedAt.push(now))),
      Effect.sleep(latencyMillis)
    )
    const all = Effect.replicateEffect(RateLimiter.withPermit(call, Claim.of(quota)), calls, {
      concurrency: "unbounded",
      discard: true
    })
    yield* FastForward.run(Effect.provide(all, RateLimiter.layer))
    const from = quota.limit * 5
    const to = calls - quota.limit
    return (1000 * (to - from)) / ((startedAt[to] ?? NaN) - (startedAt[from] ?? NaN))
  })

it.effect("every kind reaches the price that docs/receipt-rule.md states", () =>
  Effect.gen(function* () {
    const lines = yield* Effect.forEach(rows, ([quota, latencyMillis, perSecond]) =>
      Effect.map(measured(quota, latencyMillis), (seen) => {
        assert.closeTo(seen / perSecond, 1, 0.01, quota.kind)
        const title = `${quota.kind} ${quota.name}`.padEnd(34)
        const latency = `${latencyMillis} ms`.padStart(7)
        return `${title} ${latency} ${perSecond.toFixed(2).padStart(9)} ${seen.toFixed(2).padStart(9)}`
      })
    )
    const head = `${"quota".padEnd(34)} latency   formula  measured`
    yield* Effect.promise(() => expect(`${[head, ...lines].join("\n")}\n`).toMatchFileSnapshot("out/price.txt"))
  })
)
