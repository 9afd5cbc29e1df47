/** What may befall workers that share a key, and their Redis. */
import { Duration, Effect, Schedule } from "effect"
import type { Fault } from "./Fault.ts"
import { each, type Fleet, setting, until } from "./Fleet.ts"
import * as RedisProcess from "./RedisProcess.ts"

const bound = setting.store.lease + setting.store.abandonment + setting.windowMillis
const unseen = "to see that Redis lost what it had answered"
const aware = "to do as it is told while Redis is away"

/** Redis is away for a moment, as long as a window: what was sent before it is no longer in anybody's way. */
const away = Effect.sleep("700 millis")

export const faults: ReadonlyArray<Fault> = [
  {
    name: "none",
    recoversWithin: "1 second",
    befall: () => Effect.sleep("2 seconds")
  },
  {
    name: "worker killed with half the quota in flight",
    setting: { store: { lease: 2000, abandonment: 1000 } },
    recoversAfter: "1 second",
    recoversWithin: "4 seconds",
    befall: ({ members: [{ worker }], provider, setting }) =>
      Effect.gen(function* () {
        yield* provider.stall(worker.name)
        yield* until(() => provider.stalled() >= setting.limit / 2, "3 seconds")
        yield* worker.kill
      })
  },
  {
    name: "worker paused for longer than its leases",
    recoversWithin: "1 second",
    befall: ({ members: [{ worker }] }) =>
      worker.pause.pipe(Effect.andThen(Effect.sleep(bound)), Effect.andThen(worker.resume))
  },
  {
    name: "wall clocks of workers off by 7 minutes, either way",
    setting: { skews: [0, 420_000, -420_000] },
    recoversWithin: "1 second",
    befall: () => Effect.sleep("2 seconds")
  },
  {
    name: "one worker cut off from Redis, connections broken",
    recoversWithin: "2 seconds",
    befall: ({ members: [{ way }] }) =>
      way.cut.pipe(Effect.andThen(Effect.sleep("2 seconds")), Effect.andThen(way.mend))
  },
  {
    name: "one worker cut off from Redis, for longer than its leases, in silence",
    recoversWithin: "2 seconds",
    befall: ({ members: [{ way }] }) => way.hold.pipe(Effect.andThen(Effect.sleep(bound)), Effect.andThen(way.mend))
  },
  {
    name: "Redis 200 ms away",
    recoversWithin: "2 seconds",
    befall: (fleet) =>
      each(fleet, ({ way }) => way.delay(200)).pipe(
        Effect.andThen(Effect.sleep("3 seconds")),
        Effect.andThen(each(fleet, ({ way }) => way.delay(0)))
      )
  },
  {
    name: "Redis hangs",
    recoversWithin: "2 seconds",
    befall: ({ redis }) => redis.pause.pipe(Effect.andThen(Effect.sleep("1 second")), Effect.andThen(redis.resume))
  },
  {
    name: "Redis forgets scripts and functions",
    recoversWithin: "1 second",
    befall: ({ redis }) => redis.command("SCRIPT", "FLUSH").pipe(Effect.andThen(redis.command("FUNCTION", "FLUSH")))
  },
  {
    name: "Redis has no memory left",
    recoversWithin: "2 seconds",
    befall: ({ redis }) =>
      redis
        .command("CONFIG", "SET", "maxmemory-policy", "noeviction", "maxmemory", "1")
        .pipe(
          Effect.andThen(Effect.sleep("1 second")),
          Effect.andThen(redis.command("CONFIG", "SET", "maxmemory", "0"))
        )
  },
  {
    name: "Redis killed, started again with its data",
    recoversWithin: "4 seconds",
    befall: ({ redis }) => redis.kill.pipe(Effect.andThen(away), Effect.andThen(redis.start))
  },
  {
    name: "Redis killed, started again without its data",
    recoversWithin: Duration.millis(bound + 4000),
    waitsFor: unseen,
    befall: ({ redis }) => redis.kill.pipe(Effect.andThen(redis.wipe), Effect.andThen(redis.start))
  },
  {
    name: "Redis loses its data and goes on (FLUSHALL)",
    recoversWithin: Duration.millis(bound + 4000),
    waitsFor: unseen,
    befall: ({ redis }) => redis.command("FLUSHALL")
  },
  {
    name: "Redis away, calls fail",
    setting: { store: { ...setting.store, whenAway: "fail", awayDeadline: 500 } },
    recoversWithin: "4 seconds",
    failsMeanwhile: true,
    waitsFor: aware,
    befall: ({ redis }) => redis.kill.pipe(Effect.andThen(Effect.sleep("2 seconds")), Effect.andThen(redis.start))
  },
  {
    name: "Redis away, each worker keeps its share",
    setting: { store: { ...setting.store, whenAway: "share" } },
    recoversWithin: Duration.millis(bound + 4000),
    usesMeanwhile: 0.2,
    waitsFor: aware,
    befall: ({ redis }) => redis.kill.pipe(Effect.andThen(Effect.sleep("3 seconds")), Effect.andThen(redis.start))
  },
  {
    name: "failover to a replica that has all of it",
    recoversWithin: Duration.millis(bound + 4000),
    befall: (fleet) =>
      Effect.gen(function* () {
        const replica = yield* following(fleet.redis)
        yield* fleet.redis.command("WAIT", "1", "1000")
        yield* fleet.redis.kill
        yield* promoted(fleet, replica)
      })
  },
  {
    name: "failover to a replica that lacks the last writes",
    recoversWithin: Duration.millis(bound + 4000),
    waitsFor: unseen,
    befall: (fleet) =>
      Effect.gen(function* () {
        const replica = yield* following(fleet.redis)
        yield* replica.pause
        yield* Effect.sleep(fleet.setting.windowMillis)
        yield* fleet.redis.kill
        yield* replica.resume
        yield* promoted(fleet, replica)
      })
  }
]

/** A replica that has caught up. */
const following = Effect.fnUntraced(function* (primary: RedisProcess.RedisProcess) {
  const replica = yield* RedisProcess.make
  yield* replica.start
  yield* replica.command("REPLICAOF", "127.0.0.1", String(primary.port))
  yield* Effect.repeat(replica.command("INFO", "replication"), {
    until: (info) => String(info).includes("master_link_status:up"),
    schedule: Schedule.spaced("50 millis")
  }).pipe(Effect.timeout("10 seconds"))
  return replica
})

/** The replica is in charge, and workers find their way to it. */
const promoted = Effect.fnUntraced(function* (fleet: Fleet, replica: RedisProcess.RedisProcess) {
  yield* replica.command("REPLICAOF", "NO", "ONE")
  yield* each(fleet, ({ way }) => way.leadTo(replica.port))
})
