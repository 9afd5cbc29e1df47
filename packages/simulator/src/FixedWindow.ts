/** A counter that starts anew each window. */
import type { Algorithm } from "./Counter.ts"

/** Where windows begin: at `phaseMillis` and its multiples, or at the first request after the last window ended (a TTL). */
export type Start = number | "firstRequest"

export const make = (windowMillis: number, start: Start): Algorithm => {
  let openedAt = -Infinity
  let used = 0

  const roll = (now: number) => {
    if (start === "firstRequest") {
      if (now >= openedAt + windowMillis) open(-Infinity)
    } else {
      const opening = Math.floor((now - start) / windowMillis) * windowMillis + start
      if (opening !== openedAt) open(opening)
    }
  }
  const open = (at: number) => {
    openedAt = at
    used = 0
  }

  return {
    read(now, cost, limit) {
      roll(now)
      const fits = used + cost <= limit
      const endsAt = openedAt === -Infinity ? now : openedAt + windowMillis
      return {
        fits,
        remaining: Math.max(0, limit - used),
        resetAtMillis: endsAt,
        retryAtMillis: fits ? now : cost > limit ? Infinity : endsAt
      }
    },
    count(now, cost) {
      roll(now)
      if (openedAt === -Infinity) openedAt = now
      used += cost
    },
    put(now, put) {
      roll(now)
      put(start === "firstRequest" ? -1 : (now - start) % windowMillis)
      put(openedAt - now)
      put(used)
    }
  }
}
