/** Libraries that limit functions which return promises: what they have in common here. */
import { Effect } from "effect"
import type { HttpClient } from "effect/http"
import * as Attempt from "../Attempt.ts"
import { CallFailed, type Peer, type Perform, type Setup } from "../Peer.ts"
import type { Limit } from "../Policy.ts"

/** Starts the task when its turn has come. */
export type Schedule = <A>(task: () => Promise<A>) => Promise<A>

/** A peer that repeats what was refused after `Retry-After`, through its limiter again. */
export const peer = (
  options: Omit<Peer, "make"> & { readonly schedule: (limits: ReadonlyArray<Limit>) => Schedule }
) => {
  const { schedule: make, ...rest } = options
  return {
    ...rest,
    make: (setup: Setup) =>
      Effect.map(sender(setup), (send): Perform => {
        const schedule = make(setup.limits)
        return Attempt.retrying((call) =>
          Effect.tryPromise({ try: () => schedule(() => send(call)), catch: callFailed })
        )
      })
  } satisfies Peer
}

/** Sends a call as a promise. */
export const sender = (setup: Setup) =>
  Effect.map(Effect.context<HttpClient.HttpClient>(), (context) => {
    const run = Effect.runPromiseWith(context)
    return (call: Parameters<Perform>[0]) => run(Attempt.send(setup, call))
  })

/** One limiter inside the other, the longest window outermost, so that the order of calls is the same in each. */
export const nested =
  (schedules: ReadonlyArray<Schedule>): Schedule =>
  <A>(task: () => Promise<A>) =>
    schedules.reduceRight<() => Promise<A>>((inner, schedule) => () => schedule(inner), task)()

export const callFailed = (error: unknown): CallFailed =>
  error instanceof CallFailed ? error : new CallFailed({ message: String(error) })
