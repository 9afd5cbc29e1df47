/**
 * What an uncontended `withPermit` costs, beside the bracket that any such combinator needs, in one run.
 *
 *     npm run bench:limiter
 *     npm run --silent bench:limiter -- --json
 */
import { cpus } from "node:os"
import * as Claim from "@sluice/core/Claim"
import * as Quota from "@sluice/core/Quota"
import * as RateLimiter from "@sluice/core/RateLimiter"
import { Effect } from "effect"

const rounds = 15
const callsPerRound = 20_000

const claim = (...windows: ReadonlyArray<string>) =>
  Claim.of(...windows.map((window) => Quota.rolling(1_000_000, window as "1 second")))

const subjects = {
  "acquireUseRelease of nothing": Effect.acquireUseRelease(
    Effect.void,
    () => Effect.void,
    () => Effect.void
  ),
  "withPermit, one quota": Effect.void.pipe(RateLimiter.withPermit(claim("1 second"))),
  "withPermit, three quotas": Effect.void.pipe(RateLimiter.withPermit(claim("1 second", "1 minute", "1 hour")))
}

const median = (numbers: ReadonlyArray<number>): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN

const round = (subject: Effect.Effect<void, unknown, RateLimiter.RateLimiter>) =>
  Effect.gen(function* () {
    // The processor's time, not the clock's: other programs on the machine do not count.
    const before = process.cpuUsage()
    for (let i = 0; i < callsPerRound; i++) yield* subject
    return (process.cpuUsage(before).user * 1000) / callsPerRound
  })

const measure = Effect.gen(function* () {
  const nanos = new Map(Object.keys(subjects).map((name) => [name, new Array<number>()]))
  for (let i = -3; i < rounds; i++) {
    for (const [name, subject] of Object.entries(subjects)) {
      const each = yield* round(subject)
      if (i >= 0) nanos.get(name)?.push(each)
    }
  }
  return Array.from(nanos, ([name, each]) => ({ name, nanosPerCall: Math.round(median(each)) }))
}).pipe(Effect.provide(RateLimiter.layer))

const rows = await Effect.runPromise(measure)
const floor = rows[0]?.nanosPerCall ?? Number.NaN

if (process.argv.includes("--json")) {
  console.log(JSON.stringify({ node: process.version, cpu: cpus()[0]?.model, rounds, callsPerRound, rows }))
} else {
  console.log(`Node ${process.version}, ${cpus()[0]?.model}; medians of ${rounds} rounds of ${callsPerRound}`)
  for (const { name, nanosPerCall } of rows) {
    const ratio = `${(nanosPerCall / floor).toFixed(1)} x`
    console.log(`${name.padEnd(32)} ${String(nanosPerCall).padStart(7)} ns ${ratio.padStart(8)}`)
  }
}
