/** What an acquisition costs while the limit does not bind: everybody does nothing, a million times a second at most. */
import { Admission } from "@sluice/core/Admission"
import * as Claim from "@sluice/core/Claim"
import * as Quota from "@sluice/core/Quota"
import * as SluiceLimiter from "@sluice/core/RateLimiter"
import * as Signal from "@sluice/core/Signal"
import Bottleneck from "bottleneck"
import { Effect, Layer, ManagedRuntime } from "effect"
import { RateLimiter as EffectLimiter } from "effect/persistence"
import { RateLimiter, TokenBucket } from "limiter"
import PQueue from "p-queue"
import pThrottle from "p-throttle"
import * as Meter from "./Meter.ts"

/** Does so many calls, one after the other. */
type Work = (calls: number) => Promise<void>

export interface Subject {
  readonly id: string
  readonly title: string
  readonly make: () => Promise<Work> | Work
  /** How many calls a round has, where each takes a turn of the clock. */
  readonly callsPerRound?: number
}

export interface Figures {
  readonly nanos: ReadonlyArray<number>
  readonly bytes: ReadonlyArray<number>
}

/** Fewer than anybody's limit for an hour, all rounds together. */
const rounds = { warmUp: 8, timed: 15, weighed: 11 }
const callsPerRound = 20_000
/** Few enough for the young generation to hold all that they allocate. */
const callsPerWeighing = 2000

export const measure = async (subject: Subject, isQuick: boolean): Promise<Figures> => {
  const work = await subject.make()
  const calls = isQuick ? 200 : (subject.callsPerRound ?? callsPerRound)
  for (let i = 0; i < rounds.warmUp; i++) await work(calls)
  const nanos: Array<number> = []
  const bytes: Array<number> = []
  for (let i = 0; i < (isQuick ? 1 : rounds.timed); i++) nanos.push((await Meter.nanos(() => work(calls))) / calls)
  for (let i = 0; i < (isQuick ? 1 : rounds.weighed); i++) {
    const few = Math.min(calls, callsPerWeighing)
    bytes.push((await Meter.bytes(() => work(few))) / few)
  }
  return { nanos, bytes }
}

const limit = 1_000_000
const [second, minute, hour] = [1000, 60_000, 3_600_000] as const

const nothingLater = async () => {}

/** One fiber that calls again and again; each call makes its effect anew, as programs do. */
const looped =
  <R, E>(layer: Layer.Layer<R, E>, call: Effect.Effect<() => Effect.Effect<unknown, unknown, R>, never, R>) =>
  async (): Promise<Work> => {
    const runtime = ManagedRuntime.make(layer)
    const each = await runtime.runPromise(call)
    return (calls) =>
      runtime.runPromise(
        Effect.gen(function* () {
          for (let i = 0; i < calls; i++) yield* each()
        }).pipe(Effect.orDie)
      )
  }

const promised = (call: () => unknown): Work => {
  return async (calls) => {
    for (let i = 0; i < calls; i++) await call()
  }
}

const sluice = (...windows: ReadonlyArray<number>) => {
  const claim = Claim.of(...windows.map((window) => Quota.rolling(limit, window)))
  return looped(
    SluiceLimiter.layer,
    Effect.succeed(() => SluiceLimiter.withPermit(Effect.void, claim))
  )
}

/** The arithmetic without any effect: admitted and settled at once, a thousand in each millisecond. */
const admission = (...windows: ReadonlyArray<number>) => {
  const claim = Claim.of(...windows.map((window) => Quota.rolling(limit, window)))
  const admission = new Admission()
  let asked = 0
  return async (calls: number) => {
    for (let i = 0; i < calls; i++) {
      const now = ++asked >> 10
      const permit = admission.permit(claim)
      if (admission.admit(permit, now)._tag !== "Admitted") throw new Error("the limit does not bind")
      admission.settle(permit, "answered", now, Signal.none)
      admission.release(permit, now, "read")
    }
  }
}

