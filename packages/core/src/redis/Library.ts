/**
 * How the script is called: as a function library where the server has functions, as it then keeps what it has built between calls;
 * by `EVALSHA` where it has none (Redis 6) or does not allow them.
 *
 * Both are one text. Its hash is in the library's name, so that versions live side by side and none replaces another's. What a
 * server does not know, or not any more (a restart, a failover, a flush), it is given again.
 *
 * On a cluster, a library is of the node that it was loaded on, and `FUNCTION LOAD` goes to any of them. Whoever has loaded
 * it on each node calls it there; otherwise a node that still does not know it is called by `EVALSHA`, and `EVAL` goes by the keys.
 */
import { Effect } from "effect"
import { Redis } from "effect/persistence"
import { libraryOf, script } from "./lua/Script.ts"

type Lines = ReadonlyArray<string>
type Connection = Redis.Redis["Service"]

/** Those whose server has no functions for us. */
const withoutFunctions = new WeakSet<Connection>()

/** Runs the script over the keys, and gives the lines of its answer. */
export const call = (keys: Lines, args: Lines): Effect.Effect<Lines, Redis.RedisError, Redis.Redis> =>
  Effect.gen(function* () {
    const redis = yield* Redis.Redis
    const hash = yield* scriptHash
    const given = [String(keys.length), ...keys, ...args]
    const evaluated = redis.send<Lines>("EVALSHA", hash, ...given).pipe(
      // SCRIPT LOAD may go to another node than the keys.
      Effect.catchIf(says("NOSCRIPT"), () => redis.send<Lines>("EVAL", script, ...given))
    )
    if (withoutFunctions.has(redis)) return yield* evaluated
    const name = `sluice_${hash}`
    const called = redis.send<Lines>("FCALL", name, ...given)
    return yield* called.pipe(
      Effect.catchIf(says("Function not found"), () => Effect.andThen(load(redis, name), called)),
      Effect.catchIf(says("Function not found", "ERR unknown", "NOPERM"), () => {
        withoutFunctions.add(redis)
        return evaluated
      })
    )
  })

const load = (redis: Connection, name: string) =>
  redis.send("FUNCTION", "LOAD", libraryOf(name)).pipe(Effect.catchIf(says("already exists"), () => Effect.void))

let hashed: Promise<string> | undefined

/** SHA-1, by which Redis knows a script. */
export const scriptHash = Effect.promise(
  () =>
    (hashed ??= crypto.subtle
      .digest("SHA-1", new TextEncoder().encode(script))
      .then((hash) => Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("")))
)

const says =
  (...words: ReadonlyArray<string>) =>
  ({ cause }: Redis.RedisError): boolean =>
    words.some((word) => String(cause).includes(word))
