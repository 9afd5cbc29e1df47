/** What so many callers cost who wait at the same time: to let them wait, to let them through, and to send them away. */
import * as Claim from "@sluice/core/Claim"
import * as Quota from "@sluice/core/Quota"
import * as SluiceLimiter from "@sluice/core/RateLimiter"
import Bottleneck from "bottleneck"
import { Effect, type Fiber, Layer, ManagedRuntime } from "effect"
import { RateLimiter as EffectLimiter } from "effect/persistence"
import { RateLimiter } from "limiter"
import PQueue from "p-queue"
import pThrottle from "p-throttle"
import * as Meter from "./Meter.ts"

/** A limiter through which nobody goes until its window is over, and then everybody at once. */
interface Crowd<Handle> {
  /** One more caller waits; `ended` is called once it went or was sent away. */
  readonly join: (ended: () => void) => Handle
  readonly cancel?: (handles: ReadonlyArray<Handle>) => void
}

export interface Subject {
  readonly id: string
  readonly title: string
  readonly measure: (callers: number) => Promise<Figures>
}

/** Nanoseconds and bytes a caller; timers in all. What cannot be done, or not in time, is left out. */
interface Drain {
  readonly enqueueNanos: number
  readonly bytes: number
  readonly timers: number
  readonly drainNanos: number | undefined
}
export type Figures = Readonly<Record<string, ReadonlyArray<number>>>

const rounds = { warmUp: 10, measured: 3 }

/** Long enough for everybody to take their place; a multiple of what bottleneck's timer can tell apart. */
const windowOf = (callers: number): number => (callers <= 1000 ? 250 : callers <= 10_000 ? 1500 : 8000)

type Make<Handle> = (callers: number, windowMillis: number) => Promise<Crowd<Handle>>

const subject = <Handle>(id: string, title: string, make: Make<Handle>): Subject => ({
  id,
  title,
  measure: async (callers) => {
    // Code is compiled, which is not the subject.
    for (let i = 0; i < (callers <= 1000 ? 1 : rounds.warmUp); i++) {
      await drained(make, 1000)
      await cancelled(make, 1000)
    }
    const drains: Array<Drain> = []
    const cancels: Array<number | undefined> = []
    for (let i = 0; i < (callers <= 10_000 ? rounds.measured : 1); i++) {
      drains.push(await drained(make, callers))
      cancels.push(await cancelled(make, callers))
    }
    const each = (name: keyof Drain) => drains.map((drain) => drain[name])
    const figures = {
      enqueueNanos: each("enqueueNanos"),
      bytes: each("bytes"),
      timers: each("timers"),
      drainNanos: each("drainNanos"),
      cancelNanos: cancels
    }
    return Object.fromEntries(
      Object.entries(figures).filter(([, numbers]) => numbers.every((number) => number !== undefined))
    ) as Figures
  }
})

const gathered = async <Handle>(make: Make<Handle>, callers: number) => {
  const crowd = await make(callers, windowOf(callers))
  const handles = Array.from<Handle | undefined>({ length: callers })
  let ended = 0
  let allEnded = () => {}
  const all = new Promise<void>((resolve) => (allEnded = resolve))
  const onEnd = () => {
    if (++ended === callers) allEnded()
  }
  await Meter.settle()
  Meter.collect()
  const before = process.memoryUsage().heapUsed
  const nanos = await Meter.nanos(() => {
    for (let i = 0; i < callers; i++) handles[i] = crowd.join(onEnd)
    return Meter.settle()
  })
  Meter.collect()
  return {
    crowd,
    handles: handles as Array<Handle>,
    all,
    enqueueNanos: nanos / callers,
    bytes: (process.memoryUsage().heapUsed - before) / callers,
    timers: process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length,
    isComplete: () => ended === 0
  }
}

const drained = async <Handle>(make: Make<Handle>, callers: number): Promise<Drain> => {
  const { all, bytes, enqueueNanos, isComplete, timers } = await gathered(make, callers)
  const figures = { enqueueNanos, bytes, timers }
  // Who was still taking a place when the window was over was let through at another price.
  const isWhole = isComplete()
  const nanos = await Meter.nanos(() => all)
  return { ...figures, drainNanos: isWhole ? nanos / callers : undefined }
}

const cancelled = async <Handle>(make: Make<Handle>, callers: number): Promise<number | undefined> => {
  const { all, crowd, handles, isComplete } = await gathered(make, callers)
  const { cancel } = crowd
  if (cancel === undefined || !isComplete()) {
    await all
    return undefined
  }
  const nanos = await Meter.nanos(() => {
    cancel(handles)
    return all
  })
  return nanos / callers
}

