/** Orders in Redis: a list of what is left, a list of what each worker has in hand, and who has done which. */
import { Context, Effect, Layer, Option } from "effect"
import { Redis } from "effect/persistence"

export class Orders extends Context.Service<
  Orders,
  {
    readonly offer: (orders: ReadonlyArray<string>) => Effect.Effect<void, Redis.RedisError>
    /** One of those that are left, which is in the worker's hands from then on. */
    readonly take: (worker: string) => Effect.Effect<Option.Option<string>, Redis.RedisError>
    readonly finish: (worker: string, order: string) => Effect.Effect<void, Redis.RedisError>
    /** The worker is no more: what it had in hand is left again. Gives how many that were. */
    readonly giveBack: (worker: string) => Effect.Effect<number, Redis.RedisError>
    /** The worker of each order that is done. */
    readonly done: Effect.Effect<ReadonlyArray<string>, Redis.RedisError>
    readonly forget: Effect.Effect<void, Redis.RedisError>
  }
>()("worker-fleet/Orders") {}

// #region orders
/** The orders of one fleet, by its name. */
export const layer = (fleet: string) =>
  Layer.effect(
    Orders,
    Effect.gen(function* () {
      const { send } = yield* Redis.Redis
      const [left, done] = [`${fleet}:orders`, `${fleet}:done`]
      const handOf = (worker: string) => `${fleet}:hand:${worker}`
      const giveBack = (worker: string): Effect.Effect<number, Redis.RedisError> =>
        Effect.flatMap(send("LMOVE", handOf(worker), left, "RIGHT", "LEFT"), (order) =>
          order === null ? Effect.succeed(0) : Effect.map(giveBack(worker), (others) => others + 1)
        )
      return {
        offer: (orders) => Effect.asVoid(send("RPUSH", left, ...orders)),
        take: (worker) =>
          Effect.map(send<string | null>("LMOVE", left, handOf(worker), "LEFT", "RIGHT"), Option.fromNullishOr),
        // In this order: whoever dies in between leaves an order that is done twice, and none that is lost.
        finish: (worker, order) =>
          Effect.andThen(send("HSET", done, order, worker), Effect.asVoid(send("LREM", handOf(worker), "1", order))),
        giveBack,
        done: send<ReadonlyArray<string>>("HVALS", done),
        forget: Effect.asVoid(send("DEL", left, done))
      }
    })
  )
// #endregion
