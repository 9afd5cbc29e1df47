/** A bucket told by what is missing from it: the debt, which every request raises and time pays off. */
import type { Algorithm, Reading } from "./Counter.ts"

/** Pays `refill` units back in each window, evenly and to the millisecond: debt in units x (reduced) milliseconds. */
export const continuous = (windowMillis: number, refill: number): Algorithm => {
  const divisor = gcd(windowMillis, refill)
  const unit = windowMillis / divisor
  const perMillis = refill / divisor
  let debt = 0
  let paidAt = -Infinity

  const pay = (now: number) => {
    debt = Math.max(0, debt - (now - paidAt) * perMillis)
    paidAt = now
  }

  return {
    read(now, cost, limit) {
      pay(now)
      const excess = debt + cost * unit - limit * unit
      const after = (part: number) => now + Math.ceil(part / perMillis)
      return reading(
        now,
        cost,
        limit,
        excess <= 0,
        Math.floor((limit * unit - debt) / unit),
        after(debt),
        after(excess)
      )
    },
    count(now, cost) {
      pay(now)
      debt += cost * unit
    },
    put(now, put) {
      put(debt)
      put(paidAt - now)
    }
  }
}

/** Pays `step` units back at once, at instants that `phaseMillis` shifts and that come `refill / step` times a window. */
export const stepped = (windowMillis: number, refill: number, step: number, phaseMillis: number): Algorithm => {
  const shared = gcd(step, refill)
  const divisor = gcd(windowMillis, refill / shared)
  // One step each `millis / steps` milliseconds, as a fraction in lowest terms.
  const millis = (windowMillis / divisor) * (step / shared)
  const steps = refill / shared / divisor
  let debt = 0
  let paid = -Infinity

  const stepsBy = (now: number) => {
    const whole = Math.floor((now - phaseMillis) / millis)
    const rest = now - phaseMillis - whole * millis
    return whole * steps + Math.floor((rest * steps) / millis)
  }
  const instantOf = (count: number) => {
    const whole = Math.floor(count / steps)
    return phaseMillis + whole * millis + Math.ceil(((count - whole * steps) * millis) / steps)
  }
  const pay = (now: number) => {
    const due = stepsBy(now)
    debt = Math.max(0, debt - (due - paid) * step)
    paid = due
  }

  return {
    read(now, cost, limit) {
      pay(now)
      const excess = debt + cost - limit
      const after = (units: number) => (units <= 0 ? now : instantOf(paid + Math.ceil(units / step)))
      return reading(now, cost, limit, excess <= 0, limit - debt, after(debt), after(excess))
    },
    count(now, cost) {
      pay(now)
      debt += cost
    },
    put(now, put) {
      put((now - phaseMillis) % millis)
      put(debt)
      put(stepsBy(now) - paid)
    }
  }
}

const reading = (
  now: number,
  cost: number,
  limit: number,
  fits: boolean,
  remaining: number,
  resetAtMillis: number,
  retryAt: number
): Reading => ({
  fits,
  remaining: Math.max(0, remaining),
  resetAtMillis,
  retryAtMillis: fits ? now : cost > limit ? Infinity : retryAt
})

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b))
