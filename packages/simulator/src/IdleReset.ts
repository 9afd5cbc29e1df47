/** A counter whose expiry every counted request pushes out: `INCR` and `EXPIRE` each time. */
import type { Algorithm } from "./Counter.ts"

export const make = (windowMillis: number): Algorithm => {
  let used = 0
  let expiresAt = -Infinity

  const expire = (now: number) => {
    if (now >= expiresAt) used = 0
  }

  return {
    read(now, cost, limit) {
      expire(now)
      const fits = used + cost <= limit
      const resetAtMillis = Math.max(now, expiresAt)
      return {
        fits,
        remaining: Math.max(0, limit - used),
        resetAtMillis,
        retryAtMillis: fits ? now : cost > limit ? Infinity : resetAtMillis
      }
    },
    count(now, cost) {
      expire(now)
      used += cost
      expiresAt = now + windowMillis
    },
    put(now, put) {
      put(used)
      put(expiresAt - now)
    }
  }
}
