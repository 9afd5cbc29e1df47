/**
 * Where a limiter keeps its books: a few atomic operations that run `Admission`'s arithmetic, or its twin elsewhere.
 *
 * Every operation answers at once. A store that has to ask another process answers "not yet" and wakes the limiter when
 * it knows more, so that one limiter and one contract suite serve all stores.
 */
import { Context, type Effect, Layer } from "effect"
import { Admission, type Options, type Permit } from "./Admission.ts"
import type { Book } from "./admission/Book.ts"
import type { Waiting } from "./admission/Lane.ts"

/** Whoever keeps the quotas does not answer, or not for this claim. */
export interface Away {
  readonly _tag: "Away"
  readonly description: string
  readonly cause: unknown
}

export class RateLimiterStore extends Context.Service<
  RateLimiterStore,
  Pick<
    Admission,
    | "permit"
    | "admit"
    | "settle"
    | "release"
    | "discard"
    | "estimate"
    | "reserve"
    | "unreserve"
    | "reservedBefore"
    | "evict"
    | "books"
  > & {
    /** Whether another process is being asked for this permit, so that nobody can know yet whether it has to wait. */
    readonly isAsking: (permit: Permit, nowMillis: number) => boolean
    /** Why nobody is to wait any longer, where whoever keeps the quotas has not answered for too long. */
    readonly away: (permit: Permit, nowMillis: number) => Away | undefined
    /** How many leases are held of whoever keeps the quotas; none where slots are not granted ahead. */
    readonly leases?: () => number
    /** Registers what is to be called when the store knows more of these books than it could say when it was asked. */
    readonly onWake: (wake: (books: ReadonlyArray<Book>) => void) => void
    /** How all stands that share this store, where several processes do: for those who look, not for those who wait. */
    readonly survey?: {
      /** Lets the books show how they stand now, and adds who waits in other processes to who does here. Once a second at most. */
      readonly look: Effect.Effect<(counter: string, here: ReadonlyArray<Waiting>) => ReadonlyArray<Waiting>>
      /** Registers what is to be told of this process when another one looks: who waits for a book. */
      readonly tells: (waitingFor: (book: Book) => ReadonlyArray<Waiting>) => void
    }
  }
>()("@sluice/core/RateLimiterStore") {}

/** The books in this process's memory. */
export const layerMemory = (options?: Options): Layer.Layer<RateLimiterStore> =>
  Layer.sync(RateLimiterStore, () =>
    Object.assign(new Admission(options), { onWake: () => {}, isAsking: () => false, away: () => undefined })
  )
