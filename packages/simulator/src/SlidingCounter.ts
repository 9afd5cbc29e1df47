/** Two buckets, the previous one weighted by the part of it that a rolling window would still hold. */
import type { Algorithm } from "./Counter.ts"
import type { Start } from "./FixedWindow.ts"

/** All in units x milliseconds, so that exact ties stay exact. */
export const make = (windowMillis: number, start: Start): Algorithm => {
  let openedAt = -Infinity
  let previous = 0
  let current = 0

  const roll = (now: number) => {
    const opening = openingOf(now)
    if (opening === openedAt) return
    previous = opening === openedAt + windowMillis ? current : 0
    current = 0
    openedAt = opening
  }
  const openingOf = (now: number) => {
    if (start !== "firstRequest") return Math.floor((now - start) / windowMillis) * windowMillis + start
    const windows = Math.floor((now - openedAt) / windowMillis)
    return windows <= 1 ? openedAt + windows * windowMillis : -Infinity
  }

  return {
    read(now, cost, limit) {
      roll(now)
      if (openedAt === -Infinity) {
        const fits = cost <= limit
        return { fits, remaining: limit, resetAtMillis: now, retryAtMillis: fits ? now : Infinity }
      }
      const left = windowMillis - (now - openedAt)
      const used = previous * left + current * windowMillis
      const fits = used + cost * windowMillis <= limit * windowMillis
      return {
        fits,
        remaining: Math.max(0, Math.floor((limit * windowMillis - used) / windowMillis)),
        resetAtMillis: openedAt + windowMillis,
        retryAtMillis: fits ? now : cost > limit ? Infinity : retryAt(limit - cost)
      }
    },
    count(now, cost) {
      roll(now)
      if (openedAt === -Infinity) openedAt = now
      current += cost
    },
    put(now, put) {
      put(start === "firstRequest" ? -1 : (now - start) % windowMillis)
      put(openedAt - now)
      put(previous)
      put(current)
    }
  }

  // Waits in this window until the previous bucket weighs little enough, or in the next one for the current bucket.
  function retryAt(room: number) {
    return room >= current
      ? openedAt + lightAfter(previous, room - current)
      : openedAt + windowMillis + lightAfter(current, room)
  }
  function lightAfter(bucket: number, room: number) {
    return windowMillis - Math.min(windowMillis, Math.floor((room * windowMillis) / bucket))
  }
}
