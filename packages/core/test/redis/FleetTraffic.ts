/** Callers that keep a fleet's quota busy, the exact servers that judge them, and what can be said of it afterwards. */
import { type Claim, RateLimiter } from "@sluice/core"
import { Counter, type NeverExceeds } from "@sluice/simulator"
import { Clock, Context, Effect, Layer, type Scope } from "effect"
import { randomOf } from "./History.ts"
import type { Fleet } from "./VirtualFleet.ts"

type Limiter = RateLimiter.RateLimiter["Service"]

/** A request that was let go: when its caller came, when it went, and when its server counted it. */
export interface Sent {
  readonly worker: number
  readonly since: number
  readonly at: number
}

export interface Traffic {
  /** In the order of their admission. */
  readonly sent: Array<Sent>
  readonly counted: Array<NeverExceeds.CountedPoint & { readonly atMillis: number }>
  /** What the exact servers would not have taken. */
  refused: number
}

export interface Load {
  readonly claim: Claim.Claim
  /** How many call at each worker, one request after the other. */
  readonly callers: number
  readonly untilMillis: number
  /** How long each way takes, and as long as the longer of them the server's work. */
  readonly wayMillis?: readonly [number, number]
  /** How long a caller waits before it calls again. */
  readonly restMillis?: number
  readonly seed?: number
}

/** A limiter in this process's memory, on the fleet's clock. */
export const local = (fleet: Fleet): Effect.Effect<Limiter, never, Scope.Scope> =>
  Effect.map(Layer.build(Layer.fresh(RateLimiter.layer)), (context) =>
    Context.get(context, RateLimiter.RateLimiter)
  ).pipe(Effect.provideService(Clock.Clock, fleet.clock))

/** A call that waits for a slot at one of the workers. */
export const callAt =
  (limiter: Limiter, claim: Claim.Claim) =>
  <A, E>(self: Effect.Effect<A, E>) =>
    self.pipe(RateLimiter.withPermit(claim), Effect.provideService(RateLimiter.RateLimiter, limiter))

/** A server that counts by the definition of each quota of the claim, and notes what it would not have taken. */
export const serverOf = (fleet: Fleet, claim: Claim.Claim) => {
  const traffic: Traffic = { sent: [], counted: [], refused: 0 }
  const counters = claim.needs.map(({ cost, quota }) => ({ cost, counter: Counter.make(quota) }))
  /** Its way is `there`, `work` and `back`. */
  const request = (worker: number, since: number, there: number, work: number, back: number) =>
    Effect.suspend(() => {
      traffic.sent.push({ worker, since, at: fleet.now() })
      return Effect.sleep(there)
    }).pipe(
      Effect.andThen(() => {
        const now = fleet.now()
        const fits = counters.every(({ cost, counter }) => counter.read(now, cost).fits)
        if (!fits) traffic.refused++
        for (const { cost, counter } of counters) counter.count(now, cost, now + work)
        traffic.counted.push({ atMillis: now, cost: claim.needs[0]?.cost ?? 1 })
        return Effect.sleep(work + back)
      })
    )
  return { traffic, request }
}

/** Keeps all workers busy until an instant. */
export const drive = (fleet: Fleet, limiters: ReadonlyArray<Limiter>, load: Load): Effect.Effect<Traffic> => {
  const { callers, claim, restMillis = 0, seed = 1, untilMillis, wayMillis = [5, 50] } = load
  const random = randomOf(seed)
  const [least, most] = wayMillis
  const way = () => random.between(least, most)
  const { request, traffic } = serverOf(fleet, claim)
  const caller = (limiter: Limiter, worker: number) =>
    Effect.gen(function* () {
      yield* Effect.sleep(random.upTo(10))
      while (fleet.now() < untilMillis) {
        const since = fleet.now()
        yield* callAt(limiter, claim)(request(worker, since, way(), 0, way()))
        if (restMillis > 0) yield* Effect.sleep(random.upTo(2 * restMillis))
      }
    })
  return Effect.forEach(
    limiters,
    (limiter, worker) =>
      Effect.forEach(Array.from({ length: callers }), () => caller(limiter, worker), { concurrency: "unbounded" }),
    { concurrency: "unbounded" }
  ).pipe(
    Effect.timeoutOption(untilMillis - fleet.now()),
    Effect.map(() => traffic),
    Effect.orDie
  )
}

/** How many went before each that had come after it, at most. */
export const mostOvertaken = (sent: ReadonlyArray<Sent>): number => {
  const before: Array<number> = []
  let most = 0
  for (const { since } of sent) {
    let [low, high] = [0, before.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((before[middle] ?? 0) > since) high = middle
      else low = middle + 1
    }
    most = Math.max(most, before.length - low)
    before.splice(low, 0, since)
  }
  return most
}

/** The longest time between two that went one after the other, from `fromMillis` on and up to `untilMillis`. */
export const longestGap = (sent: ReadonlyArray<Sent>, fromMillis: number, untilMillis: number): number => {
  let [last, longest] = [fromMillis, 0]
  for (const { at } of sent) {
    if (at < fromMillis || at > untilMillis) continue
    longest = Math.max(longest, at - last)
    last = at
  }
  return Math.max(longest, untilMillis - last)
}
