/** What may befall workers that share a key, and their Redis. */
import { Duration, Effect, Schedule } from "effect"
import type { Fault } from "./Fault.ts"
import { each, type Fleet, setting, until } from "./Fleet.ts"
import * as Proxy from "./Proxy.ts"
import * as RedisProcess from "./RedisProcess.ts"

const bound = setting.store.lease + setting.store.abandonment + setting.windowMillis

/** At once, but a machine may be slow. */
const soon = "15 seconds"

/** A window that is longer than it takes to lose the books and to ask anew. */
const remembering = { windowMillis: 1500 }

/** Redis is away for a moment, as long as a window: what was sent before it is no longer in anybody's way. */
const away = Effect.sleep("700 millis")

/** Workers count each other once they have been there for a while. */
const established = Effect.sleep("7 seconds")

export const faults: ReadonlyArray<Fault> = [
  {
    name: "none",
    recoversWithin: soon,
    befall: () => Effect.sleep("2 seconds")
  },
  {
    name: "worker killed with half the quota in flight",
    setting: { store: { lease: 3000, abandonment: 1000 } },
    recoversAfter: "1 second",
    recoversWithin: soon,
    befall: ({ members: [{ worker }], provider, setting }) =>
      Effect.gen(function* () {
        yield* provider.stall(worker.name)
        yield* until(() => provider.stalled() >= setting.limit / 2, "3 seconds")
        yield* worker.kill
      })
  },
  {
    name: "worker paused for longer than its leases",
    recoversWithin: soon,
    befall: ({ members: [{ worker }] }) =>
      worker.pause.pipe(Effect.andThen(Effect.sleep(bound)), Effect.andThen(worker.resume))
  },
  {
    name: "wall clocks of workers off by 7 minutes, either way",
    setting: { skews: [0, 420_000, -420_000], tells: true },
    recoversWithin: soon,
    befall: () => Effect.sleep("2 seconds")
  },
  {
    name: "one worker cut off from Redis, connections broken",
    recoversWithin: soon,
    befall: ({ members: [{ way }] }) =>
      way.cut.pipe(Effect.andThen(Effect.sleep("2 seconds")), Effect.andThen(way.mend))
  },
  {
    name: "one worker cut off from Redis, for longer than its leases, in silence",
    recoversWithin: soon,
    befall: ({ members: [{ way }] }) => way.hold.pipe(Effect.andThen(Effect.sleep(bound)), Effect.andThen(way.mend))
  },
  {
    name: "Redis 200 ms away",
    recoversWithin: soon,
    befall: (fleet) =>
      each(fleet, ({ way }) => way.delay(200)).pipe(
        Effect.andThen(Effect.sleep("3 seconds")),
        Effect.andThen(each(fleet, ({ way }) => way.delay(0)))
      )
  },
  {
    name: "Redis hangs",
    recoversWithin: soon,
    befall: ({ redis }) => redis.pause.pipe(Effect.andThen(Effect.sleep("1 second")), Effect.andThen(redis.resume))
  },
  {
    name: "Redis forgets scripts and functions",
    recoversWithin: soon,
    befall: ({ redis }) => redis.command("SCRIPT", "FLUSH").pipe(Effect.andThen(redis.command("FUNCTION", "FLUSH")))
  },
  {
    name: "Redis has no memory left",
    recoversWithin: soon,
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
    recoversWithin: soon,
    befall: ({ redis }) => redis.kill.pipe(Effect.andThen(away), Effect.andThen(redis.start))
  },
  {
    name: "Redis killed, started again without its data",
    setting: remembering,
    recoversWithin: Duration.millis(bound + 10_000),
    befall: (fleet) =>
      halfTheQuota(fleet).pipe(
        Effect.andThen(fleet.redis.kill),
        Effect.andThen(fleet.redis.wipe),
        Effect.andThen(fleet.redis.start)
      )
  },
  {
    name: "Redis loses its data and goes on (FLUSHALL)",
    setting: remembering,
    recoversWithin: Duration.millis(bound + 10_000),
    befall: (fleet) => Effect.andThen(halfTheQuota(fleet), fleet.redis.command("FLUSHALL"))
  },
  {
    name: "Redis away, calls fail",
    setting: { store: { ...setting.store, whenAway: "fail", awayDeadline: 500 } },
    recoversWithin: soon,
    failsMeanwhile: true,
    befall: ({ redis }) => redis.kill.pipe(Effect.andThen(Effect.sleep("2 seconds")), Effect.andThen(redis.start))
  },
  {
    name: "Redis away, each worker keeps its share",
    setting: { store: { ...setting.store, whenAway: "share" } },
    recoversWithin: Duration.millis(bound + 10_000),
    usesMeanwhile: 0.2,
    befall: ({ redis }) =>
      established.pipe(
        Effect.andThen(redis.kill),
        Effect.andThen(Effect.sleep("15 seconds")),
        Effect.andThen(redis.start)
      )
  },
  {
    name: "one worker cut off from Redis, which keeps its share",
    setting: { store: { ...setting.store, whenAway: "share" } },
    recoversWithin: "4 seconds",
    usesMeanwhile: 0.5,
    befall: ({ members: [{ way }] }) =>
      established.pipe(Effect.andThen(way.cut), Effect.andThen(Effect.sleep("15 seconds")), Effect.andThen(way.mend))
  },
  {
    name: "failover to a replica that has all of it",
    recoversWithin: Duration.millis(bound + 10_000),
    befall: (fleet) =>
      Effect.gen(function* () {
        const { replica } = yield* following(fleet.redis)
        yield* fleet.redis.command("WAIT", "1", "1000")
        yield* fleet.redis.kill
        yield* promoted(fleet, replica)
      })
  },
  {
    name: "failover to a replica that lacks the last writes",
    setting: remembering,
    recoversWithin: Duration.millis(bound + 10_000),
    befall: (fleet) =>
      Effect.gen(function* () {
        const { replica, way } = yield* following(fleet.redis)
        yield* way.cut
        yield* halfTheQuota(fleet)
        yield* fleet.redis.kill
        yield* promoted(fleet, replica)
      })
  }
]

/** Waits until half of it was sent just now, so that whoever forgets that sends too much. */
const halfTheQuota = ({ provider, setting: { limit, windowMillis } }: Fleet) => {
  const beganAt = performance.now()
  const isRecent = (atMillis: number) => atMillis > Math.max(beganAt, performance.now() - windowMillis / 3)
  return until(() => provider.arrivals.filter(({ atMillis }) => isRecent(atMillis)).length >= 0.5 * limit, "1 minute")
}

/** A replica that has caught up, and its way to the primary. */
const following = Effect.fnUntraced(function* (primary: RedisProcess.RedisProcess) {
  const replica = yield* RedisProcess.make
  yield* replica.start
  const way = yield* Proxy.make(primary.port)
  yield* replica.command("REPLICAOF", "127.0.0.1", String(way.port))
  yield* Effect.repeat(replica.command("INFO", "replication"), {
    until: (info) => String(info).includes("master_link_status:up"),
    schedule: Schedule.spaced("50 millis")
  }).pipe(Effect.timeout("1 minute"))
  return { replica, way }
})

/** The replica is in charge, and workers find their way to it. */
const promoted = Effect.fnUntraced(function* (fleet: Fleet, replica: RedisProcess.RedisProcess) {
  yield* replica.command("REPLICAOF", "NO", "ONE")
  yield* each(fleet, ({ way }) => way.leadTo(replica.port))
})