type Handle = Fiber.Fiber<unknown, unknown>

const fibers = (run: () => Handle): Crowd<Handle> => ({
  join: (ended) => {
    const fiber = run()
    fiber.addObserver(ended)
    return fiber
  },
  cancel: (handles) => {
    for (const fiber of handles) fiber.interruptUnsafe()
  }
})

/** A fiber that goes away leaves its promise where it was. */
const inFibers = (run: () => Handle): Crowd<Handle> => ({ join: fibers(run).join })

const nothing = () => {}
const nothingLater = async () => {}
const effectLayer = EffectLimiter.layer.pipe(Layer.provide(EffectLimiter.layerStoreMemory))

export const subjects: ReadonlyArray<Subject> = [
  subject("sluice", "Sluice withPermit", async (callers, windowMillis) => {
    const runtime = ManagedRuntime.make(SluiceLimiter.layer)
    const quota = Quota.rolling(callers, windowMillis)
    const context = await runtime.context()
    const all = Claim.make({ needs: [Claim.need(quota, { cost: callers })] })
    await runtime.runPromise(SluiceLimiter.withPermit(Effect.void, all))
    const call = Effect.orDie(SluiceLimiter.withPermit(Effect.void, Claim.of(quota)))
    const run = Effect.runForkWith(context)
    return fibers(() => run(call))
  }),
  subject("effect", "Effect RateLimiter", async (callers, windowMillis) => {
    const runtime = ManagedRuntime.make(effectLayer)
    const options = { limit: callers, window: windowMillis, key: "key", onExceeded: "delay" } as const
    const withLimiter = await runtime.runPromise(EffectLimiter.makeWithRateLimiter)
    await runtime.runPromise(withLimiter({ ...options, tokens: callers })(Effect.void))
    const call = Effect.orDie(withLimiter(options)(Effect.void))
    return fibers(() => Effect.runFork(call))
  }),
  ...[false, true].map((strict) =>
    subject(
      strict ? "p-throttle-strict" : "p-throttle",
      strict ? "p-throttle strict" : "p-throttle",
      async (limit, interval): Promise<Crowd<void>> => {
        const controller = new AbortController()
        const throttled = pThrottle({ limit, interval, strict, signal: controller.signal })(nothingLater)
        for (let i = 0; i < limit; i++) await throttled()
        return {
          join: (ended) => void throttled().then(ended, ended),
          // Its one signal is everybody's.
          cancel: () => controller.abort()
        }
      }
    )
  ),
  subject("p-throttle-fiber", "p-throttle, from a fiber", async (limit, interval) => {
    const throttled = pThrottle({ limit, interval })(nothingLater)
    for (let i = 0; i < limit; i++) await throttled()
    const call = Effect.promise(throttled)
    return inFibers(() => Effect.runFork(call))
  }),
  subject("limiter-fiber", "limiter, from a fiber", async (tokensPerInterval, interval) => {
    const limiter = new RateLimiter({ tokensPerInterval, interval })
    await limiter.removeTokens(tokensPerInterval)
    const call = Effect.promise(() => limiter.removeTokens(1))
    return inFibers(() => Effect.runFork(call))
  }),
  subject("limiter", "limiter", async (tokensPerInterval, interval): Promise<Crowd<void>> => {
    const limiter = new RateLimiter({ tokensPerInterval, interval })
    await limiter.removeTokens(tokensPerInterval)
    return { join: (ended) => void limiter.removeTokens(1).then(ended, ended) }
  }),
  subject("p-queue", "p-queue strict", async (intervalCap, interval) => {
    const queue = new PQueue({ intervalCap, interval, strict: true })
    for (let i = 0; i < intervalCap; i++) void queue.add(nothing)
    await queue.onIdle()
    return {
      join: (ended) => {
        const controller = new AbortController()
        queue.add(nothing, { signal: controller.signal }).then(ended, ended)
        return controller
      },
      cancel: (controllers: ReadonlyArray<AbortController>) => {
        for (const controller of controllers) controller.abort()
      }
    }
  }),
  subject("bottleneck", "bottleneck reservoir", async (limit, interval): Promise<Crowd<void>> => {
    const limiter = new Bottleneck({
      reservoir: 0,
      reservoirRefreshAmount: limit,
      reservoirRefreshInterval: interval
    })
    await limiter.ready()
    return { join: (ended) => void limiter.schedule(nothingLater).then(ended, ended) }
  })
]
