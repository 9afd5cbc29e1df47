/** A log of what was counted, from which units leave one by one when they are a window old. */
import type { Algorithm } from "./Counter.ts"

/**
 * Half-open: a unit counted at 0 has left at `windowMillis`. Closed, as `BETWEEN` and `ZCOUNT now-W` do it: it is still
 * there at `windowMillis` and has left one millisecond later.
 */
export const make = (windowMillis: number, isClosed: boolean): Algorithm => {
  const lifeMillis = windowMillis + (isClosed ? 1 : 0)
  // `sums[i]` is all that was ever counted up to and with entry i, so that "when have k units left" is a binary search.
  const stamps: Array<number> = []
  const sums: Array<number> = []
  let head = 0
  let gone = 0
  let total = 0

  const expire = (now: number) => {
    while (head < stamps.length && at(stamps, head) + lifeMillis <= now) gone = at(sums, head++)
    if (head > 1024 && head * 2 > stamps.length) {
      stamps.splice(0, head)
      sums.splice(0, head)
      head = 0
    }
  }
  const whenLeft = (units: number) => {
    let low = head
    let high = stamps.length - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (at(sums, middle) - gone >= units) high = middle
      else low = middle + 1
    }
    return at(stamps, low) + lifeMillis
  }

  return {
    read(now, cost, limit) {
      expire(now)
      const used = total - gone
      const excess = used + cost - limit
      return {
        fits: excess <= 0,
        remaining: Math.max(0, limit - used),
        resetAtMillis: head < stamps.length ? at(stamps, head) + lifeMillis : now,
        retryAtMillis: excess <= 0 ? now : cost > limit ? Infinity : whenLeft(excess)
      }
    },
    count(now, cost) {
      expire(now)
      total += cost
      if (head < stamps.length && at(stamps, stamps.length - 1) === now) sums[sums.length - 1] = total
      else {
        stamps.push(now)
        sums.push(total)
      }
    },
    put(now, put) {
      put(stamps.length - head)
      for (let i = head; i < stamps.length; i++) {
        put(at(stamps, i) - now)
        put(at(sums, i) - gone)
      }
    }
  }
}

const at = (numbers: ReadonlyArray<number>, index: number) => numbers[index] as number
