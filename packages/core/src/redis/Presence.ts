/**
 * Which workers there are: a sorted set of their names, by when each was heard of last.
 *
 * Kept only where workers are to divide the quotas while Redis is away: then they have to know how many they are, and
 * those who still have Redis have to leave their parts to those who do not.
 */
import { Effect } from "effect"
import { Redis } from "effect/persistence"

/** A worker says that it is there this often. */
export const everyMillis = 1000
/** Who was not heard of for so long is missing: it may have lost Redis, and live on its part. */
export const missingMillis = 2500
/** Who was not heard of for so long is dead. */
export const deadMillis = 600_000

/** The workers that are not dead, and those among them that are missing. */
export interface Present {
  readonly workers: number
  readonly missing: number
}

const script = /* lua */ `
local now = tonumber(ARGV[4])
if not now then
  local time = redis.call("TIME")
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
redis.call("ZADD", KEYS[1], now, ARGV[1])
redis.call("ZREMRANGEBYSCORE", KEYS[1], "-inf", now - ARGV[3])
redis.call("PEXPIRE", KEYS[1], ARGV[3])
return { redis.call("ZCARD", KEYS[1]), redis.call("ZCOUNT", KEYS[1], "-inf", now - ARGV[2]) }
`

const keyOf = (prefix: string): string => `${prefix}:{workers}`

/** Says that a worker is there; `at` is for those who say themselves what time it is. */
export const announce = (
  prefix: string,
  worker: string,
  at?: () => number
): Effect.Effect<Present, Redis.RedisError, Redis.Redis> =>
  Redis.Redis.use((redis) =>
    redis.send<readonly [number, number]>(
      "EVAL",
      script,
      "1",
      keyOf(prefix),
      worker,
      String(missingMillis),
      String(deadMillis),
      at ? String(at()) : ""
    )
  ).pipe(Effect.map(([workers, missing]) => ({ workers, missing })))

/** Says that it goes. */
export const leave = (prefix: string, worker: string): Effect.Effect<void, Redis.RedisError, Redis.Redis> =>
  Effect.asVoid(Redis.Redis.use((redis) => redis.send("ZREM", keyOf(prefix), worker)))
