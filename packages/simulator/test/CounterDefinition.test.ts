/** Each counter against the definition of its algorithm, told naively over all that was counted, on random schedules. */
import { assert, describe, it } from "@effect/vitest"
import * as Quota from "@sluice/core/Quota"
import { Counter, Seeded } from "@sluice/simulator"

type Counted = { readonly at: number; readonly cost: number; readonly until: number }
/** Whether `cost` fits at `now` beside what was counted, in the words of the algorithm's page. */
type Definition = (counted: ReadonlyArray<Counted>, now: number, cost: number, limit: number) => boolean

const sum = (counted: ReadonlyArray<Counted>, among: (entry: Counted) => boolean) =>
  counted.reduce((total, entry) => total + (among(entry) ? entry.cost : 0), 0)

const rolling =
  (W: number, tick: number, isClosed: boolean): Definition =>
  (counted, now, cost, limit) => {
    const age = (entry: Counted) => now - (now % tick) - (entry.at - (entry.at % tick))
    return sum(counted, (entry) => (isClosed ? age(entry) <= W : age(entry) < W)) + cost <= limit
  }

/** The number of the window that holds `t`. */
const windowOf = (t: number, W: number, phase: number) => Math.floor((t - phase) / W)

const fixed =
  (W: number, phase: number): Definition =>
  (counted, now, cost, limit) =>
    sum(counted, (entry) => windowOf(entry.at, W, phase) === windowOf(now, W, phase)) + cost <= limit

const fixedByFirst =
  (W: number): Definition =>
  (counted, now, cost, limit) => {
    let openedAt = -Infinity
    for (const { at } of counted) if (at >= openedAt + W) openedAt = at
    return sum(counted, (entry) => now < openedAt + W && entry.at >= openedAt) + cost <= limit
  }

const sliding =
  (W: number, phase: number): Definition =>
  (counted, now, cost, limit) => {
    const window = windowOf(now, W, phase)
    const elapsed = now - phase - window * W
    const previous = sum(counted, (entry) => windowOf(entry.at, W, phase) === window - 1)
    const current = sum(counted, (entry) => windowOf(entry.at, W, phase) === window)
    return previous * (W - elapsed) + (current + cost) * W <= limit * W
  }

/** For every span that ends now: what was taken in it is at most the capacity and what it gave back. */
const bucket =
  (givenBack: (from: number, to: number) => number): Definition =>
  (counted, now, cost, limit) =>
    counted.every(
      (first) => sum(counted, (entry) => entry.at >= first.at) + cost <= limit + givenBack(first.at, now)
    ) && cost <= limit

const continuous = (W: number, refill: number) => bucket((from, to) => ((to - from) * refill) / W)

const stepped = (W: number, refill: number, step: number, phase: number) =>
  bucket((from, to) => {
    let given = 0
    for (let k = 1; phase + (k * W * step) / refill <= to; k++)
      if (phase + (k * W * step) / refill > from) given += step
    return given
  })

const idle =
  (W: number): Definition =>
  (counted, now, cost, limit) => {
    const last = counted.at(-1)
    if (last === undefined || now >= last.at + W) return cost <= limit
    let first = counted.length - 1
    for (let previous = counted[first - 1]; previous !== undefined; previous = counted[--first - 1]) {
      if ((counted[first]?.at ?? 0) >= previous.at + W) break
    }
    return sum(counted.slice(first), () => true) + cost <= limit
  }

const atOnce: Definition = (counted, now, cost, limit) => sum(counted, (entry) => entry.until > now) + cost <= limit

/** Plays random schedules; at each step the verdict, what remains and the instant to come back must follow the definition. */
const agrees = (
  title: string,
  draw: (pick: (from: number, to: number) => number) => readonly [Quota.Quota, Counter.Options, Definition]
) =>
  it(title, () => {
    let refusals = 0
    for (let schedule = 0; schedule < 250; schedule++) {
      const seeded = Seeded.make(schedule, title)
      const pick = (from: number, to: number) => from + (seeded.nextInt() % (to - from + 1))
      const [quota, options, definition] = draw(pick)
      const counter = Counter.make(quota, options)
      const counted: Array<Counted> = []
      let now = pick(100, 150)
      for (let request = 0; request < 25; request++, now += pick(0, 5)) {
        const cost = pick(1, Math.min(3, quota.limit))
        const limit = pick(0, 9) === 0 ? pick(1, quota.limit) : quota.limit
        const reading = counter.read(now, cost, limit)
        const told = `schedule ${schedule}, request ${request} at ${now}`
        assert.strictEqual(reading.fits, definition(counted, now, cost, limit), told)
        let room = 0
        while (room < limit && definition(counted, now, room + 1, limit)) room++
        assert.strictEqual(reading.remaining, room, `remaining of ${told}`)
        let retryAt = cost > limit ? Infinity : now
        while (retryAt < Infinity && !definition(counted, retryAt, cost, limit)) retryAt++
        assert.strictEqual(reading.retryAtMillis, retryAt, `retryAt of ${told}`)
        const entry = { at: now, cost, until: now + pick(0, 12) }
        if (!reading.fits) refusals++
        else {
          counter.count(now, cost, entry.until)
          counted.push(entry)
        }
      }
    }
    assert.isAbove(refusals, 500)
  })

describe("Counter follows the definition of", () => {
  agrees("a rolling log, open or closed, on clocks of any tick", (pick) => {
    const [W, tick, closed] = [pick(3, 12), pick(1, 4), pick(0, 1) === 1]
    return [Quota.rolling(pick(1, 4), W), { tickMillis: tick, closed }, rolling(W, tick, closed)]
  })
  agrees("a fixed window at any phase", (pick) => {
    const [W, phaseMillis] = [pick(3, 12), pick(0, 11)]
    return [Quota.fixed(pick(1, 4), W), { phaseMillis }, fixed(W, phaseMillis)]
  })
  agrees("a fixed window aligned to the clock", (pick) => {
    const W = pick(3, 12)
    return [Quota.fixed(pick(1, 4), W, { phase: "clock" }), { phaseMillis: 1 }, fixed(W, 0)]
  })
  agrees("a fixed window started by the first request", (pick) => {
    const W = pick(3, 12)
    return [Quota.fixed(pick(1, 4), W), { start: "firstRequest" }, fixedByFirst(W)]
  })
  agrees("a sliding counter at any phase", (pick) => {
    const [W, phaseMillis] = [pick(3, 12), pick(0, 11)]
    return [Quota.slidingCounter(pick(1, 5), W), { phaseMillis }, sliding(W, phaseMillis)]
  })
  agrees("a token bucket of any rate", (pick) => {
    const [W, refill] = [pick(3, 12), pick(1, 5)]
    return [Quota.tokenBucket({ capacity: pick(1, 5), refill, every: W }), {}, continuous(W, refill)]
  })
  agrees("a stepped token bucket", (pick) => {
    const [W, refill, step, phase] = [pick(6, 20), pick(1, 5), pick(2, 3), pick(0, 5)]
    const quota = Quota.tokenBucket({ capacity: pick(3, 5), refill, every: W, step })
    return [quota, { phaseMillis: phase }, stepped(W, refill, step, phase)]
  })
  agrees("an idle reset", (pick) => {
    const W = pick(3, 7)
    return [Quota.idleReset(pick(1, 4), W), {}, idle(W)]
  })
  agrees("concurrency", (pick) => [Quota.concurrency(pick(1, 4)), {}, atOnce])
})
