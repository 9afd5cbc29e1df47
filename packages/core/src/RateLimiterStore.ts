/**
 * Where a limiter keeps its books: a few atomic operations that run `Admission`'s arithmetic, or its twin elsewhere.
 *
 * Every operation answers at once. A store that has to ask another process answers "not yet" and wakes the limiter when
 * it knows more, so that one limiter and one contract suite serve all stores.
 */
import { Context, Layer } from "effect"
import { Admission, type Options } from "./Admission.ts"

export class RateLimiterStore extends Context.Service<
  RateLimiterStore,
  Pick<
    Admission,
    "permit" | "admit" | "settle" | "release" | "discard" | "estimate" | "reserve" | "unreserve" | "evict" | "books"
  > & {
    /** Registers what is to be called when the store learned something that this process did not tell it. */
    readonly onWake: (wake: () => void) => void
  }
>()("@sluice/core/RateLimiterStore") {}

/** The books in this process's memory. */
export const layerMemory = (options?: Options): Layer.Layer<RateLimiterStore> =>
  Layer.sync(RateLimiterStore, () => Object.assign(new Admission(options), { onWake: () => {} }))
