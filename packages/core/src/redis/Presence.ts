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

/** What a worker is told of the others. */
export interface Present {
  /** Its part of each quota is the limit divided by so many: how many workers there are, or more where some live on larger parts. */
  readonly workers: number
  /** By how many each of the missing divides at least. */
  readonly missing: ReadonlyArray<number>
}

/**
 * Beside the set, a hash keeps by how many each worker divides: what it said that it knew, or was told, whichever is less, as the
 * answer may be lost. Workers that came after one was lost divide what that one left.
 */
const script = /* lua */ `
local now = tonumber(ARGV[4])
if not now then
  local time = redis.call("TIME")
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
redis.call("ZADD", KEYS[1], now, ARGV[1])
for _, dead in ipairs(redis.call("ZRANGEBYSCORE", KEYS[1], "-inf", now - ARGV[3])) do
  redis.call("ZREM", KEYS[1], dead)
  redis.call("HDEL", KEYS[2], dead)
end
local left, answer = 1, { 0 }
for i, missing in ipairs(redis.call("ZRANGEBYSCORE", KEYS[1], "-inf", now - ARGV[2])) do
  answer[i + 1] = tonumber(redis.call("HGET", KEYS[2], missing) or 1)
  left = left - 1 / answer[i + 1]
end
local present = redis.call("ZCARD", KEYS[1]) - #answer + 1
local workers = left > 1e-9 and math.ceil(present / left - 1e-9) or 1e9
answer[1] = workers
redis.call("HSET", KEYS[2], ARGV[1], math.min(workers, tonumber(ARGV[5])))
redis.call("PEXPIRE", KEYS[1], ARGV[3])
redis.call("PEXPIRE", KEYS[2], ARGV[3])
return answer
`

const keyOf = (prefix: string): string => `${prefix}:{workers}`

/** Says that a worker is there, and by how many it divides so far; `at` is for those who say themselves what time it is. */
export const announce = (
  prefix: string,
  worker: string,
  known: number,
  at?: () => number
): Effect.Effect<Present, Redis.RedisError, Redis.Redis> =>
  Redis.Redis.use((redis) =>
    redis.send<ReadonlyArray<number>>(
      "EVAL",
      script,
      "2",
      keyOf(prefix),
      `${keyOf(prefix)}:parts`,
      worker,
      String(missingMillis),
      String(deadMillis),
      at ? String(at()) : "",
      String(known)
    )
  ).pipe(Effect.map(([workers = 1, ...missing]) => ({ workers, missing })))

/** Says that it goes. */
export const leave = (prefix: string, worker: string): Effect.Effect<void, Redis.RedisError, Redis.Redis> =>
  Redis.Redis.use((redis) =>
    Effect.asVoid(
      Effect.all([redis.send("ZREM", keyOf(prefix), worker), redis.send("HDEL", `${keyOf(prefix)}:parts`, worker)])
    )
  )
