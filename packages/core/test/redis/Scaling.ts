/** Many workers on one key: what they get of it, in which order, and what that costs Redis. */
import type { Claim } from "@sluice/core"
import { Call } from "@sluice/core/redis/Call"
import { Duration, Effect, Fiber, type Scope } from "effect"
import { createClient } from "redis"
import { drive, local, type Sent } from "./FleetTraffic.ts"
import * as VirtualFleet from "./VirtualFleet.ts"

export interface Setting {
  readonly name: string
  readonly claim: Claim.Claim
  readonly workers: number
  /** At each worker. */
  readonly callers: number
  readonly untilMillis: number
  readonly roundTripMillis: number
}

export interface Result {
  readonly name: string
  readonly workers: number
  readonly requests: number
  /** What one limiter in memory takes for as many requests, as a part of what they took. */
  readonly share: number
  readonly callsPerSecond: number
  readonly callsPerRequest: number
  /** How much later than in the order of arrival they went: the worst of a hundred, and the worst. */
  readonly lateMillis: { readonly p99: number; readonly most: number }
  readonly longestWaitMillis: number
  /** What Redis's process took of a processor for a call, all in all. */
  readonly cpuMicrosPerCall: number
  readonly publishedPerRequest: number
  /** Of the key's books, and of all who are in flight and wait, at most. */
  readonly bytes: number
  readonly longestLine: number
}

/** How far it is, from 0 to 1. */
export type Watch = (done: number) => void

export const measure = (
  url: string,
  setting: Setting,
  watch: Watch = () => {}
): Effect.Effect<Result, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { callers, claim, name, roundTripMillis, untilMillis, workers } = setting
    const prefix = `scaling:${process.pid}:${name}`
    const client = yield* Effect.acquireRelease(
      Effect.promise(() => createClient({ url }).connect()),
      (client) => Effect.promise(() => client.close())
    )
    const load = { claim, callers, untilMillis }
    const alone = yield* VirtualFleet.connect(url, prefix, { roundTripMillis })
    const best = yield* Effect.flatten(
      alone.run(
        Effect.flatMap(local(alone), (limiter) => drive(alone, [limiter], { ...load, callers: workers * callers }))
      )
    )
    const fleet = yield* VirtualFleet.connect(url, prefix, { roundTripMillis })
    const cpuSeconds = Effect.promise(async () => {
      const info = await client.info("cpu")
      const [, system] = /used_cpu_sys:([\d.]+)/.exec(info) ?? []
      const [, user] = /used_cpu_user:([\d.]+)/.exec(info) ?? []
      return Number(system) + Number(user)
    })
    yield* Effect.promise(() => client.configResetStat())
    const cpuBefore = yield* cpuSeconds
    const { keys } = new Call({
      layout: { prefix, tagBy: "partition" },
      abandonMillis: 0,
      maxPauseMillis: undefined
    }).look(claim)
    const line = keys.at(-1) ?? ""
    let bytes = 0
    let longestLine = 0
    const { sent } = yield* Effect.flatten(
      fleet.run(
        Effect.gen(function* () {
          const limiters = yield* Effect.all(Array.from({ length: workers }, () => fleet.worker))
          const look = Effect.gen(function* () {
            yield* Effect.sleep(Duration.millis(untilMillis / 100))
            watch(fleet.now() / untilMillis)
            longestLine = Math.max(longestLine, yield* Effect.promise(() => client.zCard(line)))
            const sizes = yield* Effect.promise(() => Promise.all(keys.map((key) => client.memoryUsage(key))))
            bytes = Math.max(
              bytes,
              sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0)
            )
          })
          const looking = yield* Effect.forkChild(Effect.forever(look))
          const traffic = yield* drive(fleet, limiters, load)
          yield* Fiber.interrupt(looking)
          return traffic
        })
      )
    ).pipe(Effect.orDie)
    const cpu = (yield* cpuSeconds) - cpuBefore
    const { calls, published } = yield* Effect.promise(async () => {
      const stats = await client.info("commandstats")
      const [, count] = /cmdstat_fcall:calls=(\d+)/.exec(stats) ?? []
      const [, publishes] = /cmdstat_publish:calls=(\d+)/.exec(stats) ?? []
      return { calls: Number(count), published: Number(publishes ?? 0) - Number(count) }
    })
    yield* Effect.promise(() => client.del([...keys]))
    const late = lateness(sent)
    const last = Math.min(sent.length, best.sent.length) - 1
    return {
      name,
      workers,
      requests: sent.length,
      share: (best.sent[last]?.at ?? 0) / (sent[last]?.at ?? 0),
      callsPerSecond: (1000 * calls) / untilMillis,
      callsPerRequest: calls / sent.length,
      lateMillis: { p99: late[Math.floor(0.99 * (late.length - 1))] ?? 0, most: late.at(-1) ?? 0 },
      longestWaitMillis: Math.max(...sent.map(({ at, since }) => at - since)),
      cpuMicrosPerCall: (1e6 * cpu) / calls,
      publishedPerRequest: published / sent.length,
      bytes,
      longestLine
    }
  }).pipe(Effect.orDie)

/** How much later each went than it would have in the order of arrival, sorted. */
const lateness = (sent: ReadonlyArray<Sent>): ReadonlyArray<number> => {
  const turns = sent.map(({ at }) => at).toSorted((a, b) => a - b)
  return sent
    .toSorted((a, b) => a.since - b.since)
    .map(({ at }, i) => Math.max(0, at - (turns[i] ?? at)))
    .toSorted((a, b) => a - b)
}
