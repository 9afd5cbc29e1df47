/** So many at a time: each holds its place until its end is known and past, or until it is released. */
import type { Algorithm } from "./Counter.ts"

/** Whoever is released or ends keeps the place for `lagMillis` more, as servers do that release in a log phase. */
export const make = (lagMillis: number): Algorithm => {
  let running = 0
  // Ends in order; places whose end is not known yet are in `running` only.
  const ends: Array<{ readonly atMillis: number; readonly units: number }> = []

  const expire = (now: number) => {
    let passed = 0
    for (const end of ends) {
      if (end.atMillis > now) break
      running -= end.units
      passed++
    }
    ends.splice(0, passed)
  }
  const endAt = (atMillis: number, units: number) => {
    const later = ends.findIndex((end) => end.atMillis > atMillis)
    ends.splice(later === -1 ? ends.length : later, 0, { atMillis, units })
  }

  return {
    read(now, cost, limit) {
      expire(now)
      const excess = running + cost - limit
      return {
        fits: excess <= 0,
        remaining: Math.max(0, limit - running),
        resetAtMillis: Math.max(now, ends.at(-1)?.atMillis ?? now),
        retryAtMillis: excess <= 0 ? now : cost > limit ? Infinity : whenEnded(now, excess)
      }
    },
    count(now, cost, endsAtMillis) {
      expire(now)
      running += cost
      if (endsAtMillis !== undefined) endAt(endsAtMillis + lagMillis, cost)
    },
    release(now, cost) {
      endAt(now + lagMillis, cost)
    },
    put(now, put) {
      put(running)
      for (const end of ends) {
        put(end.atMillis - now)
        put(end.units)
      }
    }
  }

  // With ends unknown, the next millisecond is all that can be said: a lower bound.
  function whenEnded(now: number, excess: number) {
    let units = 0
    for (const end of ends) if ((units += end.units) >= excess) return end.atMillis
    return now + 1
  }
}
