/** Orders without a Redis, for one process in virtual time. */
import { Effect, Layer, Option } from "effect"
import { Orders } from "../src/Orders.ts"

export const layer = Layer.sync(Orders, () => {
  const left: Array<string> = []
  const hands = new Map<string, string>()
  const done = new Map<string, string>()
  return {
    offer: (orders) => Effect.sync(() => void left.push(...orders)),
    take: (worker) =>
      Effect.sync(() => {
        const order = left.shift()
        if (order !== undefined) hands.set(order, worker)
        return Option.fromUndefinedOr(order)
      }),
    finish: (worker, order) =>
      Effect.sync(() => {
        done.set(order, worker)
        hands.delete(order)
      }),
    giveBack: (worker) =>
      Effect.sync(() => {
        const held = [...hands].flatMap(([order, holder]) => (holder === worker ? [order] : []))
        for (const order of held) hands.delete(order)
        left.unshift(...held)
        return held.length
      }),
    done: Effect.sync(() => [...done.values()]),
    forget: Effect.void
  }
})
