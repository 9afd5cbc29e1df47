/**
 * Tickets in Redis (or Valkey), for several machines. The driver is the program's: `NodeRedis.layer` of
 * `@effect/platform-node`, for one.
 *
 * Every operation is one script, and none lasts longer because more tickets wait. Keys begin with a prefix and a hash tag,
 * so that on a cluster they are all on one node.
 *
 * What Redis has acknowledged is as safe as it is set up to be. `appendonly yes` with `appendfsync always` keeps what an outbox
 * promises: with `everysec`, a crash of the machine loses up to a second of calls that were acknowledged, and sends
 * again what was sent in it; without `appendonly`, each restart loses much more. `maxmemory-policy` has to be `noeviction`.
 * A replica that takes over may not have seen the last calls.
 *
 * @example
 * ```ts
 * import { NodeRedis } from "@effect/platform-node"
 * import * as OutboxStoreRedis from "@sluice/outbox/OutboxStoreRedis"
 * import { Layer } from "effect"
 *
 * const StoreLive = OutboxStoreRedis.layer().pipe(Layer.provide(NodeRedis.layer({ url: "redis://127.0.0.1:6379" })))
 * ```
 */
import { Layer } from "effect"
import { Redis } from "effect/persistence"
import { OutboxStore } from "./OutboxStore.ts"
import { looking } from "./redis/Looking.ts"
import { storing } from "./redis/Storing.ts"
import { working } from "./redis/Working.ts"

export interface Options {
  /** What every key begins with; default `"sluice"`. Outboxes of different prefixes know nothing of each other. */
  readonly prefix?: string | undefined
}

/** A store over the Redis of the context. */
export const layer = ({ prefix = "sluice" }: Options = {}): Layer.Layer<OutboxStore, never, Redis.Redis> =>
  Layer.effect(
    OutboxStore,
    Redis.Redis.useSync((redis) => {
      const base = `${prefix}:{outbox}`
      return { ...storing(redis, base), ...working(redis, base), ...looking(redis, base) }
    })
  )
