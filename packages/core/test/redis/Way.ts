/** The two ways to run the script, loaded once: what `Library` chooses between is said by the test. */
import { libraryOf, script } from "@sluice/core/redis/lua/Script"
import type { Call } from "@sluice/core/redis/Call"
import { Effect } from "effect"
import { Redis } from "effect/persistence"

export const ways = ["FCALL", "EVALSHA"] as const
export type Way = (typeof ways)[number]

/** Gives what runs a call, and keeps the order of those that are made at once. */
export const loaded = Effect.fnUntraced(function* (way: Way) {
  const redis = yield* Redis.Redis
  const name =
    way === "EVALSHA"
      ? yield* redis.send<string>("SCRIPT", "LOAD", script)
      : yield* redis.send<string>("FUNCTION", "LOAD", "REPLACE", libraryOf("sluice_tested"))
  return ({ args, keys }: Call) => redis.send<ReadonlyArray<string>>(way, name, String(keys.length), ...keys, ...args)
})
