/** limiter 4: https://github.com/jhurliman/node-rate-limiter#additional-notes */
import { RateLimiter, TokenBucket } from "limiter"
import type { Limit } from "../Policy.ts"
import * as Promises from "./Promises.ts"

export const limiter = Promises.peer({
  id: "limiter",
  title: "limiter",
  setup:
    "RateLimiter for one window; for two, as its notes advise, a TokenBucket whose parent is that of the longer one",
  schedule: (limits) => {
    const tokens = tokensOf(limits)
    return async (task) => {
      await tokens.removeTokens(1)
      return task()
    }
  }
})

const tokensOf = (limits: ReadonlyArray<Limit>): Pick<RateLimiter, "removeTokens"> => {
  const [first, ...others] = limits
  if (first === undefined) throw new RangeError("limiter: takes one limit or more, but was given none.")
  if (others.length === 0) {
    return new RateLimiter({ tokensPerInterval: first.limit, interval: first.machineMillis })
  }
  const bucket = ({ limit, machineMillis }: Limit, parentBucket?: TokenBucket) =>
    new TokenBucket({
      bucketSize: limit,
      tokensPerInterval: limit,
      interval: machineMillis,
      ...(parentBucket && { parentBucket })
    })
  return others.reduce((parent, limit) => bucket(limit, parent), bucket(first))
}
