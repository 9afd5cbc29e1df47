/** bottleneck 2.19: https://github.com/SGrondin/bottleneck#readme, "Clustering" and "Reservoir Intervals" */
import Bottleneck from "bottleneck"
import { Effect } from "effect"
import { Redis } from "ioredis"
import { callFailed } from "../../peers/Promises.ts"
import type { Peer, Quota } from "../Peer.ts"

export const bottleneck: Peer = {
  id: "bottleneck",
  title: "bottleneck",
  setup:
    "datastore ioredis, one id, expiration on every job; a refreshed reservoir for windows that are multiples of 5 s, as it asks for when clustering, and minTime for others",
  make: Effect.fnUntraced(function* ({ name, redisUrl, ...quota }) {
    const { hostname, password, port, username } = new URL(redisUrl)
    const limiter = yield* Effect.acquireRelease(
      Effect.sync(
        () =>
          new Bottleneck({
            ...optionsOf(quota),
            id: name,
            datastore: "ioredis",
            Redis,
            clientOptions: { host: hostname, port: Number(port || 6379), username, password }
          })
      ),
      (limiter) => Effect.promise(() => limiter.disconnect(false))
    )
    const failures: Array<unknown> = []
    limiter.on("error", (error) => failures.push(error))
    yield* Effect.tryPromise({ try: () => limiter.ready(), catch: callFailed })
    const context = yield* Effect.context<never>()
    const run = Effect.runPromiseWith(context)
    return (send) =>
      Effect.tryPromise({
        try: () => limiter.schedule({ expiration: expirationMillis }, () => run(send)),
        catch: (error) => callFailed(failures.shift() ?? error)
      })
  })
}

/** Longer than any job here lasts: it is for those whose process is no more. */
const expirationMillis = 60_000

const optionsOf = ({ limit, windowMillis }: Quota): Bottleneck.ConstructorOptions =>
  windowMillis % 5000 === 0
    ? { reservoir: limit, reservoirRefreshAmount: limit, reservoirRefreshInterval: windowMillis }
    : { minTime: Math.ceil(windowMillis / limit) }