const effectLayer = EffectLimiter.layer.pipe(Layer.provide(EffectLimiter.layerStoreMemory))
const effectOptions = { limit, window: second, key: "key", algorithm: "fixed-window", onExceeded: "delay" } as const

export const subjects: ReadonlyArray<Subject> = [
  { id: "sluice", title: "Sluice withPermit, one quota", make: sluice(second) },
  { id: "sluice-3", title: "Sluice withPermit, three quotas", make: sluice(second, minute, hour) },
  { id: "admission", title: "Sluice Admission alone, one quota", make: () => admission(second) },
  { id: "admission-3", title: "Sluice Admission alone, three quotas", make: () => admission(second, minute, hour) },
  {
    id: "bracket",
    title: "acquireUseRelease of nothing",
    make: looped(
      Layer.empty,
      Effect.succeed(() =>
        Effect.acquireUseRelease(
          Effect.void,
          () => Effect.void,
          () => Effect.void
        )
      )
    )
  },
  {
    id: "effect-consume",
    title: "Effect RateLimiter.consume",
    make: looped(
      effectLayer,
      Effect.map(EffectLimiter.RateLimiter, (limiter) => () => limiter.consume(effectOptions))
    )
  },
  {
    id: "effect",
    title: "Effect makeWithRateLimiter",
    make: looped(
      effectLayer,
      Effect.map(EffectLimiter.makeWithRateLimiter, (withLimiter) => () => withLimiter(effectOptions)(Effect.void))
    )
  },
  {
    id: "p-throttle",
    title: "p-throttle, its fixed windows",
    make: () => promised(pThrottle({ limit, interval: second })(nothingLater))
  },
  {
    id: "p-throttle-fiber",
    title: "p-throttle, from a fiber",
    make: looped(
      Layer.empty,
      Effect.sync(() => {
        const throttled = pThrottle({ limit, interval: second })(nothingLater)
        return () => Effect.promise(throttled)
      })
    )
  },
  {
    id: "p-throttle-strict",
    title: "p-throttle strict",
    make: () => promised(pThrottle({ limit, interval: second, strict: true })(nothingLater))
  },
  {
    id: "limiter",
    title: "limiter",
    make: () => {
      const limiter = new RateLimiter({ tokensPerInterval: limit, interval: second })
      return promised(() => limiter.removeTokens(1))
    }
  },
  {
    id: "limiter-fiber",
    title: "limiter, from a fiber",
    make: looped(
      Layer.empty,
      Effect.sync(() => {
        const limiter = new RateLimiter({ tokensPerInterval: limit, interval: second })
        return () => Effect.promise(() => limiter.removeTokens(1))
      })
    )
  },
  {
    id: "limiter-3",
    title: "limiter, three buckets",
    make: () => {
      const bucket = (interval: number, parentBucket?: TokenBucket) => {
        const made = new TokenBucket({
          bucketSize: limit,
          tokensPerInterval: limit,
          interval,
          ...(parentBucket && { parentBucket })
        })
        made.content = limit
        return made
      }
      const tokens = bucket(second, bucket(minute, bucket(hour)))
      return promised(() => tokens.removeTokens(1))
    }
  },
  {
    id: "p-queue",
    title: "p-queue, its fixed windows",
    make: () => {
      const queue = new PQueue({ intervalCap: limit, interval: second })
      return promised(() => queue.add(nothingLater))
    }
  },
  {
    id: "p-queue-strict",
    title: "p-queue strict",
    make: () => {
      const queue = new PQueue({ intervalCap: limit, interval: second, strict: true })
      return promised(() => queue.add(nothingLater))
    }
  },
  {
    id: "bottleneck",
    title: "bottleneck reservoir",
    callsPerRound: 100,
    make: () => {
      const limiter = new Bottleneck({
        reservoir: limit,
        reservoirRefreshAmount: limit,
        reservoirRefreshInterval: second
      })
      return promised(() => limiter.schedule(nothingLater))
    }
  }
]
